"""What a spreadsheet shows for a value: its number format applied."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

_QUOTED = re.compile(r'"([^"]*)"|\\(.)|[_*].')
_BRACKETED = re.compile(r"\[(?:\$([^\]-]*)(?:-[^\]]*)?|[^\]]*)\]")
_DIGITS = re.compile(r"[#0?,]*[#0?](?:\.[#0?]*)?|\.[#0?]+")
_LITERAL = "\ue000"
"""Stands for what was quoted while digits are looked for."""

_CONTEXT = Context(prec=60)
"""Spreadsheets round halves away from zero, however many digits there are."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One section of a number format."""

    before: str = ""
    after: str = ""
    decimals: int = 0
    optional: int = 0
    """Decimals at the end that are left out when they are zero."""
    least: int = 1
    """The fewest digits before the point."""
    thousands: bool = False
    percent: bool = False
    scale: int = 0
    """Thousands that are divided away."""
    exponent: int = 0
    """The fewest digits of an exponent; 0 is none."""
    general: bool = False
    has_digits: bool = True


def cell_text(value: object, number_format: str = "General") -> str:
    """A cell's value as text: dates as ISO 8601, numbers as they are shown, everything else as it is."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (datetime, date, time)):
        return _date(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, (int, float)):
        return _number(value, number_format)
    return str(value)


def _date(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()  # programs write dates with a time of which nobody thinks
        return value.replace(microsecond=0, tzinfo=None).isoformat(" ").removesuffix(":00")
    if isinstance(value, time):
        return value.replace(microsecond=0).isoformat().removesuffix(":00")
    return value.isoformat()


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _number(value: int | float, number_format: str) -> str:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    patterns = _patterns(number_format)
    section = 0
    if len(patterns) > 1 and value < 0:
        section = 1
    elif len(patterns) > 2 and value == 0:
        section = 2
    pattern = patterns[section]
    amount = abs(value) if section else value
    if pattern.general:
        return f"{pattern.before}{_general(amount)}{pattern.after}".strip()
    if not pattern.has_digits:
        # A format may hide a number, or show a word in its place; nothing is hidden here but a zero shown as a dash.
        return pattern.before.strip() or ("" if value == 0 else _general(value))
    sign = "-" if amount < 0 else ""
    digits = _digits(abs(amount), pattern)
    if not any(digit in "123456789" for digit in digits):
        sign = ""
    return f"{sign}{pattern.before}{digits}{pattern.after}".strip()


def _general(value: int | float) -> str:
    if isinstance(value, int):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"


def _digits(value: int | float, pattern: _Pattern) -> str:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if pattern.exponent:
        digits, _, exponent = f"{exact:.{pattern.decimals}E}".partition("E")
        return f"{digits}E{'-' if exponent.startswith('-') else '+'}{exponent.lstrip('+-').zfill(pattern.exponent)}"
    exact = exact.scaleb((2 if pattern.percent else 0) - 3 * pattern.scale)
    if exact.adjusted() < 20 and pattern.decimals < 30:
        exact = exact.quantize(Decimal(1).scaleb(-pattern.decimals), ROUND_HALF_UP, _CONTEXT)
    text = f"{exact:{',' if pattern.thousands else ''}.{pattern.decimals}f}"
    whole, point, fraction = text.partition(".")
    kept = len(fraction) - pattern.optional
    fraction = fraction[:kept] + fraction[kept:].rstrip("0")
    whole = whole.zfill(pattern.least) if not pattern.thousands else whole
    return whole + (point + fraction if fraction else "")


@functools.lru_cache(maxsize=1024)
def _patterns(number_format: str) -> tuple[_Pattern, ...]:
    sections = _split(number_format)[:3]
    if any(re.search(r"\[[<>=]", section) for section in sections):
        sections = sections[:1]  # its own conditions: the first will do
    return tuple(_pattern(section) for section in sections) or (_Pattern(general=True),)


def _split(number_format: str) -> list[str]:
    """The sections of a format, at semicolons that are not quoted."""
    parts, quoted = [""], False
    for sign in number_format[:256]:
        quoted = quoted != (sign == '"')
        if sign == ";" and not quoted:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _pattern(section: str) -> _Pattern:
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        text = match[1] if match[1] is not None else match[2]
        if text is None:
            return ""  # room for a sign, or a sign that fills the cell
        literals.append(text)
        return _LITERAL

    bare = _BRACKETED.sub(lambda match: match[1] or "", _QUOTED.sub(keep, section))
    if "general" in bare.lower() or bare.strip() == "@" or not section.strip():
        before, _, after = re.sub("(?i)general", "@", bare).partition("@")
        count = before.count(_LITERAL)
        return _Pattern(_restored(before, literals, 0), _restored(after, literals, count), general=True)
    match = _DIGITS.search(bare)
    if match is None or "/" in bare:
        if match is not None:
            return _Pattern(general=True)  # a fraction, or a date's format on a number
        return _Pattern(_restored(bare, literals, 0), has_digits=False)
    before, digits, after = bare[: match.start()], match[0], bare[match.end() :]
    exponent = re.match(r"[eE][+-](0+|#+|\?+)", after)
    after = after[exponent.end() :] if exponent else after
    whole, _, fraction = digits.partition(".")
    scale = len(whole) - len(whole.rstrip(",")) if not fraction else 0
    commas = re.match(",+", after)
    if commas:
        scale, after = len(commas[0]), after[commas.end() :]
    after = re.sub(r"[#0?]", "", after)
    return _Pattern(
        before=_restored(before, literals, 0),
        after=_restored(after, literals, before.count(_LITERAL)),
        decimals=len(fraction),
        optional=len(fraction) - len(fraction.rstrip("#?")),
        least=max(1, whole.count("0")),
        thousands="," in whole.rstrip(","),
        percent="%" in bare,
        scale=scale,
        exponent=len(exponent[1]) if exponent else 0,
    )


def _restored(text: str, literals: list[str], first: int) -> str:
    """Text with what was quoted in it put back, from the literal of that number on."""
    rest = iter(literals[first:])
    return re.sub(_LITERAL, lambda _: next(rest, ""), text)
