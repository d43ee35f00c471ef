"""How an endpoint is reached: address, key, headers, time limits, and the client that keeps to them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import ConfigurationError, CredentialsError
from docpager.redaction import hide, without_secrets
from docpager.settings import ConnectionSettings

if TYPE_CHECKING:
    import openai

OPENAI = "https://api.openai.com/v1"
KEY_VARIABLES = ("DOCPAGER_API_KEY", "OPENAI_API_KEY")
ADDRESS_VARIABLE = "OPENAI_BASE_URL"
NO_KEY = "none"
"""Sent where no key is set: servers on one's own machine take any."""
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and with what key requests are sent. Printing it shows no secret."""

    base_url: str
    key: str = field(default=NO_KEY, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    request_timeout_seconds: float = 120
    give_up_after_seconds: float = 60

    @classmethod
    def of(cls, settings: ConnectionSettings, environment: Mapping[str, str] = os.environ) -> Connection | None:
        """The connection that settings and environment name; None where they name neither an address nor a key.

        Raises ``CredentialsError`` for a key file that cannot be read, ``ConfigurationError`` for what is no address or
        no header.
        """
        key = _key(settings, environment)
        address = settings.base_url or environment.get(ADDRESS_VARIABLE)
        if not address and key is None:
            return None
        return cls(
            _checked_address(address or OPENAI),
            key or NO_KEY,
            dict(_header(text, environment) for text in settings.header),
            settings.request_timeout_seconds,
            settings.give_up_after_seconds,
        )

    @property
    def shown(self) -> str:
        """The address without secrets."""
        return without_secrets(self.base_url)

    @property
    def is_openai(self) -> bool:
        """Whether the endpoint is OpenAI's own, or Azure's."""
        host = self.shown.partition("://")[2].partition("/")[0].partition(":")[0]
        return host == "api.openai.com" or host.endswith((".openai.com", ".azure.com"))

    def hide(self, text: str) -> str:
        """A text without the key, the values of headers, and what the address holds of secrets."""
        login = self.base_url.partition("://")[2].partition("/")[0].rpartition("@")[0]
        query = self.base_url.partition("?")[2]
        values = [pair.rpartition("=")[2] for pair in query.split("&")]
        secrets = [self.key, *self.headers.values(), *login.split(":"), query, *values]
        return hide(text, (secret for secret in secrets if secret != NO_KEY))

    def client(self) -> openai.AsyncOpenAI:
        """A client without retries of its own, that stays at this address and says nothing of this machine."""
        import httpx2
        import openai

        from docpager.models.openai.hooks import bound, say_nothing_of_this_machine

        # It logs whole addresses, and those may hold keys.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        seconds = self.request_timeout_seconds
        timeout = httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        url = httpx2.URL(self.base_url)
        plain = str(url.copy_with(query=None))
        http_client = openai.DefaultAsyncHttpxClient(
            base_url=plain,
            timeout=timeout,
            follow_redirects=False,
            event_hooks={"request": [say_nothing_of_this_machine], "response": [bound]},
            # So that the bytes that are counted are the bytes that are kept.
            headers={"Accept-Encoding": "identity"},
        )
        return openai.AsyncOpenAI(
            api_key=self.key,
            base_url=plain,
            default_query=dict(url.params),
            default_headers={"Accept-Encoding": "identity", **self.headers},
            max_retries=0,
            timeout=timeout,
            http_client=http_client,
        )


def _key(settings: ConnectionSettings, environment: Mapping[str, str]) -> str | None:
    if settings.api_key_file is not None:
        try:
            key = Path(settings.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise CredentialsError(f"Cannot read the key file {settings.api_key_file}: {why}.") from None
        if not key or not key.isprintable() or not key.isascii():
            raise CredentialsError(f"The key file {settings.api_key_file} holds no key: one line of plain characters.")
        return key
    keys = (environment.get(name, "").strip() for name in KEY_VARIABLES)
    return next((key for key in keys if key), None)


def _checked_address(address: str) -> str:
    import httpx2

    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError, TypeError):
        url = None
    if url is None or url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"{without_secrets(address)!r} is no address of an endpoint. "
            "Write --base-url as in http://127.0.0.1:8000/v1."
        )
    return address


def _header(text: str, environment: Mapping[str, str]) -> tuple[str, str]:
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not name or not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"A --header is written NAME: VALUE, as in api-key: $AZURE_KEY; {name!r} is none.")
    if value.startswith("$"):
        variable = value[1:]
        if variable not in environment:
            raise ConfigurationError(f"The header {name} takes its value from {variable}, which is not set.")
        value = environment[variable]
    if not value.isprintable() or not value.isascii():
        raise ConfigurationError(f"The value of the header {name} holds characters that no header can hold.")
    return name, value
