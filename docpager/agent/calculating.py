"""The tool that calculates: exact arithmetic over numbers as filings print them, and nothing else."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import TYPE_CHECKING, Any

from docpager.agent.arguments import Arguments
from docpager.agent.tool_result import ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.agent.writing import addresses_of
from docpager.errors import ToolError
from docpager.figures import DIGITS
from docpager.records.views import NoticeView
from docpager.transcript import fold

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CHARACTERS = 400
SIGNIFICANT_DIGITS = 12
"""Digits of a result that are shown and recorded; whole numbers are shown whole."""
CONSTANTS = {"pi": Decimal("3.14159265358979323846"), "e": Decimal("2.71828182845904523536")}
_LARGEST_EXPONENT = 400
_CONTEXT = Context(
    prec=40, Emax=_LARGEST_EXPONENT, Emin=-_LARGEST_EXPONENT, traps=[DivisionByZero, InvalidOperation, Overflow]
)
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "^": "**", "\n": " ", "\t": " "})
_NUMBER = re.compile(DIGITS)
_LONE = re.compile(rf"(?<![\w)])\(\s*(?P<digits>{DIGITS})\s*\)")
_PERCENT = re.compile(rf"(?P<digits>{DIGITS})\s*(?:%|per\s?cent\b)")
_CURRENCY = re.compile(r"(?:\b(?:US|C|A|HK|NZ|S))?[$€£¥₹]|\b(?:USD|EUR|GBP|JPY|CHF)\b")
_ALLOWED = re.compile(r"(?:[\d.+\-*/() ]|\bpi\b|\be\b)*")


def calculate(work: Workspace, arguments: Arguments) -> ToolResult:
    """Works out an expression; its result is cited by the addresses of the lines its numbers come from.

    Raises ``ToolError`` for what is no arithmetic, is too large, or rests on lines that were not shown.
    """
    expression = normalized(arguments.text("expression"))
    result = shown_number(evaluate(expression))
    addresses = addresses_of(work, arguments.texts("addresses"))
    touched = work.touch(addresses)
    named = [str(address) for address in addresses]
    told = {"expression": expression, "result": result, "addresses": named}
    work.note_event("Calculated", told, page_ids=touched)
    cite = f"; cite {' '.join(named)}" if named else "; cite the lines its numbers stand on"
    return shown(NoticeView(f"{expression} = {result}{cite}"))


def normalized(expression: str) -> str:
    """An expression as people write it, as arithmetic: ``(10,980) - 5%`` is ``-10980 - 5/100``, in brackets.

    Marks between thousands and signs of currencies go. A number alone in parentheses is negative, as filings print it,
    where it has such a mark; where it has none and fewer than four digits it could be either: ``ToolError``.
    """
    if len(expression) > MAX_CHARACTERS:
        raise ToolError(f"The expression has {len(expression)} characters; calculate takes {MAX_CHARACTERS}.")
    text = _CURRENCY.sub("", expression).translate(_SIGNS).replace("_", "")
    text = _LONE.sub(_lone_number, text)
    text = _PERCENT.sub(lambda match: f"({_plain(match['digits'])}/100)", text)
    text = fold(_NUMBER.sub(lambda match: _plain(match.group()), text))
    if not _ALLOWED.fullmatch(text):
        strange = _ALLOWED.sub("", text, count=1)[:20].strip()
        raise ToolError(
            f"calculate takes numbers, + - * / ** %, brackets, pi and e; it cannot read {strange!r}. "
            "Write, for example, (75,028 - 70,647) / 70,647 * 100."
        )
    return text


def _lone_number(match: re.Match[str]) -> str:
    digits = match["digits"]
    if _plain(digits) != digits:
        return f"(-{_plain(digits)})"
    if len(digits.partition(".")[0]) < 4:
        raise ToolError(f"({digits}) can mean {digits} or -{digits}. Write one of them without brackets.")
    return match.group()


def _plain(digits: str) -> str:
    return re.sub(r"[^\d.]", "", digits)


def evaluate(expression: str) -> Decimal:
    """The value of a normalised expression; raises ``ToolError`` where it has none or its parts grow too large."""
    from simpleeval import InvalidExpression

    try:
        with localcontext(_CONTEXT):
            return _decimal(_evaluator().eval(expression)) + 0
    except DivisionByZero:
        raise ToolError(f"{expression} divides by zero.") from None
    except (Overflow, OverflowError):
        raise ToolError(f"{expression} is too large to be worked out.") from None
    except (InvalidExpression, DecimalException, SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        raise ToolError(f"{expression} is no arithmetic that has a result. Check its brackets and signs.") from None


def shown_number(value: Decimal) -> str:
    """A result in plain digits: whole numbers whole, others to twelve significant digits."""
    if value == value.to_integral_value():
        return f"{value:.0f}" if value.adjusted() < 30 else f"{value:.{SIGNIFICANT_DIGITS}g}"
    rounded = Context(prec=SIGNIFICANT_DIGITS).plus(value).normalize()
    return f"{rounded:f}" if rounded.adjusted() > -20 else str(rounded)


def _decimal(value: Any) -> Decimal:
    # bool is an int, and a float's own digits are those the expression was written with.
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _evaluator() -> Any:
    """An evaluator that knows nothing but numbers, two constants and six operators; it is never given names."""
    import ast

    from simpleeval import SimpleEval

    def binary(work_out: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], Decimal]:
        return lambda a, b: work_out(_decimal(a), _decimal(b))

    operators = {
        ast.Add: binary(lambda a, b: a + b),
        ast.Sub: binary(lambda a, b: a - b),
        ast.Mult: binary(lambda a, b: a * b),
        ast.Div: binary(lambda a, b: a / b),
        ast.Pow: binary(lambda a, b: a**b),
        ast.USub: lambda a: -_decimal(a),
        ast.UAdd: _decimal,
    }
    return SimpleEval(operators=operators, functions={}, names=dict(CONSTANTS))
