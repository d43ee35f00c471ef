"""OCR: what Tesseract reads in a picture, and how sure it is of it."""

from __future__ import annotations

import csv
import functools
import io
import time
from collections.abc import Iterator
from dataclasses import dataclass

from docpager.errors import DocumentError
from docpager.ingest.readers.programs import TESSERACT, find_program, run_program
from docpager.settings import AUTO, IngestSettings

RESOLUTION = 300
"""Dots an inch at which pages are drawn: what Tesseract was made for."""
LEAST_CONFIDENCE = 45.0
"""Below this mean, in per cent, what was read is no text but what a picture looks like."""
WITHOUT_OCR = "-without-ocr"
"""Ends the reader's version of a document that has pictures which nobody could read then."""
TIME_SHARE = 0.8
"""Of a document's time, what OCR may take; the rest is for what follows."""

_CODES = """
ar ara, az aze, be bel, bg bul, bn ben, ca cat, cs ces, cy cym, da dan, de deu, el ell, en eng, eo epo, es spa,
et est, eu eus, fa fas, fi fin, fr fra, ga gle, gl glg, gu guj, he heb, hi hin, hr hrv, hu hun, hy hye, id ind,
is isl, it ita, ja jpn, ka kat, kk kaz, kn kan, ko kor, la lat, lt lit, lv lav, mk mkd, ml mal, mr mar, ms msa,
mt mlt, nb nor, nl nld, nn nor, no nor, pa pan, pl pol, pt por, ro ron, ru rus, sk slk, sl slv, sq sqi, sr srp,
sv swe, sw swa, ta tam, te tel, th tha, tr tur, uk ukr, ur urd, uz uzb, vi vie, yi yid, zh chi_sim
"""
TESSERACT_CODES = dict(pair.split() for pair in " ".join(_CODES.split()).split(", "))
"""Tesseract's names of languages, by ISO 639-1."""


@dataclass(frozen=True, slots=True)
class OcrOptions:
    """Whether pictures are read, in which language (ISO 639-1; None is English) and within how much time."""

    use: str = "off"
    language: str | None = None
    seconds: float = 60

    @classmethod
    def of(cls, settings: IngestSettings) -> OcrOptions:
        """As an ingest's settings say."""
        language = None if settings.language == AUTO else settings.language
        return cls(settings.ocr, language, settings.file_timeout_seconds)


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """The text of one picture, a printed line a line; the mean confidence of its characters in per cent."""

    text: str
    confidence: float


class Ocr:
    """OCR for one document, whose time began at ``started`` (``time.monotonic``), or begins now."""

    def __init__(self, options: OcrOptions, started: float | None = None) -> None:
        self.options = options
        self._ends = (time.monotonic() if started is None else started) + options.seconds * TIME_SHARE
        self._longest = 0.0
        self.language = TESSERACT_CODES.get(options.language or "en", options.language or "eng")

    def obstacle(self) -> str | None:
        """Why nothing can be read, as a sentence; None where it can."""
        if self.options.use == "off":
            return "OCR is off (--ocr auto turns it on)."
        if find_program(TESSERACT) is None:
            return f"OCR needs Tesseract ({TESSERACT.install}); then ingest again."
        if self.language not in installed_languages():
            return f"Tesseract has no data for the language {self.language!r}; install it, then ingest again."
        return None

    def has_time(self) -> bool:
        """Whether another picture can be read in the time there is."""
        return time.monotonic() + self._longest < self._ends

    def read(self, picture: bytes, resolution: int = RESOLUTION) -> ReadPicture:
        """Reads a picture in any format that Tesseract takes; raises ``DocumentError``, ``LimitExceededError``."""
        began = time.monotonic()
        # 1 also finds out which way is up, and 3 does not.
        segmentation = "1" if "osd" in installed_languages() else "3"
        arguments = ["-", "-", "-l", self.language, "--dpi", str(resolution), "--psm", segmentation, "tsv"]
        # Documents are read side by side; threads of one would only take the others' time.
        one_thread = {"OMP_THREAD_LIMIT": "1"}
        said = run_program(TESSERACT, arguments, picture, seconds=max(0.5, self._ends - began), variables=one_thread)
        self._longest = max(self._longest, time.monotonic() - began)
        return from_tsv(said.decode("utf-8", "replace"))


@functools.cache
def installed_languages() -> frozenset[str]:
    """The languages whose data Tesseract has here."""
    try:
        said = run_program(TESSERACT, ["--list-langs"], b"", seconds=20)
    except (DocumentError, OSError):
        return frozenset()
    return frozenset(line.strip() for line in said.decode("utf-8", "replace").splitlines()[1:] if line.strip())


def from_tsv(table: str) -> ReadPicture:
    """The lines of Tesseract's table of words; without text where it is not sure enough of them."""
    lines: dict[tuple[str, ...], list[str]] = {}
    weight = total = 0.0
    for place, word, confidence in _words(table):
        lines.setdefault(place, []).append(word)
        weight += len(word)
        total += len(word) * confidence
    mean = total / weight if weight else 0.0
    if mean < LEAST_CONFIDENCE:
        return ReadPicture("", mean)
    return ReadPicture("\n".join(" ".join(words) for words in lines.values()), mean)


def _words(table: str) -> Iterator[tuple[tuple[str, ...], str, float]]:
    """Each word with its block, paragraph and line, and the confidence in it."""
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row.get("text") or "").strip()
        try:
            confidence = float(row.get("conf") or -1)
        except ValueError:
            continue
        if word and confidence >= 0:
            yield (row["page_num"], row["block_num"], row["par_num"], row["line_num"]), word, confidence
