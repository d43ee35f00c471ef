"""Keeps secrets out of what is written: addresses without passwords, texts without keys."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"
SHORTEST_SECRET = 6
"""A shorter value is no key, and hiding it would make words unreadable."""
_AUTHORITY = re.compile(r"[?#]")


def without_secrets(address: str) -> str:
    """An address without user name, password and query, which is where keys travel; other text as it is."""
    if "://" not in address:
        return address
    scheme, rest = address.split("://", 1)
    place, slash, path = _AUTHORITY.split(rest)[0].partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"


def hide(text: str, secrets: Iterable[str]) -> str:
    """A text in which each of the secrets is ``***``."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    return text


def header_without_value(header: str) -> str:
    """``Name: ***`` for ``Name: value``; a value that names a variable stays."""
    name, colon, value = header.partition(":")
    return header if not colon or value.strip().startswith("$") else f"{name}: {HIDDEN}"
