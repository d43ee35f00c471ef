"""Elements of HTML that a browser does not show: taken out before anything is read."""

from __future__ import annotations

import re
from typing import Any

HIDDEN_TEXT = "Hidden text was left out of search."

_ZERO = r"0*\.?0*(?:px|pt|r?em|%)?\s*(?:;|!|$)"
_STYLE = re.compile(
    rf"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|(?:^|[;\s])(?:opacity|font-size)\s*:\s*{_ZERO}"
    r"|(?:^|[;\s])(?:left|right|top|text-indent)\s*:\s*-\d{4,}|(?:^|[;\s])color\s*:\s*transparent",
    re.I,
)
_CANDIDATES = "//*[@hidden or @aria-hidden='true' or @style]"
_NEVER = frozenset(("html", "body"))
_LETTER = re.compile(r"[^\W\d_]")
_UNREAD = ("script", "style", "noscript", "template", "svg")


def is_hidden(element: Any) -> bool:
    """Whether an element itself says that it is not shown."""
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    return _STYLE.search(element.get("style") or "") is not None


def drop_hidden(root: Any) -> bool:
    """Takes hidden elements out of a tree; whether they held words."""
    held = False
    for element in root.xpath(_CANDIDATES):
        if not isinstance(element.tag, str) or element.tag in _NEVER or not is_hidden(element):
            continue
        held = held or (element.tag not in _UNREAD and bool(_LETTER.search("".join(element.itertext()))))
        if element.getparent() is not None:
            element.drop_tree()
    return held
