"""What headings of annual reports, contracts, papers and manuals look like in plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_HEADING = 120
LONGEST_WEAK_HEADING = 90

PART_LEVEL = 1
STATEMENT_LEVEL = 2
NOTE_LEVEL = 3
CAPITALS_LEVEL = 4
TITLE_LEVEL = 5

_SEPARATOR = r"\s*[.:)—–-]*\s*"
_NUMERAL = r"(\d{1,3}[A-Z]?(?:\.\d{1,2})?|[IVXLC]{1,6}|[A-Z])"
_NAMES = "item|article|chapter|part|appendix|annex|schedule|exhibit|section|note"
_NAMED = re.compile(rf"({_NAMES})\s+(?:no\.?\s*)?{_NUMERAL}\b{_SEPARATOR}(.*)", re.I)
_NAMED_START = re.compile(rf"(?:{_NAMES})s?\s+(?:\d|[ivxlc]+$)", re.I)
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})(\.|\))?\s+(.+)")
_ALONE = re.compile(
    r"(?:signatures?|(?:exhibit )?index|exhibits? index|index to exhibits|abstract|references|bibliography|glossary"
    r"|acknowledge?ments?|executive summary|recitals|definitions)\s*[.:]?",
    re.I,
)
_KINDS = "unaudited|audited|condensed|consolidated|combined|consolidating|interim|summary|supplemental"
_MODIFIERS = rf"(?:(?:{_KINDS})\s+)*"
_SUBJECTS = (
    "operations|income|(?:net )?earnings|loss|profit|(?:other )?comprehensive|cash ?flows?"
    "|financial (?:position|condition)|changes in|(?:share|stock|member|unit)\\w*|equity|retained|partners|capital"
    "|net assets|activities"
)
_OWNERS = "(?:share|stock)(?:holders|owners)[’']? "
_STANDARDS = r"(?:(?:u\.?s\.? )?gaap |ifrs )?"
_STATEMENT = re.compile(
    rf"(?:the )?{_STANDARDS}{_MODIFIERS}(?:balance sheets?|statements? of {_MODIFIERS}(?:the )?(?:{_SUBJECTS})"
    rf"|(?:income|earnings|comprehensive income|cash flows?|operations|(?:{_OWNERS})?equity) statements?)\b",
    re.I,
)
_NOTES = re.compile(rf"(?:selected )?notes to (?:the )?{_MODIFIERS}(?:financial statements|accounts)\b", re.I)
_REPORT = re.compile(r"(?:report of|independent auditor|management[’']s (?:annual )?report on)\b", re.I)
_CONTINUED = re.compile(r"[,—–-]?\s?\(?cont(?:inued|[’']d|\.)\s?\)?$", re.I)
_SMALL_WORD_LIST = "a an and as at by for from in into is its of on or our the to under vs with within per than via not"
_SMALL_WORDS = frozenset(_SMALL_WORD_LIST.split())
_WORD = re.compile(r"[^\W\d_][\w’'&-]*")
_NUMBER_WORD = re.compile(r"(?<![\w-])\d[\d,.]*(?![\w-])")
_YEAR = re.compile(r"(?:19|20)\d\d|\d[.,]?")
_NO_HEADING = re.compile(r"(?:none|page|total|date|name|title|by|signature|yes|no|notes?|amount|period)\b[\s:]*", re.I)
_OFFICE = re.compile(
    r"\b(?:officer|president|director|chairman|treasurer|secretary|controller|llp|attorney-in-fact)\b", re.I
)
_SENTENCE_VERB = re.compile(r"\b(?:is|are|was|were|has|have|see|refer|data)\b", re.I)
_ENDS_IN_PAGE = re.compile(r"\s(?:[A-Z]{1,2}-\d{1,3}|\d{1,3})$")
_ADDRESSEE = re.compile(r"to the\b", re.I)
_NAME = re.compile(r"\b(?:inc|corp|ltd|llc|co)\.|\b(?:plc|and subsidiaries)\b", re.I)
_DATE = re.compile(r"[A-Z][a-z]+ \d{1,2}, (?:19|20)\d\d|.*\d{4}-\d{4}.*")
_BOX = re.compile("[☐☒☑þ¨¬]")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that a line can be: its level, and a key that a repetition of it has too."""

    level: int
    key: str
    part: str = ""
    """As in ``item 7a`` or ``note 3``."""
    is_bare: bool = False
    """It has a number but no title."""


def without_continued(text: str) -> str:
    """A heading without its ``(continued)``."""
    return _CONTINUED.sub("", text).strip() if "cont" in text[-14:].casefold() else text


@lru_cache(maxsize=4096)  # each line is looked at for contents, tables and headings
def strong_heading(text: str) -> Heading | None:
    """What a line is a heading of by its wording alone: numbered parts, notes, statement titles, reports."""
    text = without_continued(text)
    if not 3 < len(text) <= LONGEST_HEADING or (
        text[-1].isdecimal() and text.count(" ") > 2 and _ENDS_IN_PAGE.search(text)
    ):
        return None
    # By the first character: a line of prose that begins in the midst of a sentence is looked at no further.
    if text[0].isupper():
        return _named(text) or _statement(text)
    return _numbered(text) if text[0].isdecimal() else None


def is_strong_heading(text: str) -> bool:
    """Whether a line's wording alone makes it a heading."""
    return strong_heading(text) is not None


def weak_level(text: str) -> int | None:
    """The level of a short line whose capitals make it look like a heading; None for any other line."""
    if (
        not 3 < len(text) <= LONGEST_WEAK_HEADING
        or text[-1] in ".,;:?!-–—"
        or not (text[0].isupper() or text[0] == "“")
    ):
        return None
    if _BOX.search(text) or "$" in text or _NO_HEADING.fullmatch(text) or _NAMED_START.match(text):
        return None
    if _ADDRESSEE.match(text) or _NAME.search(text) or _DATE.fullmatch(text):
        return None
    words = _WORD.findall(text)
    if not words or len(words) > 14 or max(map(len, words)) < 3:
        return None
    if any(not _YEAR.fullmatch(number) for number in _NUMBER_WORD.findall(text)):
        return None
    if text.upper() == text:
        return CAPITALS_LEVEL if len(text) >= 5 else None
    if "," in text and len(words) <= 3:
        return None
    return TITLE_LEVEL if is_title_case(words) and not names_an_office(text) else None


def names_an_office(text: str) -> bool:
    """Whether a line says what a person or firm is, as below a signature."""
    return bool(_OFFICE.search(text)) and len(text) <= LONGEST_WEAK_HEADING


def is_title_case(words: list[str], least_share: float = 0.8) -> bool:
    """Whether most words that count begin with a capital."""
    counting = [word for word in words if word.lower() not in _SMALL_WORDS]
    capital = sum(word[0].isupper() for word in counting)
    return bool(counting) and capital >= least_share * len(counting)


def _named(text: str) -> Heading | None:
    match = _NAMED.fullmatch(text)
    if match is None or match.group(1)[0].islower():
        return None
    name, number, title = match.group(1).lower(), match.group(2), match.group(3).strip()
    if number[-1].islower() or (title and not _is_heading_title(title)):
        return None
    part = f"{name} {number.lower()}"
    if name == "part" and not title:
        return None
    if name in ("schedule", "exhibit", "section") and not title:
        return None
    level = NOTE_LEVEL if name == "note" else 2 if name == "section" else PART_LEVEL
    return Heading(level, part, part, is_bare=not title)


def _is_heading_title(title: str) -> bool:
    words = _WORD.findall(title.rstrip("."))
    if not words or (title[-1] in ",;" and title.upper() != title) or not (title[0].isupper() or title[0] in '“"('):
        return False
    return is_title_case(words, 0.6) and "”" not in title[:-1] and len(words) <= 30


def _statement(text: str) -> Heading | None:
    if text[-1] in ".,;:" or not text[0].isupper():
        return None
    words = _WORD.findall(text)
    if not words or len(words) > 18 or not is_title_case(words):
        return None
    key = " ".join(words).casefold()
    if _ALONE.fullmatch(text):
        return Heading(PART_LEVEL, key)
    if len(words) <= 2 and text.upper() != text:
        return Heading(STATEMENT_LEVEL, key, is_bare=True) if _STATEMENT.fullmatch(text) else None
    is_statement = _NOTES.match(text) or _STATEMENT.match(text) or _REPORT.match(text)
    return Heading(STATEMENT_LEVEL, key) if is_statement and not _SENTENCE_VERB.search(text) else None


def _numbered(text: str) -> Heading | None:
    match = _NUMBERED.fullmatch(text)
    if match is None or len(text) > LONGEST_WEAK_HEADING:
        return None
    number, mark, title = match.groups()
    depth = number.count(".") + 1
    if title[-1] in ".,;:" or not _is_heading_title(title) or (depth == 1 and not mark and text.upper() != text):
        return None
    if any(c.isdigit() for c in title) or number.startswith("0"):
        return None
    return Heading(min(depth, 3), f"number {number}", f"number {number}")
