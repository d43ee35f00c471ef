"""Names of documents in a list: in full where they stand first, by their handle alone further down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_AGAIN = " .."
"""What follows a document's handle where its name stands in full further up in the same list."""


def named_once(documents: Iterable[str]) -> Iterator[str]:
    """Names of documents in the order listed: in full the first time, by their handle alone after that."""
    seen: dict[str, str] = {}
    for document in documents:
        handle = document.split(" ", 1)[0]
        short = handle + _AGAIN
        yield short if seen.get(handle) == document and len(short) < len(document) else document
        seen[handle] = document


def named_in_full(names: Iterable[str]) -> Iterator[str]:
    """The documents that ``named_once`` was given."""
    seen: dict[str, str] = {}
    for name in names:
        handle = name.split(" ", 1)[0]
        seen[handle] = seen.get(handle, name) if name == handle + _AGAIN else name
        yield seen[handle]
