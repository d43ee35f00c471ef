"""Questions over large document collections, in a bounded, paged context, with citations that cannot be invented.

Every public name is here and imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docpager.agent.loop import Agent as Agent
    from docpager.archive.in_memory import InMemoryArchive as InMemoryArchive
    from docpager.archive.lance import LanceArchive as LanceArchive
    from docpager.errors import DocpagerError as DocpagerError
    from docpager.models.extractive import ExtractiveModel as ExtractiveModel
    from docpager.models.scripted import ScriptedModel as ScriptedModel
    from docpager.models.scripted import call as call
    from docpager.records import Answer as Answer
    from docpager.records import AnswerType as AnswerType
    from docpager.records import Citation as Citation
    from docpager.records import Document as Document
    from docpager.records import ExitStatus as ExitStatus
    from docpager.records import Question as Question
    from docpager.records import SearchHit as SearchHit
    from docpager.records import Segment as Segment
    from docpager.records import VerifyStatus as VerifyStatus
    from docpager.reviewing import evaluate_run as evaluate_run
    from docpager.reviewing import verify_run as verify_run
    from docpager.reviewing import write_report as write_report
    from docpager.running import run_questions as run_questions
    from docpager.settings import AgentSettings as AgentSettings
    from docpager.settings import ConnectionSettings as ConnectionSettings
    from docpager.settings import IngestSettings as IngestSettings
    from docpager.settings import RunSettings as RunSettings
    from docpager.wiring import ask_question as ask_question
    from docpager.wiring import chat_model as chat_model
    from docpager.wiring import ingest_folder as ingest_folder
    from docpager.wiring import make_agent as make_agent
    from docpager.wiring import open_archive as open_archive
    from docpager.wiring import open_archive_for_writing as open_archive_for_writing

__version__ = "0.1.0"

_HOMES = {
    "Agent": "docpager.agent.loop",
    "AgentSettings": "docpager.settings",
    "Answer": "docpager.records",
    "AnswerType": "docpager.records",
    "Citation": "docpager.records",
    "ConnectionSettings": "docpager.settings",
    "DocpagerError": "docpager.errors",
    "Document": "docpager.records",
    "ExitStatus": "docpager.records",
    "ExtractiveModel": "docpager.models.extractive",
    "InMemoryArchive": "docpager.archive.in_memory",
    "IngestSettings": "docpager.settings",
    "LanceArchive": "docpager.archive.lance",
    "Question": "docpager.records",
    "RunSettings": "docpager.settings",
    "ScriptedModel": "docpager.models.scripted",
    "SearchHit": "docpager.records",
    "Segment": "docpager.records",
    "VerifyStatus": "docpager.records",
    "ask_question": "docpager.wiring",
    "call": "docpager.models.scripted",
    "chat_model": "docpager.wiring",
    "evaluate_run": "docpager.reviewing",
    "ingest_folder": "docpager.wiring",
    "make_agent": "docpager.wiring",
    "open_archive": "docpager.wiring",
    "open_archive_for_writing": "docpager.wiring",
    "run_questions": "docpager.running",
    "verify_run": "docpager.reviewing",
    "write_report": "docpager.reviewing",
}
"""Where each public name lives."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
