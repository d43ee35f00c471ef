"""Which documents there are, and which of them a name or some words mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from docpager.errors import ToolError
from docpager.records import Document, DocumentStatus

_WORD = re.compile(r"[^\W_]+")
_PARTS = re.compile(r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_READABLE = frozenset({DocumentStatus.INDEXED, DocumentStatus.PARTIAL})


class DocumentIndex:
    """The archive's readable documents, with handles ``d1``, ``d2``, ... by path: the same for every question."""

    def __init__(self, documents: Iterable[Document]) -> None:
        readable = (d for d in documents if d.status in _READABLE and d.duplicate_of is None)
        self._documents = sorted(readable, key=lambda d: (d.path, d.doc_id))
        self._handles = {d.doc_id: f"d{n}" for n, d in enumerate(self._documents, start=1)}
        self._by_handle = {handle: self._documents[n] for n, handle in enumerate(self._handles.values())}
        self._names = [_names(d) for d in self._documents]

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def all(self) -> list[Document]:
        """The readable documents, by path."""
        return list(self._documents)

    def handle(self, doc_id: str) -> str:
        """The document's handle; empty for one that is not readable."""
        return self._handles.get(doc_id, "")

    def resolve(self, names: Sequence[str]) -> list[Document]:
        """What handles, ids, paths, path endings or titles mean; raises ``ToolError`` for one that means nothing."""
        found: dict[str, Document] = {}
        for name in names:
            matches = self._matches(name)
            if not matches:
                near = [d.path for d in self.ranked(name)[:3]]
                hint = f" Near: {', '.join(near)}." if near else ""
                raise ToolError(f"No document matches {name!r}.{hint} Use a handle (d1) or a path that outline shows.")
            found.update((d.doc_id, d) for d in matches)
        return list(found.values())

    def ranked(self, words: str) -> list[Document]:
        """Documents whose path, title or period shares words with these, best first; all of them for no words."""
        wanted = _words(words)
        if not wanted:
            return list(self._documents)
        squeezed = "".join(_WORD.findall(words.lower()))
        scored = [(self._overlap(n, wanted, squeezed), d) for n, d in enumerate(self._documents)]
        scored = [(score, d) for score, d in scored if score > 0]
        return [d for _, d in sorted(scored, key=lambda pair: (-pair[0], pair[1].path))]

    def _overlap(self, n: int, wanted: set[str], squeezed: str) -> float:
        """Words in common, weighted by length: names and years say more than particles."""
        parts = self._names[n]
        score = 0.0
        for part in parts:
            if part in wanted or (len(part) >= 5 and part in squeezed):
                score += min(len(part), 8)
        return score

    def _matches(self, name: str) -> list[Document]:
        asked = name.strip()
        if asked in self._by_handle:
            return [self._by_handle[asked]]
        folded = asked.lower()
        exact = [d for d in self._documents if folded in (d.doc_id, d.path.lower(), (d.title or "").lower())]
        if exact:
            return exact
        return [d for d in self._documents if folded and d.path.lower().endswith(folded)] or [
            d for d in self._documents if len(folded) >= 3 and folded in d.path.lower()
        ]


def _names(document: Document) -> set[str]:
    words: set[str] = set()
    for name in (document.path, document.title or "", document.period or ""):
        words |= _words(name)
        words |= {part.lower() for part in _PARTS.findall(name)}
    return {word for word in words if len(word) > 1} - {"pdf", "html", "htm", "docx", "txt", "md", "csv", "jsonl"}


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
