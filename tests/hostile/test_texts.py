"""Awkward text: it comes through archive, search, citation and Parquet as it is, or its replacement is counted."""
# ruff: noqa: E501

from __future__ import annotations

import json
import random
import unicodedata

import pytest

from docpager import ScriptedModel, ask_question, call
from docpager.batch.tables import read_answers, read_citations
from docpager.ingest.cleaning import clean
from docpager.running import run_questions
from docpager.settings import AgentSettings, IngestSettings, RunSettings
from docpager.wiring import ingest_folder, open_archive

SEED = 4242
PIECES = [
    "\x00", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffd", "\ufffe", "\u202e", "\u2066", "\u200b",
    "\u200d", "\u0301\u0301\u0301", "\U000e0001", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "ﷺ", "𝔘𝔫𝔦", "ǅ", "ß",
    "İ", "\u00ad", "\u1160", "日本語", "العربية", "עברית", "हिन्दी", "ไทย", "\t", "  ", "'", '"', "''", "\\", "%s", "{0}", "${x}",
    "<script>alert(1)</script>", "<!--", "]]>", "&amp;", "&#0;", "'; DROP TABLE segments; --", "=1+1", "@SUM(A1)", "-2+3",
    "[page p1 | d1 a.txt | page 1 | x | lines 1-1 of 1]", "p1:1", "<<<memory x>>>", "[end p1]", "[notice] done", "\x1a",
    "NULL", "None", "NaN", "1e309", "٣٤٥", "½", "ﬁ", "\u0000\u0000", "🏴\U000e0067\U000e0062", "﷽", "\ud7ff", "\U0010ffff",
]  # fmt: skip
CHARSETS = {
    "utf-8": "Größe, naïve, 日本語, Ελληνικά", "utf-8-sig": "Größe", "utf-16": "Größe 日本", "utf-16-le": "The ferry sails.",
    "utf-16-be": "The ferry sails.", "utf-32": "Größe 日本", "ascii": "The ferry sails.", "cp1252": "The price of a “naïve” café – €5",
    "iso-8859-1": "Größe und Übergabe, ça va", "iso-8859-15": "Größe und Übergabe",
}  # fmt: skip
GUESSED = {
    "cp1250": "Zażółć gęślą jaźń, příliš žluťoučký kůň", "iso-8859-2": "Zażółć gęślą jaźń, příliš žluťoučký kůň",
    "cp1251": "Паром отходит в полдень от причала", "koi8-r": "Паром отходит в полдень от причала",
    "koi8-u": "Пором відходить опівдні від причалу", "iso-8859-5": "Паром отходит в полдень от причала",
    "cp866": "Паром отходит в полдень от причала", "mac-cyrillic": "Паром отходит в полдень от причала",
    "cp1253": "Το πλοίο φεύγει το μεσημέρι", "iso-8859-7": "Το πλοίο φεύγει το μεσημέρι",
    "cp1254": "Vapur öğlen iskeleden kalkıyor", "iso-8859-9": "Vapur öğlen iskeleden kalkıyor",
    "cp1255": "המעבורת יוצאת בצהריים", "iso-8859-8": "המעבורת יוצאת בצהריים", "cp1256": "تغادر العبارة عند الظهر",
    "iso-8859-6": "تغادر العبارة عند الظهر", "cp1257": "Keltas išplaukia vidurdienį", "iso-8859-13": "Keltas išplaukia",
    "iso-8859-4": "Keltas išplaukia vidurdienį", "tis-620": "เรือออกตอนเที่ยง",
    "shift_jis": "フェリーは正午に出発します", "euc-jp": "フェリーは正午に出発します", "iso-2022-jp": "フェリーは正午に出発します",
    "gb2312": "渡轮中午从码头出发", "gbk": "渡轮中午从码头出发", "gb18030": "渡轮中午从码头出发", "big5": "渡輪中午從碼頭出發",
    "euc-kr": "여객선은 정오에 출발합니다", "cp949": "여객선은 정오에 출발합니다", "johab": "여객선은 정오에",
    "hz": "渡轮中午", "cp437": "Größe naïve", "cp850": "Größe naïve", "mac-roman": "Größe naïve",
}  # fmt: skip
"""Encodings that no mark tells. Some cannot be told apart by so few words; the common ones are."""


PLAIN = "The harbour board met in the hall, and spoke of the ferry. " * 8
"""A text with a NUL among few letters would be taken for no text at all."""


def awkward_strings(count):
    chance = random.Random(SEED)
    made = list(PIECES)
    while len(made) < count:
        words = [chance.choice([*PIECES, "ferry", "noon", "A1"]) for _ in range(chance.randrange(2, 9))]
        made.append(chance.choice(["", " ", "\n", "\n\n"]).join(words))
    return made[:count]


@pytest.fixture(scope="module")
def strings(count):
    return awkward_strings(count(80, 500))


@pytest.fixture(scope="module")
def archive(strings, tmp_path_factory):
    """Each string in a file of its own, beside a word that no other file has."""
    folder = tmp_path_factory.mktemp("awkward")
    (folder / "texts").mkdir()
    for number, text in enumerate(strings):
        said = PLAIN + f"marker{number:04}q {text} follows."
        (folder / "texts" / f"{number:04}.txt").write_bytes(said.encode("utf-8", "surrogatepass"))
    uri = str(folder / "a.lancedb")
    ingest_folder(folder / "texts", IngestSettings(archive=uri, workers=2, embedder="none"))
    opened = open_archive(uri)
    assert [row.status.value for row in opened.documents()] == ["indexed"] * len(strings)
    return opened


def test_awkward_text_is_stored_found_and_cited_as_it_is(strings, archive):
    documents = {row.path: row for row in archive.documents()}
    for number, text in enumerate(strings):
        row = documents[f"{number:04}.txt"]
        [page] = archive.paper_pages(row.doc_id)
        kept, _ = clean(PLAIN + f"marker{number:04}q {text} follows.")
        assert letters(page.text) == letters(kept), repr(text)
        [hit, *_] = archive.search(f"marker{number:04}q", limit=1)
        assert hit.document.path == row.path
        [found, *_] = archive.find(f"marker{number:04}Q", limit=1)
        assert found.doc_id == row.doc_id
        for segment in archive.segments_of(row.doc_id):
            assert page.text[segment.char_start : segment.char_end] == segment.text


def letters(text):
    """All that is no blank: readers lay blanks and line ends out anew."""
    return "".join(text.split())


def test_a_citation_of_awkward_text_is_exact(strings, archive):
    for number in range(0, len(strings), 10):
        model = ScriptedModel(
            [
                call("search", query=f"marker{number:04}q"),
                call("page_in", pages=["p1"]),
                call("answer", statements=[{"text": strings[number], "addresses": ["p1:1-2"]}]),
            ]
        )
        answer = ask_question(f"What of {strings[number]}?", archive=archive, model=model)
        [citation] = answer.citations
        assert (citation.verify_status, citation.doc_path) == ("exact", f"{number:04}.txt")


def test_awkward_questions_come_back_from_parquet_as_they_are(strings, archive, tmp_path):
    path = tmp_path / "questions.jsonl"
    rows = [{"question_id": f"q{n}", "question": f"marker{n:04}q {text}?"} for n, text in enumerate(strings)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = RunSettings(archive=archive.uri, output=str(tmp_path / "run"))
    report = run_questions(path, AgentSettings(context_tokens=4096, max_steps=4), run)
    answers = list(read_answers(report.folder))
    assert [row["question_id"] for row in answers] == [row["question_id"] for row in rows]
    for row, asked in zip(answers, rows, strict=True):
        assert letters(clean(row["question"])[0]) == letters(clean(asked["question"])[0])
    assert all(citation["verify_status"] == "exact" for citation in read_citations(report.folder))


def test_charsets_that_can_be_told_are_read_as_they_are(tmp_path, ingest):
    for charset, text in CHARSETS.items():
        (tmp_path / f"{charset}.txt").write_bytes((f"{text}\n" * 3).encode(charset))
    (tmp_path / "folder").mkdir()
    for charset in CHARSETS:
        (tmp_path / f"{charset}.txt").rename(tmp_path / "folder" / f"{charset}.txt")
    found = ingest(tmp_path / "folder")
    for charset, text in CHARSETS.items():
        assert letters(found.texts(f"{charset}.txt")) == letters(text * 3), charset


def test_charsets_that_must_be_guessed_are_read_where_they_are_common(tmp_path, ingest, figure):
    folder = tmp_path / "folder"
    folder.mkdir()
    for charset, text in GUESSED.items():
        (folder / f"{charset}.txt").write_bytes(". ".join([charset, *[text] * 8]).encode(charset))
    found = ingest(folder)
    right = [
        charset
        for charset, text in GUESSED.items()
        if letters(unicodedata.normalize("NFC", found.texts(f"{charset}.txt")))
        == letters(". ".join([charset, *[text] * 8]))
    ]
    assert {row.status.value for row in found.rows.values()} <= {"indexed", "duplicate"}
    assert {"cp1250", "cp1251", "cp1253", "koi8-r", "cp866", "shift_jis", "euc-jp", "gb18030", "cp949"} <= set(right)
    figure(f"{len(CHARSETS) + len(right)} of {len(CHARSETS) + len(GUESSED)} charsets read as written")
