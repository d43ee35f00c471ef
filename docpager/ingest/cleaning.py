"""The one gate through which every text from outside passes before it is kept.

Parquet, LanceDB and JSON take no lone surrogates; terminals and prompts should get no control characters. Clean first
and measure spans afterwards: a CR LF becomes one character.
"""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_LINE_END = re.compile("[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> tuple[str, int]:
    """The text with every line end as a newline and each NUL, lone surrogate, control character or noncharacter
    replaced by U+FFFD, and how many were replaced. A surrogate pair becomes the one character it stands for.
    """
    text = _without_surrogate_pairs(text).replace("\r\n", "\n").replace("\r", "\n")
    text = _LINE_END.sub("\n", text)
    return _UNWANTED.subn(REPLACEMENT, text)


def _without_surrogate_pairs(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text
