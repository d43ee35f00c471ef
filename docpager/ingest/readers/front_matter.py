"""A document's title and fiscal period, as its first pages state them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

LONGEST_TITLE = 160

_REGISTRANT = re.compile(r"^\(?\s*exact name of (?:the )?(?:registrant|issuer|company)", re.I)
_FORM = re.compile(
    r"\bform\s+((?:10-?[KQ]|20-?F|40-?F|8-?K|6-?K|11-?K|S-?\d{1,2}|F-?\d{1,2}|DEF\s?14A)(?:/A)?)\b", re.I
)
_NO_TITLE = re.compile(
    r"(?:untitled|no title|document\d*|title|slide \d+|print|layout \d+|page \d+|table of contents|confidential"
    r"|draft|united states|\(mark one\)|exhibit [\d.]+|page|date:?.*|to:?|from:?)$",
    re.I,
)
_FILE_NAME = re.compile(
    r"(?:microsoft (?:word|powerpoint|excel)|\S+\.(?:docx?|xlsx?|pptx?|pdf|indd|qxd|tex|html?|dvi))\b", re.I
)
_URL = re.compile(r"https?://|www\.|\S@\S")
_WORD = re.compile(r"[^\W\d_]{2,}")
_RULE = re.compile(r"[_=*-]{4,}")

_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = tuple(_MONTH_NAMES.split())
_DATE = r"(" + "|".join(_MONTHS) + r")\s+(\d{1,2})\s*,\s*((?:19|20)\d\d)"
_YEAR_ENDED = re.compile(r"\b(?:fiscal\s+|financial\s+)?years?\s+end(?:ed|ing)\s*:?\s*" + _DATE, re.I)
_QUARTER_ENDED = re.compile(
    r"\b(?:quarter(?:ly)?\s+(?:period\s+)?|three\s+months\s+)end(?:ed|ing)\s*:?\s*" + _DATE, re.I
)
_LAST_DAY_OF_YEAR_BEFORE = 7


def find_title(front: Sequence[str], stated: str | None = None) -> str | None:
    """A title for people: the filer and its form where the first page is a filing's cover, else the stated title
    where it is plausible, else the first line where it reads like one, else None.
    """
    lines = [line.strip() for line in (front[0] if front else "").split("\n") if line.strip()]
    found = _filing(lines, front) or (stated if stated and _is_plausible(stated) else None)
    return (found or _first_line(lines) or "")[:LONGEST_TITLE] or None


def find_period(front: Sequence[str]) -> str | None:
    """The fiscal period the first pages say they cover: ``FY2019 (ended 2019-05-31)`` or ``quarter ended 2023-06-30``.

    A year that ends in the first week of January is named after the one before it. None where two periods contradict.
    """
    text = " ".join(" ".join(front).split())[:20_000]
    annual = _first_date(_YEAR_ENDED, text)
    if annual is not None:
        is_next_january = annual.month == 1 and annual.day <= _LAST_DAY_OF_YEAR_BEFORE
        return f"FY{annual.year - is_next_january} (ended {annual.isoformat()})"
    quarter = _first_date(_QUARTER_ENDED, text)
    return f"quarter ended {quarter.isoformat()}" if quarter else None


def _first_date(pattern: re.Pattern[str], text: str) -> date | None:
    for month, day, year in pattern.findall(text):
        try:
            return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
        except ValueError:
            continue
    return None


def _filing(lines: Sequence[str], front: Sequence[str]) -> str | None:
    for number, line in enumerate(lines[1:60], 1):
        filer = _RULE.split(lines[number - 1])[-1].strip()
        if _REGISTRANT.match(line) and _WORD.search(filer) and len(filer) <= 90:
            form = _FORM.search(" ".join(lines))
            year = (find_period(front) or "").split(" (")[0]
            parts = [filer, f"Form {form.group(1).upper()}" if form else "", year if year.startswith("FY") else ""]
            return " ".join(part for part in parts if part)
    return None


def _is_plausible(title: str) -> bool:
    title = title.strip()
    letters = sum(c.isalpha() for c in title)
    if not _WORD.search(title) or letters < len(title) / 2 or len(title) > LONGEST_TITLE:
        return False
    if " " not in title and ("_" in title or any(c.isdigit() for c in title)):
        return False
    return not (_NO_TITLE.match(title) or _FILE_NAME.match(title) or _URL.search(title))


def _first_line(lines: Sequence[str]) -> str | None:
    for line in lines[:2]:
        if _is_plausible(line):
            ends_a_sentence = line[-1] in ".,;:"
            return None if ends_a_sentence or len(_WORD.findall(line)) < 2 or line[0].islower() else line
    return None
