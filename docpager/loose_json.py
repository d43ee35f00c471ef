"""JSON as models write it: in fences, among words, with a comma too many or in Python's spelling.

Only what has one meaning is repaired. Text that breaks off is not: what a model did not say is not made up.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST = 200_000
"""Longer text is not tried; no call is so long."""
_FENCE = re.compile(r"\A\s*```(?:json|json5|python)?\s*\n?(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_MOST_STARTS = 20
_DECODER = json.JSONDecoder(strict=False)
"""Takes line breaks within strings as they are."""


def loads(text: str) -> Any:
    """The value of a text that is JSON but for such slips; raises ``ValueError``."""
    fenced = _FENCE.match(text)
    text = (fenced[1] if fenced else text).strip()
    if len(text) > LONGEST:
        raise ValueError(f"{len(text):,} characters are more than a call has")
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        value = _repaired(text)
        if value is None:
            raise ValueError(str(error)) from None
        return value


def first_object(text: str) -> dict[str, Any] | None:
    """The first object in a text, whatever stands around it; None where there is none."""
    starts = [match.start() for match in re.finditer(r"\{", text[:LONGEST])]
    for start in starts[:_MOST_STARTS]:
        for candidate in (text[start:], _without_commas(text[start:])):
            try:
                value, _ = _DECODER.raw_decode(candidate)
            except (ValueError, RecursionError):
                continue
            return value if isinstance(value, dict) else None
    value = _repaired(text[starts[0] : text.rfind("}") + 1]) if starts else None
    return value if isinstance(value, dict) else None


def _repaired(text: str) -> Any:
    """The value without commas before closing brackets, or as Python writes it; None for what is neither."""
    try:
        return _DECODER.decode(_without_commas(text))
    except (ValueError, RecursionError):
        pass
    if text[:1] not in ("{", "["):
        return None
    try:
        return _plain(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _without_commas(text: str) -> str:
    return _STRING_OR_COMMA.sub(lambda match: match[1] or "", text)


def _plain(value: Any) -> Any:
    """The value, if JSON could hold it; else None."""
    try:
        return value if json.dumps(value) and isinstance(value, Mapping | list) else None
    except (TypeError, ValueError):
        return None
