"""Filters over what is known of documents."""

from datetime import UTC, date, datetime

import pytest

from docpager.agent.document_terms import DocumentTerms, first_day, last_day, read_terms
from docpager.records import Document, DocumentStatus, LastAction


def document(path: str, **fields) -> Document:
    return Document(path, path, DocumentStatus.INDEXED, LastAction.ADDED, **fields)


DOCUMENTS = [
    document(
        "filings/acme.pdf",
        language="en",
        title="Acme Annual Report",
        period="FY2022 (ended 2022-12-31)",
        published_at=datetime(2023, 2, 1, 23, 30, tzinfo=UTC),
    ),
    document("berichte/Nord.PDF", language="de", title="Nordsee\nGeschäftsbericht", published_at=datetime(2021, 6, 30)),
    document("notes.txt"),
]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["language:de"], ["berichte/Nord.PDF"]),
        (["language: DE-at"], ["berichte/Nord.PDF"]),
        (["Language:fr"], []),
        (["since:2022"], ["filings/acme.pdf"]),
        (["since:2023-02-01"], ["filings/acme.pdf"]),
        (["since:2023-02-02"], []),
        (["until:2023-02-01"], ["filings/acme.pdf", "berichte/Nord.PDF"]),
        (["until:2021-06"], ["berichte/Nord.PDF"]),
        (["until:2021-05"], []),
        (["since:2021", "until:2021"], ["berichte/Nord.PDF"]),
        (["period:fy2022"], ["filings/acme.pdf"]),
        (["path:*.pdf"], ["filings/acme.pdf", "berichte/Nord.PDF"]),
        (["path:*.pdf", "language:en"], ["filings/acme.pdf"]),
        (["path:notes.txt"], ["notes.txt"]),
        (["title:nordsee geschäfts"], ["berichte/Nord.PDF"]),
        ([], ["filings/acme.pdf", "berichte/Nord.PDF", "notes.txt"]),
    ],
)
def test_documents_meet_every_term(names, found):
    terms, others = read_terms(names)
    assert [d.path for d in terms.among(DOCUMENTS)] == found
    assert others == []
    assert bool(terms) == bool(names)


def test_names_that_are_no_terms_are_left():
    assert read_terms(["d1", "title:", "a:b", "language:de"]) == (DocumentTerms(language="de"), ["d1", "title:", "a:b"])


def test_terms_are_told_as_they_are_written():
    terms, _ = read_terms(["until:2021-02", "language:de", "path:a b/*"])
    assert str(terms) == "language:de, until:2021-02-28, path:a b/*"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2020", date(2020, 1, 1), date(2020, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        (" 2020-02-03 ", date(2020, 2, 3), date(2020, 2, 3)),
    ],
)
def test_years_and_months_are_all_of_their_days(text, first, last):
    assert (first_day(text), last_day(text)) == (first, last)


@pytest.mark.parametrize("text", ["", "soon", "20", "2020-13", "2020-02-30", "2020-00", "0000", "3.2.2020"])
def test_what_is_no_date_is_refused(text):
    for read in (first_day, last_day):
        with pytest.raises(ValueError, match="is no date"):
            read(text)
