"""Every exception docpager raises on purpose, and the exit code each one ends a command with.

::

    DocpagerError                      1
    |-- UsageError                     2   a flag, a setting or a combination that cannot be
    |-- QuestionFileError             65   an unreadable question file, or one without questions
    |-- MissingInputError             66   no such folder, file or run
    |   `-- MissingArchiveError       66
    |-- BudgetReachedError             4   a run used what it may; the same command goes on once it may use more
    |-- TemporaryError                75   try the same command again later
    |   |-- LockedError               75
    |   `-- EndpointDownError         75
    |-- ConfigurationError            78   settings that cannot work here
    |   |-- WindowTooSmallError       78
    |   |-- CredentialsError          78
    |   |-- UnknownModelError         78
    |   |-- QuotaError                78
    |   |-- ArchiveFormatError        78
    |   `-- EmbedderMismatchError     78
    |-- DamagedArchiveError           78   what the archive holds is not what was written to it
    |-- DocumentError                  -   one document could not be read; it becomes a row, never a crash
    |   |-- EncryptedDocumentError
    |   |-- UnsupportedDocumentError
    |   |   `-- NotInstalledError    a program or package that is not here could read it
    |   |-- ChangedDocumentError
    |   `-- LimitExceededError
    |-- PagerError                     -   the model asked memory for what cannot be; it is told, nothing changed
    |   |-- AdmissionRefusedError
    |   |-- UnknownPageError
    |   `-- NotResidentError
    |-- ToolError                      -   a tool call that cannot be carried out; its message goes to the model
    |   `-- TranscriptError                text that is not a transcript of ours
    |-- TooWeakError                   -   the model cannot steer; the question begins anew, assisted
    |-- StartAnewError                 -   what the cache knows of a question leads nowhere; the question begins anew
    |-- OvertimeError                  -   the agent did not keep a question's time; the question's row says so
    `-- ModelError                     -   the model failed for this question; the question's row says how
        |-- NoRoomError                -   a request does not fit; the question ends with what is known
        |-- ContextLengthError         -   the endpoint takes fewer tokens than were sent; the window shrinks
        |-- NotKeptError               -   a run that may ask no model has come to a call that is not in the cache
        |-- RequestRefusedError        -   the endpoint will not answer this request, however often it is sent
        |   `-- ContentFilterError     -   it, or the reply to it, was withheld
        `-- NoReplyError               -   no reply that can be used; the next try may get one
            |-- RateLimitedError       -   too many requests
            |-- UnreachableError       -   no connection, or no whole reply in time
            `-- BadReplyError          -   what came is no reply

A fault (a page that is not resident) is an event, not an exception: see ``docpager.memory.events``.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence


class DocpagerError(Exception):
    """Base of every error docpager raises on purpose."""

    exit_code = 1


class UsageError(DocpagerError):
    """A flag, a setting or a combination of them that cannot be."""

    exit_code = 2


class QuestionFileError(DocpagerError):
    """A question file that cannot be read or holds no question."""

    exit_code = 65


class MissingInputError(DocpagerError):
    """A file, folder or run that is not there."""

    exit_code = 66


class MissingArchiveError(MissingInputError):
    """There is no archive at this place."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        super().__init__(f"No archive at {uri}. Make one with: docpager ingest FOLDER --archive {uri}")


class BudgetReachedError(DocpagerError):
    """A run used what it may."""

    exit_code = 4

    def __init__(self, option: str, limit: str, used: str) -> None:
        self.option = option
        super().__init__(f"{option} {limit} is reached: {used}. Raise {option}, and the same command goes on.")


class TemporaryError(DocpagerError):
    """Nothing is wrong with the command: the same one may work later."""

    exit_code = 75


class LockedError(TemporaryError):
    """Another process holds the lock on a folder or an archive."""

    def __init__(self, what: str, lock_path: str) -> None:
        self.what = what
        self.lock_path = lock_path
        super().__init__(
            f"{what} is in use by another docpager process (lock {lock_path}). Try again when it has ended."
        )


class EndpointDownError(TemporaryError):
    """The model's endpoint gave no successful reply for too long."""


class ConfigurationError(DocpagerError):
    """Settings that cannot work on this machine or with this archive."""

    exit_code = 78


class WindowTooSmallError(ConfigurationError):
    """The context window leaves no room for a single page."""

    def __init__(self, window: int, fixed: int, needed: int, smallest: int) -> None:
        self.window = window
        self.fixed = fixed
        self.needed = needed
        self.smallest = smallest
        super().__init__(
            f"A window of {window:,} tokens is too small: {fixed:,} are taken by the system message, the reply, "
            f"the question, the log and the tail, and a page needs {needed:,}. "
            f"Set --context-tokens to at least {smallest}."
        )


class CredentialsError(ConfigurationError):
    """The endpoint refused the key, or there is none."""


class UnknownModelError(ConfigurationError):
    """The endpoint has no such model, or there are no chat completions at its address."""


class QuotaError(ConfigurationError):
    """The account behind the key has nothing left to spend."""


class ArchiveFormatError(ConfigurationError):
    """An archive written in a format this version does not know."""

    def __init__(self, uri: str, found: str, known: str) -> None:
        self.uri = uri
        self.found = found
        self.known = known
        super().__init__(
            f"The archive at {uri} has format {found}; this docpager knows format {known}. "
            "Nothing was changed. Use the docpager that wrote it, or ingest again into a new archive."
        )


class EmbedderMismatchError(ConfigurationError):
    """The archive's vectors come from another embedding model."""

    def __init__(self, uri: str, found: str, asked: str) -> None:
        self.uri = uri
        self.found = found
        self.asked = asked
        super().__init__(
            f"The archive at {uri} was embedded with {found}, not {asked}. "
            f"Set the embedder to {found}, or ingest again into a new archive."
        )


class DamagedArchiveError(DocpagerError):
    """What an archive holds is not what was written to it, or cannot be read at all."""

    exit_code = 78

    def __init__(self, uri: str, what: str) -> None:
        self.uri = uri
        self.what = what
        super().__init__(
            f"The archive at {uri} is damaged: {what}. "
            "docpager archive check says where; docpager archive check --repair mends it."
        )


class DocumentError(DocpagerError):
    """One document could not be read."""


class EncryptedDocumentError(DocumentError):
    """The document wants a password."""


class UnsupportedDocumentError(DocumentError):
    """No reader takes this kind of file."""


class NotInstalledError(UnsupportedDocumentError):
    """What reads this kind of file is not installed here."""

    def __init__(self, kind: str, program: str, install: str) -> None:
        self.program = program
        super().__init__(f"{kind} is read by {program}, which is not installed ({install}). Then ingest again.")


class ChangedDocumentError(DocumentError):
    """The file is not the one that was found: it was written to, or something else took its place."""

    def __init__(self) -> None:
        super().__init__("It changed while it was read; the next ingest reads it again.")


class LimitExceededError(DocumentError):
    """Reading the document took more time, memory or output than it may."""


class PagerError(DocpagerError):
    """Memory was asked for something that cannot be; nothing changed."""


class AdmissionRefusedError(PagerError):
    """A page does not fit, even after every page that may go has gone."""

    def __init__(
        self, page: str, provenance: str, needed: int, capacity: int, pinned_tokens: int, pinned: Sequence[str]
    ) -> None:
        self.page = page
        self.provenance = provenance
        self.needed = needed
        self.capacity = capacity
        self.pinned_tokens = pinned_tokens
        self.pinned = tuple(pinned)
        where = f" ({provenance})" if provenance else ""
        if self.pinned:
            held = f"{pinned_tokens:,} of {capacity:,} ({', '.join(self.pinned)})"
            why = f"but pinned pages hold {held}. Unpin one first."
        else:
            why = f"but memory holds {capacity:,}. Page in fewer lines of it, as in page_in {page}:1-20."
        super().__init__(f"Cannot page in {page}{where}: it needs {needed:,} tokens, {why}")


class UnknownPageError(PagerError):
    """A handle that was never listed while this question was worked on."""

    def __init__(self, page: str) -> None:
        self.page = page
        super().__init__(f"There is no page {page}. Use a handle that search, find or outline has shown.")


class NotResidentError(PagerError):
    """The page is known but its text is not in memory."""

    def __init__(self, page: str, wanted: str) -> None:
        self.page = page
        self.wanted = wanted
        super().__init__(f"Cannot {wanted} {page}: it is not resident. Page it in first.")


class ToolError(DocpagerError):
    """A tool call that cannot be carried out; the message is for the model."""


class TranscriptError(ToolError):
    """Text that cannot be parsed as part of a transcript."""


class TooWeakError(DocpagerError):
    """The model cannot steer; its message says how that showed. Ends one try at a question, never the question."""


class StartAnewError(DocpagerError):
    """What a question knew of its model in an earlier run leads to no kept reply: it begins anew."""


class OvertimeError(DocpagerError):
    """The agent gave no answer in the time a question has, which it keeps itself."""


class ModelError(DocpagerError):
    """The model failed for this question."""


class NoRoomError(ModelError):
    """A request does not fit into the window, and nothing more can be moved out of the context."""

    def __init__(self, needed: int, limit: int) -> None:
        self.needed = needed
        self.limit = limit
        super().__init__(
            f"The request needs {needed:,} tokens of {limit:,}, and nothing more can be moved out of the context. "
            "Set a larger --context-tokens."
        )


class ContextLengthError(ModelError):
    """The endpoint takes fewer tokens than were sent; ``limit`` and ``sent`` are its figures, where it says them."""

    def __init__(self, message: str, limit: int | None = None, sent: int | None = None) -> None:
        self.limit = limit
        self.sent = sent
        super().__init__(message)


class NotKeptError(ModelError):
    """A run that may ask no model has come to a call whose reply is not in the cache."""

    def __init__(self, call: str) -> None:
        super().__init__(
            f"Offline, and the reply cache does not hold {call} of this question. Run it once without --offline."
        )


class RequestRefusedError(ModelError):
    """The endpoint will not answer this request, however often it is sent."""


class ContentFilterError(RequestRefusedError):
    """The endpoint withheld its reply, or would not read the request."""


class NoReplyError(ModelError):
    """The endpoint gave no reply that can be used; the next try may get one.

    ``retry_after`` is how long it asks to be left alone, in seconds, where it says so.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class RateLimitedError(NoReplyError):
    """The endpoint gets more requests than it takes."""


class UnreachableError(NoReplyError):
    """There is no connection to the endpoint, or no whole reply came in time."""


class BadReplyError(NoReplyError):
    """What came from the endpoint is no reply."""


def lacks_memory(error: BaseException | None) -> bool:
    """Whether an error, or what led to it, is that there is no more memory; libraries say so in several ways."""
    for _ in range(_LONGEST_STORY):
        if error is None:
            return False
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        error = error.__cause__ or error.__context__
    return False


_LONGEST_STORY = 10
