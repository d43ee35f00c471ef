"""Collections of records, and delimited files as one table."""

from __future__ import annotations

import json

import pyarrow
import pyarrow.parquet
import pytest

from docpager.errors import DocumentError, UnsupportedDocumentError
from docpager.ingest.readers import collections
from docpager.ingest.readers.collections import CollectionFields, RecordReader, is_collection, records
from docpager.ingest.readers.tables import CsvReader, delimiter_of
from docpager.records import BlockKind, DocumentStatus


def made(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


ROWS = [
    {"id": "a", "text": "first", "title": "One"},
    {"id": "b", "text": "second", "title": None},
]


def as_jsonl(tmp_path):
    return made(tmp_path, "c.jsonl", lines(*ROWS))


def as_csv(tmp_path):
    return made(tmp_path, "c.csv", "id;text;title\na;first;One\nb;second;\n")


def as_parquet(tmp_path):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / "c.parquet")
    return tmp_path / "c.parquet"


@pytest.mark.parametrize("make", [as_jsonl, as_csv, as_parquet])
def test_each_record_is_a_document_whatever_the_format(tmp_path, make):
    found = list(records(make(tmp_path), CollectionFields(text="text")))
    assert [(r.record_id, r.text, r.title, r.error) for r in found] == [
        ("a", "first", "One", None),
        ("b", "second", None, None),
    ]


SUFFIXES = [
    ("a.jsonl", None, True),
    ("a.PARQUET", None, True),
    ("a.csv", None, False),
    ("a.csv", "x", True),
    ("a.txt", "x", False),
]


@pytest.mark.parametrize(("name", "text_field", "expected"), SUFFIXES)
def test_which_files_are_collections(tmp_path, name, text_field, expected):
    assert is_collection(tmp_path / name, CollectionFields(text=text_field)) is expected


IDS = [
    (CollectionFields(), [{"_id": 7, "text": "x"}, {"doc_id": "d", "body": "y"}, {"content": "z"}], ["7", "d", "3"]),
    (CollectionFields(id="key"), [{"key": "k", "id": 1, "text": "x"}, {"id": 2, "text": "y"}], ["k", "2"]),
    (CollectionFields(), [{"id": "a", "text": "x"}] * 3, ["a", "a~2", "a~3"]),
    (CollectionFields(), [{"id": " a\nb\x00", "text": "x"}], ["a b\ufffd"]),
]


@pytest.mark.parametrize(("fields", "values", "expected"), IDS)
def test_a_record_is_named_by_its_id_field_or_its_number(tmp_path, fields, values, expected):
    file = made(tmp_path, "c.jsonl", lines(*values))
    assert [record.record_id for record in records(file, fields)] == expected


BROKEN = [
    (b"{not json", "Line 2 is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
    (b"[1, 2]", "Line 2 holds list, not an object."),
    (b'"text"', "Line 2 holds str, not an object."),
    (b"[" * 100_000, "Line 2 is not JSON: "),
    (b'{"text": {"a": 1}}', "Its field 'text' holds dict, not text."),
    (b'{"id": 5}', "Record 2 has no text field."),
]


@pytest.mark.parametrize(("line", "message"), BROKEN)
def test_a_broken_line_fails_alone(tmp_path, line, message):
    file = made(tmp_path, "c.jsonl", b'{"text": "a"}\n' + line + b'\n\n{"text": "b"}\n')
    first, broken, last = records(file, CollectionFields())
    assert (first.text, last.text, last.record_id) == ("a", "b", "4")
    assert broken.error.startswith(message)
    with pytest.raises(DocumentError):
        RecordReader().parse(broken)


def test_a_broken_line_is_named_by_its_number(tmp_path):
    file = made(tmp_path, "c.jsonl", b'{"text": "a"}\n\n{broken\n')
    assert [record.record_id for record in records(file, CollectionFields())] == ["1", "line-3"]


def test_a_line_too_long_to_be_held_fails_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(collections, "LONGEST_LINE", 100)
    file = made(tmp_path, "c.jsonl", lines({"text": "a"}, {"text": "x" * 1000}, {"text": "b"}))
    first, broken, last = records(file, CollectionFields())
    assert (first.text, last.text) == ("a", "b")
    assert broken.error == "Line 2 is longer than 100 bytes."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_marked_encoding_is_read(tmp_path, encoding):
    file = made(tmp_path, "c.jsonl", (json.dumps({"text": "é"}, ensure_ascii=False) + "\n").encode(encoding))
    assert [record.text for record in records(file, CollectionFields())] == ["é"]


def test_a_list_of_texts_is_a_text(tmp_path):
    file = made(tmp_path, "c.jsonl", lines({"text": ["a", "b"]}, {"text": 5}, {"text": None}))
    assert [record.text for record in records(file, CollectionFields())] == ["a\n\nb", "5", ""]


def test_without_a_text_field_it_says_which_there_are(tmp_path):
    file = made(tmp_path, "c.jsonl", lines({"a": 1, "b": 2}))
    with pytest.raises(UnsupportedDocumentError) as raised:
        list(records(file, CollectionFields()))
    assert str(raised.value) == (
        "No record has a field named text, content or body; it has a, b. Name the text's with --text-field."
    )
    with pytest.raises(UnsupportedDocumentError, match="named 'c'; it has a, b"):
        list(records(file, CollectionFields(text="c")))


def test_lines_that_are_all_broken_are_a_broken_file(tmp_path):
    with pytest.raises(DocumentError, match="None of its first 2 lines can be read: Line 1 is not JSON"):
        list(records(made(tmp_path, "c.jsonl", b"no\nno\n"), CollectionFields()))


def test_a_damaged_parquet_file_is_a_document_error(tmp_path):
    file = as_parquet(tmp_path)
    data = bytearray(file.read_bytes())
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(DocumentError, match="cannot be read as Parquet"):
        list(records(file, CollectionFields()))


def test_the_hash_is_of_title_and_text_only(tmp_path):
    same = [{"id": 1, "text": "x", "title": "t"}, {"id": 2, "text": "x", "title": "t", "more": 5}]
    other = [{"text": "x"}, {"text": "y"}, {"text": "tx"}]
    found = [record.sha256 for record in records(made(tmp_path, "c.jsonl", lines(*same, *other)), CollectionFields())]
    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_a_record_is_read_as_plain_text():
    parsed = RecordReader().parse(collections.Record("1", "sha", "One.\n\nTwo.", "Title"))
    assert (parsed.reader, parsed.title) == ("record", "Title")
    assert [block.kind for block in parsed.pages[0].blocks] == [BlockKind.PARAGRAPH] * 2


TABLES = [
    ("a.csv", "Year,Sales\n2020,5\n2021,\n", "Year | Sales\n2020 | 5\n2021 |"),
    ("a.csv", 'Name;Note\n"A; B";"two\nlines"\n', "Name | Note\nA; B | two lines"),
    ("a.tsv", "Name\tNote\nA,b\tc\n", "Name | Note\nA,b | c"),
]


@pytest.mark.parametrize(("name", "text", "expected"), TABLES)
def test_a_delimited_file_is_one_table(tmp_path, name, text, expected):
    document = CsvReader().read(made(tmp_path, name, text))
    (page,) = document.pages
    assert page.text == expected
    assert [block.kind for block in page.blocks][:2] == [BlockKind.TABLE_HEAD, BlockKind.TABLE_ROW]


def test_figures_in_the_first_row_are_no_column_heads(tmp_path):
    document = CsvReader().read(made(tmp_path, "a.csv", "1,2\n3,4\n"))
    assert [block.kind for block in document.pages[0].blocks] == [BlockKind.TABLE_ROW] * 2


def test_a_delimited_file_without_rows_is_empty(tmp_path):
    assert CsvReader().read(made(tmp_path, "a.csv", "\n,,\n")).status is DocumentStatus.EMPTY


DELIMITERS = [
    ("a,b\n1,2", ","),
    ("a;b\n1,5;2,5", ";"),
    ("a\tb\n1\t2", "\t"),
    ("a|b\n1|2", "|"),
    ("single\ncolumn", ","),
]


@pytest.mark.parametrize(("text", "delimiter"), DELIMITERS)
def test_the_delimiter_is_the_one_that_divides_evenly(text, delimiter):
    assert delimiter_of(text) == delimiter
