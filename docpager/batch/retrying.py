"""Rows of a run that are asked again: ``--retry``. A row stands until another takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docpager.batch.journal import Journal, JournalEntry, Key
from docpager.errors import UsageError
from docpager.models.kept_replies import KeptReplies
from docpager.records import ExitStatus

FAILED = "failed"
"""Stands for the two errors that are no question's own fault."""
FAILURES = (ExitStatus.MODEL_ERROR, ExitStatus.INTERNAL_ERROR)
GOES_ON = frozenset({*FAILURES, ExitStatus.TIME_LIMIT})
"""A question that ended so goes on with the replies it had; another is asked anew, or the same would come of it."""


def statuses_to_retry(names: Sequence[str]) -> frozenset[ExitStatus]:
    """The exit statuses that ``--retry`` names; raises ``UsageError`` for what is none."""
    unknown = [name for name in names if name != FAILED and name not in list(ExitStatus)]
    if unknown:
        known = ", ".join((FAILED, *ExitStatus))
        raise UsageError(f"--retry {', '.join(unknown)} is no exit status; there are {known}.")
    named = {ExitStatus(name) for name in names if name != FAILED}
    return frozenset(named | set(FAILURES) if FAILED in names else named)


def rows_to_retry(journal: Journal, statuses: frozenset[ExitStatus]) -> dict[Key, JournalEntry]:
    """The finished questions with one of these statuses."""
    return {key: entry for key, entry in journal.entries.items() if entry.exit_status in statuses}


def begin_again(replies: KeptReplies, retried: Mapping[Key, JournalEntry]) -> None:
    """Has replies that could not be acted on asked for again, and questions that ended by themselves asked anew."""
    replies.store.forget_unparsed(replies.run_id)
    replies.anew = frozenset(key for key, entry in retried.items() if entry.exit_status not in GOES_ON)
