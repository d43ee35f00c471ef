"""A thousand true citations and a thousand forged ones, through the command line: none is taken for the other."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from docpager import ingest_folder, open_archive
from docpager.analysis.evidence import letters_and_digits
from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.cli import main
from docpager.lines import line_spans
from docpager.records import Answer, Citation, ExitStatus, VerifyStatus
from docpager.settings import AgentSettings, IngestSettings, RunSettings

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "documents"
COUNT = 1_000
WORDS = [
    "heron",
    "granite",
    "seldom",
    "ferry",
    "eleven",
    "purple",
    "rarely",
    "upstream",
    "cooper",
    "never",
    "tallow",
    "quay",
]


def true_citations(archive, count, chance):
    """Lines of documents, one to three of a segment, cited as an answer would: copied, with their place."""
    texts = {}
    found = []
    documents = [document for document in archive.documents() if document.status in ("indexed", "partial")]
    for document in documents:
        for page in archive.paper_pages(document.doc_id):
            texts[document.doc_id, page.page_number] = page.text
        for segment in archive.segments_of(document.doc_id):
            spans = line_spans(segment.text, segment.kind)
            for first in range(len(spans)):
                for lines in (1, 2, 3):
                    if first + lines <= len(spans):
                        found.append((document, segment, spans[first][0], spans[first + lines - 1][1]))
    found = [place for place in found if len(letters_and_digits(place[1].text[place[2] : place[3]])) >= 20]
    chosen = chance.sample(found, min(count, len(found)))
    return texts, documents, [cited(*place) for place in chosen]


def cited(document, segment, first, last):
    return Citation(
        citation_id="c",
        n=1,
        claim="",
        doc_id=document.doc_id,
        doc_path=document.path,
        doc_title=document.title,
        doc_sha256=document.sha256,
        page_number=segment.page_number,
        page_label=None,
        headings=(),
        segment_id=segment.segment_id,
        char_start=segment.char_start + first,
        char_end=segment.char_start + last,
        quote=segment.text[first:last],
        context_before="",
        context_after="",
        verify_status=VerifyStatus.EXACT,
    )


class Forger:
    """Alters one thing of a citation; None where what comes out happens to be true."""

    def __init__(self, texts, documents, chance):
        self.texts, self.documents, self.chance = texts, documents, chance

    def word(self, citation):
        words = citation.quote.split(" ")
        at = [n for n, word in enumerate(words) if word.isalpha() and len(word) > 3]
        if not at:
            return None
        words[self.chance.choice(at)] = self.chance.choice(WORDS)
        return self.if_false(replace(citation, quote=" ".join(words)))

    def number(self, citation):
        at = [n for n, c in enumerate(citation.quote) if c.isascii() and c.isdigit()]
        if not at:
            return None
        n = self.chance.choice(at)
        digit = self.chance.choice([d for d in "0123456789" if d != citation.quote[n]])
        return self.if_false(replace(citation, quote=citation.quote[:n] + digit + citation.quote[n + 1 :]))

    def page(self, citation):
        numbers = [page for doc, page in self.texts if doc == citation.doc_id and page != citation.page_number]
        numbers.append(max([citation.page_number, *numbers]) + 1)  # a page that is not there
        return self.if_false(replace(citation, page_number=self.chance.choice(numbers)))

    def document(self, citation):
        other = self.chance.choice([d for d in self.documents if d.doc_id != citation.doc_id])
        return self.if_false(replace(citation, doc_id=other.doc_id, doc_path=other.path, doc_sha256=other.sha256))

    def offset(self, citation):
        text = self.texts[citation.doc_id, citation.page_number]
        size = citation.char_end - citation.char_start
        starts = [n for n in range(len(text) - size) if abs(n - citation.char_start) > size]
        if not starts:
            return None
        start = self.chance.choice(starts)
        around = text[max(0, start - size) : start + 2 * size]
        if letters_and_digits(citation.quote) in letters_and_digits(around):
            return None
        return replace(citation, char_start=start, char_end=start + size)

    def if_false(self, citation):
        """The citation, unless its quote does stand on its page, by letters and digits."""
        text = self.texts.get((citation.doc_id, citation.page_number), "")
        return None if letters_and_digits(citation.quote) in letters_and_digits(text) else citation


def forged_citations(true, forger, count):
    ways = [forger.word, forger.number, forger.page, forger.document, forger.offset]
    found = []
    for n in range(20 * count):
        way = ways[n % len(ways)]
        citation = way(true[n // len(ways) % len(true)])
        if citation is not None:
            found.append((way.__name__, citation))
        if len(found) == count:
            break
    return found


def a_run_that_cites(folder, archive, citations):
    """A run of a question a citation, written as every run is."""
    path = folder.with_suffix(".txt")
    path.write_text("".join(f"Question {n}?\n" for n in range(len(citations))))
    question_file = read_question_file(path)

    async def agent(question):
        return Answer(question.question_id, ExitStatus.ANSWERED, answer="x [1]", citations=(citations[question.row],))

    identity = RunIdentity(
        question_file.questions_sha256, AgentSettings(), "p", archive.uri, archive.generation, "none"
    )
    return run_questions(question_file, agent, identity, RunSettings(output=str(folder))).folder


def verify(folder, capsys):
    capsys.readouterr()
    code = main(["verify", str(folder), "--json"])
    *failed, summary = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, failed, summary


def check(uri, folder, capsys, count=COUNT):
    """Verifies true and forged citations of an archive; returns how forged ones were found, by what was done."""
    chance = random.Random(11)
    archive = open_archive(uri)
    texts, documents, true = true_citations(archive, count, chance)
    forged = forged_citations(true, Forger(texts, documents, chance), count)
    assert len(forged) == count
    code, failed, summary = verify(a_run_that_cites(folder / "true", archive, true), capsys)
    assert (code, failed, summary["counts"]) == (0, [], {"exact": len(true)})
    code, failed, summary = verify(a_run_that_cites(folder / "forged", archive, [c for _, c in forged]), capsys)
    assert code == 5
    assert not {"exact", "normalized"} & set(summary["counts"])
    assert len(failed) == count
    rows = {row["question_id"]: row["found"] for row in failed}
    ids = [q.question_id for q in read_question_file(folder / "forged.txt").questions]
    return len(true), Counter((way, rows[qid]) for (way, _), qid in zip(forged, ids, strict=True))


@pytest.mark.slow
def test_no_forged_citation_of_a_thousand_holds_and_no_true_one_fails(tmp_path, capsys):
    uri = str(tmp_path / "sample.lancedb")
    ingest_folder(SAMPLE, IngestSettings(archive=uri))
    true, found = check(uri, tmp_path, capsys)
    assert true == COUNT
    assert {way for way, _ in found} == {"word", "number", "page", "document", "offset"}
    assert {status for way, status in found if way == "offset"} == {"relocated"}
