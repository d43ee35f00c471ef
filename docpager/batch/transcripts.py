"""Exact messages and replies, kept as one JSON file a question."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from docpager.batch.disk import telling_what_cannot_be_written, write_whole
from docpager.batch.run_folder import TRANSCRIPTS_NAME
from docpager.errors import UsageError
from docpager.records import FAILED_EXIT_STATUSES, Answer, ExitStatus, hex_id

CHOICES = ("failed", "all", "none")
_FAILED = FAILED_EXIT_STATUSES | {ExitStatus.UNVERIFIED}
_LONGEST_NAME = 80


class Transcripts:
    """The ``transcripts`` folder of a run; ``keep`` is failed, all or none."""

    def __init__(self, run_folder: Path, keep: str) -> None:
        if keep not in CHOICES:
            raise UsageError(f"--keep-transcripts {keep} is none of {', '.join(CHOICES)}.")
        self._folder = run_folder / TRANSCRIPTS_NAME
        self._keep = keep

    def keep(self, answer: Answer, doc_id: str | None = None) -> None:
        """Writes the transcript of an answer that is to be kept; raises ``TemporaryError`` where that fails."""
        wanted = self._keep == "all" or (self._keep == "failed" and answer.exit_status in _FAILED)
        path = self._folder / file_name(answer.question_id, doc_id)
        if not wanted or not answer.transcript:
            path.unlink(missing_ok=True)  # of an earlier try
            return
        text = json.dumps(list(answer.transcript), indent=1, ensure_ascii=False, default=_plain)
        with telling_what_cannot_be_written(self._folder.parent):
            self._folder.mkdir(exist_ok=True)
            write_whole(path, text.encode("utf-8", "replace"))


def file_name(question_id: str, doc_id: str | None = None) -> str:
    """The transcript's file name: the id itself where it is one, else what is left of it and 8 hex digits.

    Where each document is asked alone, its id follows.
    """
    if doc_id is not None:
        return f"{file_name(question_id).removesuffix('.json')}.{doc_id}.json"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", question_id)[:_LONGEST_NAME].lstrip(".-") or "question"
    return f"{safe}.json" if safe == question_id else f"{safe}-{hex_id(question_id)[:8]}.json"


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)
