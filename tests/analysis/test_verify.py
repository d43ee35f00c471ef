"""Every citation against the archive again: what holds, what fails and how it is told."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docpager.analysis.verify import verify_run
from docpager.archive.in_memory import InMemoryArchive, ingested_text
from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.errors import DocpagerError, MissingInputError
from docpager.records import Answer, Citation, ExitStatus, VerifyStatus, hex_id
from docpager.settings import AgentSettings, RunSettings

PORT = ["Harbour dues rose to 1.5 million crowns.\nThe pier was rebuilt in 2019.", "Tolls: 12,400 ships paid."]
MILL = "The mill ground 300 tonnes of rye."


@pytest.fixture
def archive():
    return InMemoryArchive.of({"port.txt": PORT, "mill.txt": MILL})


def citation_of(archive, quote, path="port.txt", page_number=1, start=None, **changes):
    document = next(document for document in archive.documents() if document.path == path)
    page = archive.paper_page(document.doc_id, page_number)
    if start is None and page is not None and quote in page.text:
        start = page.text.index(quote)
    fields = {
        "citation_id": "c",
        "n": 1,
        "claim": "",
        "doc_id": document.doc_id,
        "doc_path": document.path,
        "doc_title": None,
        "doc_sha256": document.sha256,
        "page_number": page_number,
        "page_label": None,
        "headings": (),
        "segment_id": "5" * 16,
        "char_start": start,
        "char_end": None if start is None else start + len(quote),
        "quote": quote,
        "context_before": "",
        "context_after": "",
        "verify_status": VerifyStatus.EXACT,
    }
    return Citation(**{**fields, **changes})


@pytest.fixture
def verified(tmp_path, archive):
    """Runs one question a citation and verifies, by default against the same archive."""

    def run(citations, against=None, spoil=None):
        path = tmp_path / "questions.txt"
        path.write_text("".join(f"Question {n}?\n" for n in range(len(citations))))
        question_file = read_question_file(path)

        async def agent(question):
            cited = citations[question.row]
            return Answer(
                question.question_id, ExitStatus.ANSWERED, answer="x [1]", citations=(cited,) if cited else ()
            )

        identity = RunIdentity(
            question_file.questions_sha256, AgentSettings(), "p", archive.uri, archive.generation, "none"
        )
        folder = run_questions(question_file, agent, identity, RunSettings(output=str(tmp_path / "run"))).folder
        if spoil is not None:
            spoil(folder)
        return verify_run(folder, against or archive)

    return run


CITED = [
    ("as it stands", {"quote": "Harbour dues rose to 1.5 million crowns."}, "exact"),
    ("on the second page", {"quote": "12,400 ships", "page_number": 2}, "exact"),
    ("offsets a little off", {"quote": "Harbour dues rose", "start": 3}, "normalized"),
    ("no offsets", {"quote": "Harbour dues rose", "char_start": None, "char_end": None}, "normalized"),
    ("negative offsets", {"quote": "in 2019.", "start": -8}, "relocated"),
    ("offsets of other lines of the page", {"quote": "The pier was rebuilt", "start": 0}, "relocated"),
    ("other spacing", {"quote": "crowns. The pier was REBUILT"}, "normalized"),
    ("on another page", {"quote": "12,400 ships"}, "relocated"),
    ("no page number", {"quote": "Harbour dues rose", "page_number": None}, "relocated"),
    ("a page that is not there", {"quote": "Harbour dues rose", "page_number": 9}, "relocated"),
    ("in another document", {"quote": "300 tonnes of rye"}, "misattributed"),
    ("another document of that name", {"quote": "300 tonnes of rye", "doc_id": "0" * 16}, "misattributed"),
    ("nowhere", {"quote": "Harbour dues fell"}, "not_found"),
    ("another figure", {"quote": "Harbour dues rose to 1.6 million crowns."}, "not_found"),
    ("a figure without its mark", {"quote": "Harbour dues rose to 15 million crowns."}, "not_found"),
    ("half a figure", {"quote": "12,4", "page_number": 2, "start": None}, "exact"),
    ("blank", {"quote": " ", "start": 7}, "not_found"),
]


@pytest.mark.parametrize(("cited", "status"), [row[1:] for row in CITED], ids=[row[0] for row in CITED])
def test_a_citation_is_what_the_archive_says(archive, verified, cited, status):
    cited = dict(cited)
    page = cited.pop("page_number", 1)
    citation = citation_of(archive, cited.pop("quote"), page_number=page or 1, **cited)
    report = verified([replace(citation, page_number=page)])
    assert dict(report.counts) == {status: 1}
    holds = status in ("exact", "normalized")
    assert report.exit_code == (0 if holds else 5)
    assert [(failed.found, failed.recorded) for failed in report.failed] == ([] if holds else [(status, "exact")])
    assert report.changed == (status != "exact")


def test_a_failed_citation_says_where_its_quote_stands(archive, verified):
    report = verified([citation_of(archive, "12,400 ships"), citation_of(archive, "300 tonnes of rye")])
    assert [(c.found_doc_path, c.found_page_number) for c in report.failed] == [("port.txt", 2), ("mill.txt", 1)]


def test_a_quote_of_a_document_that_changed_is_stale_and_told_apart(archive, verified):
    citations = [citation_of(archive, quote) for quote in ("in 2019", "1.5 million", "never there")]
    later = archive.snapshot()
    later.write([ingested_text("port.txt", "Harbour dues rose to 1.5 million crowns, it says.")])
    report = verified([*citations, citation_of(archive, "300 tonnes", "mill.txt")], against=later)
    assert not report.same_archive
    assert dict(report.counts) == {"stale": 2, "exact": 2}
    assert (report.stale, len(report.failed), report.exit_code) == (2, 2, 5)


def test_a_quote_of_a_document_that_is_gone_is_stale(archive, verified):
    citations = [citation_of(archive, "in 2019")]
    later = archive.snapshot()
    later.remove([citations[0].doc_id])
    assert dict(verified(citations, against=later).counts) == {"stale": 1}


def test_a_run_that_cites_nothing_passes(verified):
    report = verified([None, None])
    assert (report.checked, report.exit_code) == (0, 0)


def test_what_a_run_recorded_does_not_matter(archive, verified):
    report = verified([citation_of(archive, "Harbour dues", verify_status=VerifyStatus.NOT_FOUND)])
    assert (dict(report.counts), report.changed, report.exit_code) == ({"exact": 1}, 1, 0)


def test_a_document_called_by_another_s_path_is_a_disagreement(archive, verified):
    document = next(document for document in archive.documents() if document.path == "port.txt")
    report = verified([citation_of(archive, "Harbour dues", doc_path="mill.txt")])
    assert (dict(report.counts), report.exit_code) == ({"exact": 1}, 5)
    assert report.disagreements == [
        f"Question {hex_id('question 0?')}: citation 1 names mill.txt, but document {document.doc_id} is port.txt."
    ]


def changing(table, change):
    """Writes a table of the run anew, its rows changed: what a hand that forges would do."""

    def spoil(folder):
        path = folder / f"{table}.parquet"
        read = pq.read_table(path)
        rows = read.to_pylist()
        change(rows)
        pq.write_table(pa.Table.from_pylist(rows, schema=read.schema), path)

    return spoil


def forge_quote(rows):
    rows[0]["citations"][0]["quote"] = "forged"


def forge_count(rows):
    rows[0]["n_verified"] = 0


def drop_row(rows):
    del rows[0]


SPOILED = [
    ("answers", forge_quote, "citations in answers.parquet differ from citations.parquet."),
    ("answers", forge_count, "n_verified in answers.parquet differ from citations.parquet."),
    ("answers", drop_row, "where answers.parquet has no place for it."),
    ("citations", drop_row, "evidence_sha256 in answers.parquet differ from citations.parquet."),
]


@pytest.mark.parametrize(("table", "change", "said"), SPOILED)
def test_tables_that_do_not_say_the_same_fail(archive, verified, table, change, said):
    citations = [citation_of(archive, "Harbour dues"), citation_of(archive, "300 tonnes", "mill.txt")]
    assert verified(citations).disagreements == []
    report = verified(citations, spoil=changing(table, change))
    assert report.failed == []
    assert len(report.disagreements) == 1
    assert report.disagreements[0].endswith(said)
    assert report.exit_code == 5


def test_a_forged_row_in_both_tables_is_found_in_the_archive(archive, verified):
    def forge(rows):
        rows[0]["quote"] = "Harbour dues fell"

    report = verified([citation_of(archive, "Harbour dues rose")], spoil=changing("citations", forge))
    assert dict(report.counts) == {"not_found": 1}
    assert "evidence_sha256" in report.disagreements[0]


def test_a_folder_that_is_no_run_and_a_damaged_table_are_named(tmp_path, archive, verified):
    with pytest.raises(MissingInputError, match="is no run"):
        verify_run(tmp_path / "none", archive)
    with pytest.raises(DocpagerError, match=r"citations\.parquet is damaged"):
        verified(
            [citation_of(archive, "Harbour dues")], spoil=lambda run: (run / "citations.parquet").write_bytes(b"x")
        )


def test_a_whole_run_of_the_quoting_agent_verifies(repository, tmp_path):
    spec = importlib.util.spec_from_file_location("quoting_run_verified", repository / "tests/batch/quoting_run.py")
    quoting = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = quoting
    spec.loader.exec_module(quoting)
    archive, path = quoting.new_archive(), Path(tmp_path, "questions.txt")
    path.write_text("Harbour dues?\nWho owned the mill?\ncrash\nHow many ships?\n")
    question_file = read_question_file(path)
    identity = quoting.identity_of(question_file, archive)
    report = run_questions(question_file, quoting.QuotingAgent(archive), identity, RunSettings(output=f"{tmp_path}/r"))
    verified = verify_run(report.folder, archive)
    assert (dict(verified.counts), verified.disagreements, verified.same_archive) == ({"exact": 3}, [], True)
