"""Every exception of the ``openai`` package as one of docpager's own.

Three kinds: those that stop a run, because no request can succeed (credentials, an unknown model, quota); those that
end a request; and those that pass, ``NoReplyError`` and what is below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import openai

from docpager.errors import (
    BadReplyError,
    ConfigurationError,
    ContentFilterError,
    CredentialsError,
    DocpagerError,
    ModelError,
    UnreachableError,
)
from docpager.models.openai.connection import Connection
from docpager.models.openai.refusals import Refusal, meaning_of

Meaning = Callable[[openai.OpenAIError, Connection], DocpagerError]


def refusal_of(error: openai.APIStatusError) -> Refusal:
    """What the endpoint said, of an HTTP error."""
    return Refusal.of(error.status_code, error.body, error.response.headers)


def _status(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    if not isinstance(error, openai.APIStatusError):
        return _unexpected(error, connection)
    return meaning_of(refusal_of(error), connection, "", answered=False)


def _timed_out(_: openai.OpenAIError, connection: Connection) -> DocpagerError:
    seconds = f"{connection.request_timeout_seconds:g} s"
    return UnreachableError(
        f"The endpoint at {connection.shown} gave no whole reply within {seconds} (--request-timeout)."
    )


def _unconnected(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    cause = error.__cause__
    why = f"{type(cause).__name__.lstrip('_')}: {cause}" if cause is not None and str(cause) else type(cause).__name__
    if type(cause).__name__ in _BROKEN_REPLIES:
        return BadReplyError(f"What came from the endpoint at {connection.shown} is no reply ({connection.hide(why)}).")
    return UnreachableError(f"The endpoint at {connection.shown} cannot be reached ({connection.hide(why)}).")


_BROKEN_REPLIES = frozenset({"_BodyTooLargeError", "DecodingError", "TooManyRedirects"})
"""Causes of a connection error that came as an answer."""


def _not_a_reply(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    told = connection.hide(str(error)[:200])
    return BadReplyError(f"What came from the endpoint at {connection.shown} is no reply ({told}).")


def _filtered(_: openai.OpenAIError, connection: Connection) -> DocpagerError:
    return ContentFilterError(f"The endpoint at {connection.shown} withheld its reply (content filter).")


def _credentials(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    return CredentialsError(f"No credentials for {connection.shown}: {connection.hide(str(error)[:200])}")


def _misused(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    told = connection.hide(str(error)[:200])
    return ConfigurationError(f"The openai package cannot be used as it is set up here: {told}")


def _unexpected(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    told = connection.hide(f"{type(error).__name__}: {str(error)[:200]}")
    return ModelError(f"The call of the endpoint at {connection.shown} failed ({told}).")


MEANINGS: dict[str, Meaning] = {
    "APIStatusError": _status,
    "BadRequestError": _status,
    "AuthenticationError": _status,
    "OAuthError": _credentials,
    "PermissionDeniedError": _status,
    "NotFoundError": _status,
    "ConflictError": _status,
    "UnprocessableEntityError": _status,
    "RateLimitError": _status,
    "InternalServerError": _status,
    "APITimeoutError": _timed_out,
    "APIConnectionError": _unconnected,
    "APIResponseValidationError": _not_a_reply,
    "APIError": _unexpected,
    "LengthFinishReasonError": _not_a_reply,
    "ContentFilterFinishReasonError": _filtered,
    "SubjectTokenProviderError": _credentials,
    "MutuallyExclusiveAuthError": _credentials,
    "WebSocketConnectionClosedError": _unconnected,
    "WebSocketQueueFullError": _unconnected,
    "StreamAlreadyConsumed": _not_a_reply,
    "APIRemovedInV1": _misused,
    "MissingDependencyError": _misused,
    "_AmbiguousModuleClientUsageError": _misused,
    "AgentOutputParseError": _not_a_reply,
    "AgentTurnResultError": _not_a_reply,
    "AgentFilePreparationError": _unexpected,
    "AgentFileStagingError": _unexpected,
    "OpenAIError": _unexpected,
}
"""By the name of the exception's class; a class that is not here means what its parent means."""


def as_docpager_error(error: openai.OpenAIError, connection: Connection) -> DocpagerError:
    """What an exception of the package means; its message holds no secret."""
    names = (kind.__name__ for kind in type(error).__mro__)
    return next(MEANINGS[name] for name in names if name in MEANINGS)(error, connection)


@contextmanager
def translate_openai_errors(connection: Connection) -> Iterator[None]:
    """Raises docpager's errors in the place of the package's, without the request they carry."""
    try:
        yield
    except openai.OpenAIError as error:
        raise as_docpager_error(error, connection) from None
