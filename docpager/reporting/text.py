"""Strangers' words made fit to show: nothing in them steers a page, and data stays data."""

from __future__ import annotations

import json
import re
from typing import Any

from docpager.records import ExitStatus, VerifyStatus

# Controls show nothing or steer; overrides of direction make a text read as what it is not.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_IN_SCRIPT = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
_REFERENCE = re.compile(r"\[(\d{1,9})\]")


def shown(text: object) -> str:
    """A text without what steers a screen: controls and overrides of writing direction; nothing for None."""
    return "" if text is None else _UNSHOWN.sub("", str(text))


def folded(text: object, most: int | None = None) -> str:
    """A text on one line, cut to so many characters where it is longer."""
    line = " ".join(shown(text).split())
    return line if most is None or len(line) <= most else line[: most - 1].rstrip() + "…"


def script_json(value: Any) -> str:
    """JSON that may stand inside a ``<script>`` element, whatever texts it holds."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)


def with_references(text: str, numbers: frozenset[int]) -> list[tuple[str, int | None]]:
    """An answer in pieces: words with None, and ``[n]`` with its number where there is such a citation."""
    pieces: list[tuple[str, int | None]] = []
    at = 0
    for match in _REFERENCE.finditer(text):
        if int(match[1]) in numbers:
            pieces += [(text[at : match.start()], None), (match[0], int(match[1]))]
            at = match.end()
    return [piece for piece in [*pieces, (text[at:], None)] if piece[0]]


def count(number: float | None, digits: int = 0) -> str:
    """``12,345``; a dash for what is not known."""
    return "–" if number is None else f"{number:,.{digits}f}"


def seconds(value: float | None) -> str:
    """``0.3 s``, ``4 min 20 s``, ``2 h 5 min``; a dash for what is not known."""
    if value is None:
        return "–"
    if value < 100:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def dollars(value: float | None) -> str:
    """``$0.0123``; a dash for what is not known."""
    return "–" if value is None else f"${value:,.4f}" if value else "$0"


def moment(iso: str | None) -> str:
    """``2026-11-23 13:45 UTC`` of an ISO time in UTC."""
    return "–" if not iso else f"{iso[:10]} {iso[11:16]} UTC"


def spaced(name: object) -> str:
    """``read_limit`` as ``read limit``."""
    return str(name).replace("_", " ")


_TONES = {
    ExitStatus.ANSWERED: ("good", "✓"),
    ExitStatus.UNVERIFIED: ("warn", "?"),
    ExitStatus.ABSTAINED: ("calm", "–"),
    ExitStatus.SKIPPED: ("calm", "○"),
    ExitStatus.MODEL_ERROR: ("bad", "✕"),
    ExitStatus.INTERNAL_ERROR: ("bad", "✕"),
    ExitStatus.INVALID: ("bad", "✕"),
}
_VERIFY_TONES = {
    VerifyStatus.EXACT: ("good", "✓"),
    VerifyStatus.NORMALIZED: ("good", "≈"),
    VerifyStatus.RELOCATED: ("warn", "→"),
    VerifyStatus.STALE: ("warn", "△"),
    VerifyStatus.MISATTRIBUTED: ("bad", "✕"),
    VerifyStatus.NOT_FOUND: ("bad", "✕"),
}


def status_look(status: str) -> tuple[str, str]:
    """How an exit_status looks: its tone (good, warn, calm, bad) and its sign, so that no colour is needed."""
    return _TONES.get(ExitStatus(status), ("warn", "!")) if status in set(ExitStatus) else ("warn", "!")


def verify_look(status: str | None) -> tuple[str, str]:
    """How a verify_status looks: its tone and its sign."""
    return _VERIFY_TONES.get(VerifyStatus(status), ("warn", "!")) if status in set(VerifyStatus) else ("warn", "!")
