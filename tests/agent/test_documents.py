"""Which documents a name or some words mean."""

import pytest

from docpager.agent.documents import DocumentIndex
from docpager.errors import ToolError
from docpager.records import Document, DocumentStatus, LastAction


def document(doc_id: str, path: str, status=DocumentStatus.INDEXED, **fields) -> Document:
    return Document(doc_id, path, status, LastAction.ADDED, **fields)


INDEX = DocumentIndex(
    [
        document("id3", "filings/NORTHHARBOUR_2023_10K.pdf", period="FY2023"),
        document("id1", "filings/ACME_2022_10K.pdf", title="Acme Annual Report 2022"),
        document("id2", "filings/ACME_2023_10K.pdf", title="Acme Annual Report 2023"),
        document("id4", "mail/lost.eml", DocumentStatus.FAILED),
        document("id5", "copy/ACME_2023_10K.pdf", duplicate_of="id2"),
    ]
)


def paths(documents) -> list[str]:
    return [d.path.rsplit("/", 1)[-1] for d in documents]


def test_handles_follow_paths_and_only_readable_originals_have_one():
    assert len(INDEX) == 3
    assert [INDEX.handle(doc_id) for doc_id in ("id1", "id2", "id3", "id4", "id5")] == ["d1", "d2", "d3", "", ""]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("d2", ["ACME_2023_10K.pdf"]),
        ("id3", ["NORTHHARBOUR_2023_10K.pdf"]),
        ("filings/ACME_2022_10K.pdf", ["ACME_2022_10K.pdf"]),
        ("acme_2022_10k.PDF", ["ACME_2022_10K.pdf"]),
        ("Acme Annual Report 2023", ["ACME_2023_10K.pdf"]),
        ("ACME", ["ACME_2022_10K.pdf", "ACME_2023_10K.pdf"]),
    ],
)
def test_name_means_a_handle_an_id_a_title_or_part_of_a_path(name, found):
    assert paths(INDEX.resolve([name])) == found


def test_name_that_means_nothing_is_refused_with_what_is_near():
    with pytest.raises(ToolError) as error:
        INDEX.resolve(["acme report 1999"])
    assert str(error.value) == (
        "No document matches 'acme report 1999'. Near: filings/ACME_2022_10K.pdf, filings/ACME_2023_10K.pdf. "
        "Use a handle (d1) or a path that outline shows."
    )


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("Acme 2022", "ACME_2022_10K.pdf"),
        ("North Harbour", "NORTHHARBOUR_2023_10K.pdf"),
        ("annual report of acme for 2023", "ACME_2023_10K.pdf"),
    ],
)
def test_words_rank_documents_by_what_their_names_share(words, first):
    assert paths(INDEX.ranked(words))[0] == first


def test_no_words_list_all_and_foreign_words_none():
    assert len(INDEX.ranked("")) == 3
    assert INDEX.ranked("zebra") == []
