"""Following keys: a value that is itself a key is looked for, and so on, until a value is no key.

The task is MemGPT's nested key-value retrieval (Packer et al. 2023, section 3.2.2). How far the chain was followed is
read from the calls and pairs that stand in the messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docpager.models.scripted import call
from docpager.models.situation import Situation
from docpager.records import ToolCall
from docpager.records.views import ResultsView
from docpager.transcript import fold

LINES_A_CALL = 6
_BETWEEN = r"""["'`]?\s*(?::|=|->|→|\|)\s*["'`]?"""
_VALUE = r"(?P<value>[\w-]+(?:\.[\w-]+)*)"


@dataclass(frozen=True)
class ChainReading:
    """One decision about a chain that begins with ``first_key``."""

    at: Situation
    first_key: str

    def next_call(self) -> ToolCall:
        """Looks for the key reached, reads the lines that hold it, or answers with the value that is no key."""
        key = self._reached()
        if self.at.tail.budget.steps_left <= 1:
            return call("abstain", reason=f"The steps are used up at {key}.")
        view = self._found(key)
        if view is None and not self._just_read(key):
            return call("find", text=key)
        unseen = [a for a in self._addresses(view) if a not in self._shown]
        if unseen:
            return call("page_in", pages=unseen[:LINES_A_CALL])
        address = next((a for a, text in self._shown.items() if key in text), None)
        if address is None or key == self.first_key:
            return call("abstain", reason=f"No line holds the value of {key}.")
        return call("answer", statements=[{"text": key, "addresses": [address]}], confidence=1.0)

    def _reached(self) -> str:
        """The last key looked for, and from there the values that the context shows already."""
        keys = [str(arguments.get("text") or "") for arguments in self.at.asked("find")]
        key = keys[-1] if keys else self.first_key
        known = {key}
        while (value := self._value(key)) is not None and value not in known:
            key = value
            known.add(key)
        return key

    def _value(self, key: str) -> str | None:
        pair = re.compile(rf"(?<![\w-]){re.escape(key)}{_BETWEEN}{_VALUE}", re.IGNORECASE)
        return next((match["value"] for text in self._texts() if (match := pair.search(text))), None)

    def _texts(self) -> Iterator[str]:
        yield from self._shown.values()
        yield from (hit.snippet for hit in self.at.hits())

    @property
    def _shown(self) -> dict[str, str]:
        """Address and text of each line of a page that the context shows."""
        return {f"{page.handle}:{number}": text for page in self.at.pages for number, text in page.lines}

    def _found(self, key: str) -> ResultsView | None:
        views = [view for view in self.at.results if view.tool == "find" and view.query == fold(key)]
        return views[-1] if views else None

    def _just_read(self, key: str) -> bool:
        """Whether the lines that hold a key were paged in by the last call; its results may have left the context."""
        asked = any(arguments.get("text") == key for arguments in self.at.asked("find"))
        return asked and self.at.calls[-1][0] == "page_in" and any(key in text for text in self._shown.values())

    def _addresses(self, view: ResultsView | None) -> list[str]:
        if view is None:
            return []
        return [f"{hit.handle}:{number}" for hit in view.hits for number in hit.lines]
