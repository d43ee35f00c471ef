"""The encoding of text files."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 100_000
_COMMON = """
    cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 koi8_r koi8_u cp866 iso8859_2 iso8859_5 iso8859_6 iso8859_7
    iso8859_8 iso8859_9 iso8859_15 cp874 cp932 euc_jp gb18030 big5 euc_kr cp949 johab
""".split()  # noqa: SIM905
"""What files are in; charset-normalizer knows more, and takes mac_cyrillic as gladly as cp1251."""
_FOREIGN = re.compile(rb"[\x80-\xff]")
_WESTERN = frozenset("ÀÁÂÄÆÇÈÉÊËÎÏÑÓÔÖØÙÛÜßàáâäæçèéêëíîïñóôöøùúûüœåÅ€£§°©®™«»‘’“”„–—•…·½¼¾²³±×\xa0\xad¡¿ãõ")


def decode(data: bytes) -> str:
    """Text in its own encoding: by its mark, as UTF-8, else as it seems; bytes that do not fit become U+FFFD."""
    return data.decode(encoding_of(data), "replace")


def encoding_of(data: bytes) -> str:
    """The encoding of a text, or of its beginning."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    wide = _wide(data)
    if wide:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)  # a sample may end within a character
        return "utf-8"
    except UnicodeDecodeError as error:
        # A few bad bytes in long UTF-8 are damage, not another encoding.
        return "utf-8" if _mostly_utf8(data[max(0, error.start - 1000) :][:_SAMPLE_BYTES]) else _guess(data)


def _wide(data: bytes) -> str | None:
    """UTF-16 without its mark: every other byte is zero in most Latin letters, blanks and punctuation."""
    sample = data[:4000]
    if len(sample) < 4 or 0 not in sample:
        return None
    odd, even = sample[1::2].count(0) / len(sample[1::2]), sample[::2].count(0) / len(sample[::2])
    if odd > 0.4 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 and odd < 0.05 else None


def _mostly_utf8(sample: bytes) -> bool:
    foreign = len(_FOREIGN.findall(sample))
    wrong = sample.decode("utf-8", "replace").count("\ufffd")
    return foreign >= 50 and wrong * 20 < foreign


def _guess(data: bytes) -> str:
    first = _FOREIGN.search(data)
    start = max(0, first.start() - 1000) if first else 0
    sample = data[start : start + _SAMPLE_BYTES]
    if _seems_western(sample):
        return "cp1252"
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_COMMON).best() or from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"


def _seems_western(sample: bytes) -> bool:
    text = sample.decode("cp1252", "replace")
    foreign = [character for character in text if character > "\x7f"]
    known = sum(character in _WESTERN for character in foreign)
    return len(foreign) < 0.3 * len(text) and known >= 0.99 * len(foreign)
