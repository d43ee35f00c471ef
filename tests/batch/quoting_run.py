"""A run by a small deterministic agent over a few documents, also as a program that tests can kill.

    python quoting_run.py QUESTIONS RUN_FOLDER [SECONDS_A_QUESTION]

The agent searches, quotes the best segment's first line and counts what it did. Words in a question make it fail.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from docpager.archive.in_memory import InMemoryArchive
from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.errors import CredentialsError, ModelError
from docpager.lines import line_spans
from docpager.records import (
    Answer,
    Citation,
    Coverage,
    ExitStatus,
    PagingCounts,
    Question,
    TraceEvent,
    Usage,
    VerifyStatus,
    hex_id,
)
from docpager.settings import AgentSettings, RunSettings

TEXTS = {
    "harbour.txt": [
        "Harbour dues rose to 1.5 million crowns.\n\nThe pier was rebuilt in 2019.",
        "Tolls: 12,400 ships.",
    ],
    "mill.txt": "The mill ground 300 tonnes of rye.\n\nIts owner was Ada Quill.",
    "bridge.txt": "The bridge opened in spring. Harbour dues paid for it.",
}


def new_archive() -> InMemoryArchive:
    return InMemoryArchive.of(TEXTS)


class QuotingAgent:
    """Answers with the first line of the best segment, cited."""

    def __init__(self, archive: InMemoryArchive, seconds: float = 0) -> None:
        self.archive = archive
        self.seconds = seconds
        self.asked: list[str] = []

    async def __call__(self, question: Question) -> Answer:
        self.asked.append(question.question_id)
        await asyncio.sleep(self.seconds)
        match question.question.split()[0]:
            case "crash":
                raise ValueError(f"crashed on {question.question_id}")
            case "mute":
                raise ModelError("The endpoint sent nothing.")
            case "exit":
                sys.exit(4)
            case "hog":
                time.sleep(0.3)
            case "unauthorised":
                raise CredentialsError("The endpoint refused the key.")
        return self._quoted(question)

    def _quoted(self, question: Question) -> Answer:
        hits = self.archive.search(question.question, limit=3)
        events = [TraceEvent(1, "Search", tuple(h.segment.segment_id for h in hits), arguments={"query": "…"})]
        frame = {
            "question_id": question.question_id,
            "paging": PagingCounts(steps=2, searches=1, page_ins=len(hits[:1]), capacity_tokens=4800),
            "usage": Usage(prompt_tokens=100, completion_tokens=7),
            "transcript": ({"role": "user", "content": question.question},),
            "started_at": datetime(2026, 1, 1, tzinfo=UTC),
            "finished_at": datetime(2026, 1, 1, tzinfo=UTC),
            "latency_seconds": 0.0,
        }
        if not hits:
            return Answer(
                exit_status=ExitStatus.ABSTAINED, abstain_reason="Nothing found.", events=tuple(events), **frame
            )
        segment, document = hits[0].segment, hits[0].document
        start, end = line_spans(segment.text, segment.kind)[0]
        citation = Citation(
            citation_id=hex_id(question.question_id, 1),
            n=1,
            claim="It is so.",
            doc_id=document.doc_id,
            doc_path=document.path,
            doc_title=document.title,
            doc_sha256=document.sha256,
            page_number=segment.page_number,
            page_label=None,
            headings=segment.headings,
            segment_id=segment.segment_id,
            char_start=segment.char_start + start,
            char_end=segment.char_start + end,
            quote=segment.text[start:end],
            context_before="",
            context_after=segment.text[end : end + 40],
            verify_status=VerifyStatus.EXACT,
            match_score=1.0,
            page_in_step=1,
            retrieval_rank=1,
            retrieval_score=hits[0].score,
        )
        events.append(TraceEvent(1, "PageIn", (segment.segment_id,), (segment.token_count,), tokens_before=0))
        return Answer(
            exit_status=ExitStatus.ANSWERED,
            answer=f"{segment.text[start:end]} [1]",
            citations=(citation,),
            coverage=Coverage((segment.segment_id,), (segment.segment_id,), 0, "answered"),
            events=tuple(events),
            **frame,
        )


def identity_of(question_file, archive: InMemoryArchive, **settings: object) -> RunIdentity:
    agent_settings = AgentSettings(**{"model": "quoting", **settings})
    return RunIdentity(
        question_file.questions_sha256, agent_settings, "prompts-1", archive.uri, archive.generation, "none"
    )


def main() -> int:
    questions, folder, seconds = sys.argv[1], sys.argv[2], float((*sys.argv[3:], "0")[0])
    archive, question_file = new_archive(), read_question_file(questions)
    settings = RunSettings(output=None if folder == "-" else folder, concurrency=2)
    agent = QuotingAgent(archive, seconds)
    outputs = Path(questions).parent / "outputs"
    report = run_questions(question_file, agent, identity_of(question_file, archive), settings, outputs=outputs)
    print(report.folder, report.asked, report.exit_code)
    return report.exit_code


if __name__ == "__main__":
    from docpager.errors import DocpagerError

    try:
        sys.exit(main())
    except DocpagerError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
