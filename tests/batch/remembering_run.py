"""A run whose questions remember, also as a program that ends itself between a question's notes and its row.

python remembering_run.py QUESTIONS RUN_FOLDER QUESTION_TO_DIE_AT
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence

from worlds import FERRIES, WordCounter

from docpager.agent.loop import Agent
from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.run_report import RunReport
from docpager.batch.runner import run_questions
from docpager.models.scripted import ScriptedModel, call
from docpager.records import Answer, ModelReply, ModelRequest, Question
from docpager.settings import AgentSettings, RunSettings

END = [call("abstain", reason="done"), call("abstain", reason="done")]
CAPTAIN = "Jon Dahl commands the Alma since 2024."
MASTER = "Ole Brand is harbour master."


def keeping(text: str, words: str) -> list:
    return [
        call("search", query=words),
        call("page_in", pages=["p1"]),
        call("remember", text=text, addresses=["p1:1"]),
        *END,
    ]


SCRIPTS: dict[str, Sequence] = {
    "Who is the new captain?": keeping(CAPTAIN, "new captain Jon Dahl"),
    "Who is the harbour master?": keeping(MASTER, "harbour master"),
    "Who commands the Alma?": [
        call("recall", query="Who commands the Alma?"),
        call("page_in", pages=["p1:1"]),
        call("answer", statements=[{"text": "Jon Dahl.", "addresses": ["p1:1"]}]),
        *END,
    ],
}


class ScriptByQuestion:
    """Plays the script of the question that its request asks; any number of questions at once."""

    name = "scripted"

    def __init__(self, scripts: dict[str, Sequence] = SCRIPTS) -> None:
        self._models = {question: ScriptedModel(script, restart=True) for question, script in scripts.items()}

    async def complete(self, request: ModelRequest) -> ModelReply:
        asked = next(text for text in self._models if f"Question: {text}" in request.messages[1].content)
        return await self._models[asked].complete(request)


def run(
    questions: object,
    folder: object,
    *,
    share_notes: bool = False,
    concurrency: int = 1,
    meanwhile: Callable[[Answer], None] = lambda answer: None,
    scripts: dict[str, Sequence] = SCRIPTS,
) -> RunReport:
    """Runs a question file; ``meanwhile`` is told of each answer before it has a row."""
    file = read_question_file(str(questions))
    settings = AgentSettings(model="scripted", share_notes=share_notes)
    agent = Agent(FERRIES, ScriptByQuestion(scripts), WordCounter(), settings)
    identity = RunIdentity(file.questions_sha256, settings, "1", FERRIES.uri, FERRIES.generation, "none")

    async def answer(question: Question) -> Answer:
        found = await agent.answer(question)
        meanwhile(found)
        return found

    run_settings = RunSettings(output=str(folder), concurrency=concurrency, keep_transcripts="all")
    return run_questions(file, answer, identity, run_settings, remembering=agent.keep_notes_in)


def main() -> None:
    questions, folder, die_at = sys.argv[1:]

    def die(answer: Answer) -> None:
        if answer.question_id == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    run(questions, folder, meanwhile=die)


if __name__ == "__main__":
    main()
