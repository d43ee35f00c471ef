"""RTF as a run of tokens: words with their numbers, signs, groups and text in the character set of its font."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,40})(?P<number>-?\d{1,10})?[ ]?"
    rb"|\\'(?P<byte>[0-9A-Fa-f]{2})"
    rb"|\\(?P<sign>[^A-Za-z])"
    rb"|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]+)",
    re.S,
)

CODEPAGES: dict[int, int | str] = {
    0: 1252,
    2: 1252,
    77: "mac_roman",
    128: 932,
    129: 949,
    130: 1361,
    134: 936,
    136: 950,
    161: 1253,
    162: 1254,
    163: 1258,
    177: 1255,
    178: 1256,
    186: 1257,
    204: 1251,
    222: 874,
    238: 1250,
    254: 437,
    255: 850,
}
"""The character set that a font's ``fcharset`` means."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token: ``kind`` is word, sign, byte, text, { or }; ``number`` is a word's, None where it has none."""

    kind: str
    value: str = ""
    number: int | None = None
    data: bytes = b""


def tokens(data: bytes) -> Iterator[Token]:
    """The tokens of a file; what follows ``bin`` is left out."""
    position = 0
    while True:
        match = _TOKEN.search(data, position)
        if match is None:
            return
        position = match.end()
        if match["word"]:
            number = None if match["number"] is None else int(match["number"])
            word = match["word"].decode("ascii")
            if word == "bin":
                position += max(0, number or 0)
            else:
                yield Token("word", word, number)
        elif match["byte"]:
            yield Token("byte", data=bytes([int(match["byte"], 16)]))
        elif match["sign"]:
            yield Token("sign", match["sign"].decode("latin-1"))
        elif match["brace"]:
            yield Token(match["brace"].decode("ascii"))
        else:
            yield Token("text", data=match["text"])


def codec(codepage: int | str) -> str:
    """Python's name of a code page; that of western Windows where there is none."""
    name = codepage if isinstance(codepage, str) else {65001: "utf-8", 1361: "johab"}.get(codepage, f"cp{codepage}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name
