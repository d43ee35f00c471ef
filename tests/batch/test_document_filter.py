"""``--where``: true of the documents it names, and nothing but that."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.batch.document_filter import COLUMNS, DEEPEST, MOST_CHARACTERS, document_filter
from docpager.errors import UsageError
from docpager.records import Document, DocumentStatus, LastAction


def document(name: str, path: str, **columns) -> Document:
    return Document(name, path, columns.pop("status", DocumentStatus.INDEXED), LastAction.ADDED, **columns)


DOCUMENTS = [
    document(
        "a",
        "contracts/Alma.pdf",
        title="The Alma's lease",
        period="FY2023",
        page_count=12,
        published_at=datetime(2023, 6, 30, 23, 59, tzinfo=UTC),
    ),
    document("b", "contracts/berth_50%.docx", period="FY2022", page_count=1, language="en"),
    document("c", "letters/2023/c.txt", status=DocumentStatus.NEEDS_OCR, published_at=datetime(2023, 7, 1, tzinfo=UTC)),
    document("d", "letters/or 'x'='x'.txt", collection="letters", page_count=2, language="de"),
]

TRUE_OF = [
    ("path = 'contracts/Alma.pdf'", "a"),
    ("PATH LIKE 'contracts/%' AND Period = 'FY2023'", "a"),
    ("path like 'contracts/%' or language = 'de'", "abd"),
    ("not path like 'contracts/%'", "cd"),
    ("path not like 'contracts/%'", "cd"),
    ("path like '%alma%'", ""),
    ("path ilike '%ALMA%'", "a"),
    ("path like '%50\\%%'", ""),
    ("path like 'contracts/______.pdf'", ""),
    ("path like 'contracts/____.pdf'", "a"),
    ("path like '%/%/%'", "c"),
    ("path like '%c%c%'", "ab"),
    ("path like '%'", "abcd"),
    ("path like ''", ""),
    ("path = 'letters/or ''x''=''x''.txt'", "d"),
    ("path = 'x' or 'x'='x'", UsageError),
    ("title = 'The Alma''s lease'", "a"),
    ("period != 'FY2023'", "b"),
    ("period <> 'FY2023' or period is null", "bcd"),
    ("not period = 'FY2023'", "b"),
    ("not (period = 'FY2023' or language = 'en')", ""),
    ("period in ('FY2022', 'FY2023')", "ab"),
    ("period not in ('FY2022', 'FY2021')", "a"),
    ("period is not null", "ab"),
    ("page_count > 1", "ad"),
    ("page_count between 2 and 12", "ad"),
    ("page_count not between 2 and 12", "b"),
    ("page_count >= 1.5 and page_count < 12", "d"),
    ("page_count = 1 or page_count = 2 and language = 'en'", "b"),
    ("(page_count = 1 or page_count = 2) and language = 'de'", "d"),
    ("published_at = '2023-06-30'", "a"),
    ("published_at <= '2023-06-30'", "a"),
    ("published_at > '2023-06-30T23:59:00'", "c"),
    ("published_at between '2023-06-30' and '2023-07-01'", "ac"),
    ("published_at >= '2023-07-01T01:00:00+01:00'", "c"),
    ("status = 'needs_ocr'", "c"),
    ("status in ('indexed', 'partial')", "abd"),
    ("collection = ''", "abc"),
]


@pytest.mark.parametrize(("expression", "names"), TRUE_OF)
def test_an_expression_is_true_of_these_documents(expression, names):
    if names is UsageError:
        with pytest.raises(UsageError, match="expected a column"):
            document_filter(expression)
        return
    wanted = document_filter(expression)
    assert "".join(d.doc_id for d in DOCUMENTS if wanted(d)) == names


WRONG = [
    ("", 1, "expected a column, found the end"),
    ("path like", 10, "expected text in single quotes, found the end"),
    ("path lik 'a'", 6, "expected =, !=, <, <=, >, >=, like, ilike, in, between or is, found lik"),
    ("page_count > '3'", 14, "page_count is compared with a number"),
    ("period = 2023", 10, "period is compared with text in single quotes"),
    ("published_at > 'soon'", 16, "'soon' is no date; write one as '2023-06-30'"),
    ("page_count like '1%'", 17, "page_count is no text; compare it with =, <, > or between"),
    ("title = null", 9, "expected text in single quotes (write: is null), found null"),
    ("path = 'it", 8, "this quote is never closed"),
    ("path = 'a'; drop table documents", 11, "this cannot stand here"),
    ("path = 'a' -- comment", 12, "this cannot stand here"),
    ("path = 'a' path = 'b'", 12, "expected and, or, or the end, found path"),
    ("(path = 'a'", 12, "expected ), found the end"),
    ("path in ()", 10, "expected text in single quotes, found )"),
    ("path = title", 8, "expected text in single quotes, found title"),
    ("length(path) > 3", 1, "documents have no column length; they have doc_id, path, "),
    ("__class__ = 'a'", 1, "documents have no column __class__; they have "),
    ("read_text('/etc/passwd') = ''", 1, "documents have no column read_text; they have "),
    ("not " * (DEEPEST + 1) + "path = 'a'", 4 * DEEPEST + 1, f"more than {DEEPEST} parentheses and nots inside each"),
    ("(" * 5000, DEEPEST + 1, f"more than {DEEPEST} parentheses and nots inside each"),
]


@pytest.mark.parametrize(("expression", "position", "what"), WRONG)
def test_what_cannot_be_read_is_pointed_at(expression, position, what):
    with pytest.raises(UsageError) as caught:
        document_filter(expression)
    message, shown, caret = str(caught.value).split("\n")
    assert message.startswith(f"--where cannot be read at character {position}: {what}")
    assert caret.endswith("^")
    pointed = shown[len(caret) - 1 :][:1] or "the end"
    assert pointed == (expression[position - 1 : position] or "the end")


def test_an_expression_has_an_end():
    with pytest.raises(UsageError, match=f"takes {MOST_CHARACTERS:,} characters; this has 10,009"):
        document_filter("path = '" + "a" * MOST_CHARACTERS + "'")


def test_every_column_of_documents_can_be_asked_about():
    values = {str: "'x'", float: "1", datetime: "'2023-01-01'"}
    for column, kind in COLUMNS.items():
        document_filter(f"{column} = {values[kind]} or {column} is null")(DOCUMENTS[0])
    assert {name for name, kind in COLUMNS.items() if kind is datetime} == {
        "published_at",
        "modified_at",
        "ingested_at",
    }
    assert COLUMNS["page_count"] is float


@given(st.text(max_size=40))
def test_any_text_between_quotes_means_itself_and_nothing_else(text):
    wanted = document_filter("path = '" + text.replace("'", "''") + "'")
    assert wanted(document("x", text))
    assert not wanted(document("x", text + "x"))


@given(st.text(alphabet="ab%_\n", max_size=12), st.text(alphabet="ab\n", max_size=12))
def test_like_matches_as_its_definition_says(pattern, text):
    plain = "".join({"%": ".*", "_": "."}.get(c, re.escape(c)) for c in pattern)
    expected = re.fullmatch(plain, text, re.DOTALL) is not None
    assert document_filter(f"path like '{pattern}'")(document("x", text)) is expected


def test_a_pattern_of_many_wildcards_takes_no_time():
    started = time.perf_counter()
    assert not document_filter(f"path like '{'%a' * 60}b'")(document("x", "a" * 4000))
    assert time.perf_counter() - started < 1


@given(st.text(alphabet="pathorndeislk 'x()=<>,%1-\"", max_size=60))
def test_whatever_is_written_is_read_or_refused(expression):
    with contextlib.suppress(UsageError):
        document_filter(expression)(DOCUMENTS[0])
