"""The arguments of tool calls: read leniently, refused with words a model can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from docpager import loose_json
from docpager.errors import ToolError
from docpager.memory import LineRange

_PAGE = re.compile(r"\[?(p\d+)(?::(\d+)(?:-(?:p\d+:)?(\d+))?)?\]?")


class Arguments:
    """The arguments of one call, by name."""

    def __init__(self, tool: str, text: str) -> None:
        self._tool = tool
        try:
            values = loose_json.loads(text or "{}")
        except ValueError as error:
            raise ToolError(f"The arguments of {tool} are not valid JSON: {error}.") from None
        if not isinstance(values, Mapping):
            raise ToolError(f"The arguments of {tool} have to be a JSON object with names.")
        self._values: Mapping[str, Any] = values

    def as_dict(self) -> dict[str, Any]:
        """All of them as the model gave them."""
        return dict(self._values)

    def text(self, name: str) -> str:
        """A text that must be there and not be empty."""
        value = self.optional_text(name)
        if not value:
            raise ToolError(f"{self._tool} needs {name}: a text that is not empty.")
        return value

    def optional_text(self, name: str) -> str:
        """A text, or an empty one."""
        value = self._values.get(name)
        return "" if value is None else str(value).strip()

    def texts(self, name: str) -> list[str]:
        """A list of texts; one text stands for a list of one."""
        value = self._values.get(name)
        if value is None or value == "":
            return []
        values = value if isinstance(value, list) else [value]
        return [str(item).strip() for item in values if str(item).strip()]

    def flag(self, name: str) -> bool:
        """True or false; false where it is left out."""
        return str(self._values.get(name, "")).lower() in ("true", "1", "yes")

    def rank(self, name: str = "first") -> int:
        """A rank from 1; 1 where it is left out."""
        value = self._values.get(name)
        if value in (None, ""):
            return 1
        try:
            return max(1, int(value))
        except (TypeError, ValueError):
            raise ToolError(f"{self._tool} takes a whole number from 1 for {name}, not {value!r}.") from None

    def share(self, name: str) -> float | None:
        """A number between 0 and 1; None where it is left out or is none."""
        try:
            return min(1.0, max(0.0, float(self._values[name])))
        except (KeyError, TypeError, ValueError):
            return None

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects; texts among them stand for ``{"text": ...}``."""
        value = self._values.get(name)
        values = value if isinstance(value, list) else [value] if value else []
        return [item if isinstance(item, Mapping) else {"text": str(item)} for item in values]

    def pages(self) -> list[tuple[str, LineRange | None]]:
        """Handles with the lines asked for, as in ``p7`` or ``p7:20-60``."""
        wanted = [part for text in self.texts("pages") for part in re.split(r"[,\s]+", text) if part]
        if not wanted:
            raise ToolError(f'{self._tool} needs pages: a list of handles, as in ["p7", "p8:20-60"].')
        return [self._page(text) for text in wanted]

    def _page(self, text: str) -> tuple[str, LineRange | None]:
        match = _PAGE.fullmatch(text)
        if match is None:
            raise ToolError(f"{text!r} is no page. {self._tool} takes handles, as in p7 or p7:20-60.")
        if match[2] is None:
            return match[1], None
        first, last = int(match[2]), int(match[3] or match[2])
        if not 1 <= first <= last:
            raise ToolError(f"{text!r} is no range of lines: lines count from 1, first to last.")
        return match[1], LineRange(first, last)
