"""``--where``: which documents a run asks, as an expression over their columns.

A closed grammar, spelled as in SQL, that is parsed and evaluated here: nothing of it reaches a database, a shell or
Python, so there is nothing to inject into. ::

    expression  either ("or" either)*
    either      negated ("and" negated)*
    negated     "not" negated | "(" expression ")" | predicate
    predicate   column ("=" | "!=" | "<>" | "<" | "<=" | ">" | ">=") value
                | column ["not"] ("like" | "ilike") text
                | column ["not"] "in" "(" value ("," value)* ")"
                | column ["not"] "between" value "and" value
                | column "is" ["not"] "null"

Text stands in single quotes, a quote in it is doubled; dates are text, as in ``'2023-06-30'``. As in SQL, a comparison
with what is unknown is neither true nor false, and ``%`` and ``_`` stand for any characters and for one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, get_type_hints

from docpager.errors import UsageError
from docpager.records import Document

MOST_CHARACTERS = 10_000
DEEPEST = 50
"""So many parentheses and nots may stand inside each other."""

Filter = Callable[[Document], bool | None]
"""True, false, or None where a value that is unknown decides."""

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')
    |(?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    |(?P<word>[^\W\d]\w*)
    |(?P<sign><=|>=|<>|!=|==|[=<>(),])""",
    re.VERBOSE,
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KEYWORDS = frozenset({"and", "or", "not", "like", "ilike", "in", "between", "is", "null"})


def _columns() -> dict[str, type]:
    """The columns of ``documents`` and what they hold: str, float (any number) or datetime."""
    hints = get_type_hints(Document, localns={"numpy": Any})
    kinds: dict[str, type] = {}
    for field in fields(Document):
        held = str(hints[field.name])
        kinds[field.name] = datetime if "datetime" in held else float if re.search(r"\b(int|float)\b", held) else str
    return kinds


COLUMNS = _columns()


def document_filter(expression: str) -> Callable[[Document], bool]:
    """Which documents an expression is true of; raises ``UsageError`` that points at what cannot be read."""
    if len(expression) > MOST_CHARACTERS:
        raise UsageError(f"--where takes {MOST_CHARACTERS:,} characters; this has {len(expression):,}.")
    parser = _Parser(expression)
    test = parser.whole()
    return lambda document: test(document) is True


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """text, number, word, sign, or end."""
    text: str
    position: int

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.lower() in words


class _Parser:
    """Reads an expression by recursive descent: a method for each rule of the grammar."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = self._read()
        self._next = 0
        self._depth = 0

    def whole(self) -> Filter:
        test = self._expression_rule()
        if self._token.kind != "end":
            raise self._wrong("expected and, or, or the end")
        return test

    # Tokens

    def _read(self) -> list[_Token]:
        tokens, position = [], 0
        while position < len(self._expression):
            if self._expression[position].isspace():
                position += 1
                continue
            match = _TOKEN.match(self._expression, position)
            if match is None:
                what = "this quote is never closed" if self._expression[position] == "'" else "this cannot stand here"
                raise self._error(what, position)
            tokens.append(_Token(str(match.lastgroup), match[0], position))
            position = match.end()
        return [*tokens, _Token("end", "", len(self._expression))]

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _took(self, *words: str) -> bool:
        """Whether the next token is one of these words or signs; if so, it is taken."""
        found = self._token.is_word(*words) or (self._token.kind == "sign" and self._token.text in words)
        self._next += found
        return found

    def _expect(self, word: str) -> None:
        if not self._took(word):
            raise self._wrong(f"expected {word}")

    # Rules

    def _expression_rule(self) -> Filter:
        tests = [self._either()]
        while self._took("or"):
            tests.append(self._either())
        return _any(tests) if len(tests) > 1 else tests[0]

    def _either(self) -> Filter:
        tests = [self._negated()]
        while self._took("and"):
            tests.append(self._negated())
        return _all(tests) if len(tests) > 1 else tests[0]

    def _negated(self) -> Filter:
        token = self._token
        if not token.is_word("not") and token.text != "(":
            return self._predicate()
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} parentheses and nots inside each other", token.position)
        if self._took("not"):
            test = _not(self._negated())
        else:
            self._expect("(")
            test = self._expression_rule()
            self._expect(")")
        self._depth -= 1
        return test

    def _predicate(self) -> Filter:
        column = self._column()
        if self._took("is"):
            unwanted = self._took("not")
            self._expect("null")
            return lambda document: (getattr(document, column) is None) != unwanted
        if self._token.text in _COMPARISONS and self._token.kind == "sign":
            compare = _COMPARISONS[self._take().text]
            value = self._value(column)
            return _known(column, lambda held: compare(_as_of(held, value), value))
        unwanted = self._took("not")
        test = self._membership(column)
        return _not(test) if unwanted else test

    def _membership(self, column: str) -> Filter:
        if self._token.is_word("like", "ilike"):
            any_case = self._take().text.lower() == "ilike"
            pattern = self._pattern(column, any_case)
            return _known(column, lambda held: pattern.fullmatch(str(held)) is not None)
        if self._took("between"):
            low = self._value(column)
            self._expect("and")
            high = self._value(column)
            return _known(column, lambda held: low <= _as_of(held, low) and _as_of(held, high) <= high)
        if self._took("in"):
            values = self._values(column)
            return _known(column, lambda held: any(_as_of(held, value) == value for value in values))
        raise self._wrong("expected =, !=, <, <=, >, >=, like, ilike, in, between or is")

    def _column(self) -> str:
        token = self._token
        if token.kind != "word" or token.text.lower() in _KEYWORDS:
            raise self._wrong("expected a column")
        if token.text.lower() not in COLUMNS:
            raise self._error(f"documents have no column {token.text}; they have {', '.join(COLUMNS)}", token.position)
        return self._take().text.lower()

    def _pattern(self, column: str, any_case: bool) -> re.Pattern[str]:
        token = self._take()
        if COLUMNS[column] is not str:
            raise self._error(f"{column} is no text; compare it with =, <, > or between", token.position)
        if token.kind != "text":
            raise self._wrong("expected text in single quotes", token)
        return _like(_unquoted(token.text), any_case)

    def _values(self, column: str) -> list[Any]:
        self._expect("(")
        values = [self._value(column)]
        while self._took(","):
            values.append(self._value(column))
        self._expect(")")
        return values

    def _value(self, column: str) -> Any:
        token = self._take()
        kind = COLUMNS[column]
        if token.kind not in ("text", "number"):
            hint = " (write: is null)" if token.is_word("null") else ""
            raise self._wrong(f"expected {_SHAPES[kind]}{hint}", token)
        if (token.kind == "number") != (kind is float):
            raise self._error(f"{column} is compared with {_SHAPES[kind]}", token.position)
        if kind is not datetime:
            return float(token.text) if kind is float else _unquoted(token.text)
        try:
            return _moment(_unquoted(token.text))
        except ValueError:
            raise self._error(f"{token.text} is no date; write one as '2023-06-30'", token.position) from None

    def _wrong(self, what: str, token: _Token | None = None) -> UsageError:
        token = token or self._token
        found = "the end" if token.kind == "end" else token.text
        return self._error(f"{what}, found {found}", token.position)

    def _error(self, what: str, position: int) -> UsageError:
        start = max(0, position - 60)
        near = re.sub(r"\s", " ", self._expression[start : position + 60])
        return UsageError(
            f"--where cannot be read at character {position + 1}: {what}.\n  {near}\n  {' ' * (position - start)}^"
        )


_SHAPES = {str: "text in single quotes", float: "a number", datetime: "a date in single quotes"}


def _all(tests: Sequence[Filter]) -> Filter:
    def test(document: Document) -> bool | None:
        found = [each(document) for each in tests]
        return False if False in found else None if None in found else True

    return test


def _any(tests: Sequence[Filter]) -> Filter:
    def test(document: Document) -> bool | None:
        found = [each(document) for each in tests]
        return True if True in found else None if None in found else False

    return test


def _not(test: Filter) -> Filter:
    return lambda document: None if (found := test(document)) is None else not found


def _known(column: str, test: Callable[[Any], bool]) -> Filter:
    """A test of a column's value, None where the value is unknown."""
    return lambda document: None if (held := getattr(document, column)) is None else test(held)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _moment(text: str) -> date:
    """A day, or a moment in UTC."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _as_of(held: Any, value: Any) -> Any:
    """What a document holds, made comparable: a moment is compared with a day as the day it falls on, in UTC."""
    if not isinstance(held, datetime):
        return held
    moment = held.replace(tzinfo=UTC) if held.tzinfo is None else held.astimezone(UTC)
    return moment if isinstance(value, datetime) else moment.date()


def _like(pattern: str, any_case: bool) -> re.Pattern[str]:
    """A LIKE pattern as a regular expression that never backtracks from one ``%`` into another."""
    first, *rest = ("".join("." if c == "_" else re.escape(c) for c in part) for part in pattern.split("%"))
    if rest:
        *middle, last = rest
        first += "".join(f"(?>.*?{part})" for part in middle if part) + f".*{last}"
    return re.compile(first, re.DOTALL | (re.IGNORECASE if any_case else 0))
