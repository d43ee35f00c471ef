"""The Parquet files: the contract's columns, readable at any size, and damage that is noticed."""

import re
import tracemalloc
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docpager.batch.columns import TABLES
from docpager.batch.journal import Journal
from docpager.batch.manifest import Manifest, differing_parts, read_manifest, without_secrets
from docpager.batch.outputs import write_outputs
from docpager.batch.rows import RunFacts, evidence_sha256, rows_of, unasked_row
from docpager.batch.run_folder import resolve_run
from docpager.batch.schemas import SCHEMAS, TableWriter
from docpager.batch.tables import read_answers, read_footer, read_table, read_trace
from docpager.batch.transcripts import file_name
from docpager.errors import DocpagerError, MissingInputError
from docpager.records import Answer, ExitStatus, Question, TraceEvent

CONTRACT = {
    "answers": """run_id question_id doc_id row question exit_status answer answer_value answer_unit answer_date
        conflicts abstain_reason error_type error_message confidence citations n_citations n_verified n_documents steps
        searches page_ins page_outs evictions faults refaults prefetches context_peak_tokens capacity_tokens attempts
        cited_segment_ids read_segment_ids ranked_segment_ids ranked_unread evidence_sha256 stop_reason prompt_tokens
        cached_tokens cacheable_tokens completion_tokens reasoning_tokens embed_tokens cost_usd latency_seconds
        instructions_found model model_reported settings_sha256 archive archive_version from_cache carried_from_run_id
        started_at finished_at input""",
    "citations": """run_id question_id citation_id n claim doc_id doc_path doc_title doc_sha256 page_number page_label
        headings segment_id char_start char_end quote context_before context_after verify_status match_score supported
        page_in_step retrieval_rank retrieval_score""",
    "trace": """run_id question_id step event page_ids page_tokens arguments tokens_before tokens_after capacity
        prompt_tokens cached_tokens completion_tokens cost_usd milliseconds at""",
}
ADDED = {
    "answers": ["doc_path", "queries", "counted_tokens", "count_error", "replayed_tokens", "tool_protocol", "autonomy"],
    "citations": ["asked_doc_id", "found_doc_path", "found_page_number"],
    "trace": ["doc_id"],
}
"""Columns that came later; they stand behind the contract's."""
FACTS = RunFacts("run-1", "5" * 64, "memory:", "1", "quoting")
TRICKY = [Question("a", 0, "A?", input={"n": "1"}), Question("b", 1, "", invalid_reason="The question is empty.")]


def manifest() -> Manifest:
    return Manifest("run-1", "i", {}, {}, "5" * 64, "memory:", "1", "quoting", {}, "2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize("table", TABLES)
def test_columns_stand_in_the_order_of_the_contract(table):
    assert SCHEMAS[table].names == CONTRACT[table].split() + ADDED[table]
    for column in TABLES[table]:
        field = SCHEMAS[table].field(column.name)
        assert field.metadata == {b"description": column.description.encode()}
        assert column.description.endswith(".")


def test_types_are_what_people_compute_with():
    answers = SCHEMAS["answers"]
    assert answers.field("started_at").type == pa.timestamp("us", tz="UTC")
    assert answers.field("answer_date").type == pa.date32()
    assert answers.field("input").type == pa.map_(pa.string(), pa.string())
    assert [f.name for f in answers.field("citations").type.value_type] == [
        "n", "doc_id", "doc_path", "page_number", "quote", "verify_status",
    ]  # fmt: skip
    assert not answers.field("question_id").nullable
    assert answers.field("cost_usd").nullable


def written(tmp_path, questions=TRICKY, answers=()):
    with Journal(tmp_path, "run-1") as journal:
        for question, answer in answers:
            journal.append(rows_of(question, answer, FACTS))
        return write_outputs(tmp_path, questions, journal, manifest())


def test_the_footer_says_where_a_file_comes_from(tmp_path):
    written(tmp_path)
    for table in TABLES:
        footer = read_footer(tmp_path, table)
        assert footer["docpager.run_id"] == "run-1"
        assert set(footer) == {
            f"docpager.{name}"
            for name in ("run_id", "schema_version", "settings_sha256", "archive_generation", "version")
        }
        described = pq.read_schema(tmp_path / f"{table}.parquet").field("run_id").metadata
        assert described[b"description"] == b"The run this row belongs to."


def test_files_are_compressed_with_zstd_and_have_checksums(tmp_path):
    written(tmp_path)
    column = pq.ParquetFile(tmp_path / "answers.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def test_a_flipped_bit_in_the_data_is_noticed(tmp_path):
    answer = Answer("a", ExitStatus.ANSWERED, answer="The dues rose. " * 40)
    written(tmp_path, answers=[(TRICKY[0], answer)])
    path = tmp_path / "answers.parquet"
    whole = bytearray(path.read_bytes())
    group = pq.ParquetFile(path).metadata.row_group(0)
    column = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == "answer")
    # The last byte of the column's last page: the value itself, not its header.
    at = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size - 1
    whole[at] ^= 0x10
    path.write_bytes(whole)
    with pytest.raises(DocpagerError, match=rf"^{re.escape(str(path))} is damaged: "):
        list(read_answers(tmp_path))


def test_a_missing_table_is_a_missing_input(tmp_path):
    with pytest.raises(MissingInputError, match=r"has no answers\.parquet\. Run the same command again"):
        list(read_answers(tmp_path))


def test_a_question_never_asked_says_so_and_an_invalid_one_why(tmp_path):
    totals = written(tmp_path)
    first, second = read_answers(tmp_path)
    assert (first["exit_status"], first["error_message"], first["input"]) == ("skipped", None, {"n": "1"})
    assert (second["exit_status"], second["error_message"]) == ("invalid", "The question is empty.")
    assert dict(totals.counts) == {"skipped": 1, "invalid": 1}
    assert totals.sums["prompt_tokens"] is None


def test_no_table_is_replaced_unless_all_are_whole(tmp_path):
    written(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.glob("*.parquet")}
    with Journal(tmp_path, "run-1") as journal:
        rows = rows_of(TRICKY[0], Answer("a", ExitStatus.ANSWERED), FACTS)
        rows.answer["steps"] = "many"
        journal.append(rows)
        with pytest.raises(pa.ArrowException):
            write_outputs(tmp_path, TRICKY, journal, manifest())
    assert {path: path.read_bytes() for path in tmp_path.glob("*.parquet")} == before
    assert list(tmp_path.glob(".*.tmp")) == []


def test_memory_does_not_grow_with_the_run(tmp_path, monkeypatch):
    """The peak while writing 1,200 long answers is about that of writing 300."""
    monkeypatch.setattr(TableWriter, "BYTES_PER_GROUP", 1 << 18)
    peaks = []
    for count in (300, 1200):
        folder = tmp_path / str(count)
        folder.mkdir()
        questions = [Question(f"q{n}", n, f"Question {n}?") for n in range(count)]
        events = tuple(TraceEvent(n, "Search", arguments={"query": "x" * 200}) for n in range(5))
        with Journal(folder, "run-1") as journal:
            for question in questions:
                answer = Answer(question.question_id, ExitStatus.ANSWERED, answer="y" * 2000, events=events)
                journal.append(rows_of(question, answer, FACTS))
            tracemalloc.start()
            write_outputs(folder, questions, journal, manifest())
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert [row["row"] for row in read_answers(folder, ["row"])] == list(range(count))
        assert sum(1 for _ in read_trace(folder)) == 5 * count
        assert pq.ParquetFile(folder / "answers.parquet").num_row_groups > 1
    assert peaks[1] < 1.5 * peaks[0]


def test_evidence_is_named_by_segments_and_quotes_in_order():
    assert evidence_sha256([]) is None
    one, two = ("s1", "a"), ("s2", "b")
    assert (
        len({evidence_sha256(pairs) for pairs in ([one], [one, two], [two, one], [("s1", "ab")], [(None, "a")])}) == 5
    )


def test_times_are_utc_and_numbers_that_are_none_are_null():
    answer = Answer("a", ExitStatus.ANSWERED, answer_value=float("nan"), started_at=datetime(2026, 1, 1))
    row = rows_of(TRICKY[0], answer, FACTS).answer
    assert row["answer_value"] is None
    assert row["started_at"] == datetime(2026, 1, 1, tzinfo=UTC)
    assert set(unasked_row(TRICKY[0], FACTS)) == set(row) == set(SCHEMAS["answers"].names)


def test_tables_can_be_read_in_part(tmp_path):
    written(tmp_path)
    assert next(read_table(tmp_path, "answers", ["row", "exit_status"])) == {"row": 0, "exit_status": "skipped"}


ADDRESSES = [
    ("data/archive.lancedb", "data/archive.lancedb"),
    ("memory:", "memory:"),
    ("s3://bucket/a b?key=hunter2#x", "s3://bucket/a b"),
    ("https://me:hunter2@host:1/a@b", "https://host:1/a@b"),
    ("db://", "db://"),
]


@pytest.mark.parametrize(("address", "shown"), ADDRESSES)
def test_an_address_is_shown_without_its_keys(address, shown):
    assert without_secrets(address) == shown


def test_differences_are_named_with_both_values():
    theirs = {"questions_sha256": "1", "model": "a", "policy": "lru", "gone": 1}
    ours = {"questions_sha256": "2", "model": "b", "policy": "lru", "new": 2}
    assert differing_parts(theirs, ours) == [
        "questions",
        "model (a there, b here)",
        "new (None there, 2 here)",
        "gone (1 there, None here)",
    ]


def test_a_manifest_is_read_back_and_a_damaged_one_is_named(tmp_path):
    manifest().save(tmp_path)
    assert read_manifest(tmp_path) == manifest()
    (tmp_path / "manifest.json").write_text("[")
    with pytest.raises(DocpagerError, match=r"^Cannot read .*manifest\.json: .*\. Run with --fresh"):
        read_manifest(tmp_path)


def test_a_run_is_found_by_path_and_by_name(tmp_path):
    (tmp_path / "nightly").mkdir()
    manifest().save(tmp_path / "nightly")
    assert resolve_run(tmp_path / "nightly") == resolve_run("nightly", tmp_path) == tmp_path / "nightly"
    with pytest.raises(MissingInputError, match=r"^There is no run weekly, nor "):
        resolve_run("weekly", tmp_path)
    with pytest.raises(MissingInputError, match=r" is no run: it has no manifest\.json\.$"):
        resolve_run(tmp_path)


IDS = ["q1", "a/b", "../../etc/passwd", "", ".", "..", "a b", "é", "x" * 300, "CON", "a\x00b", "-rf"]


def test_transcripts_have_safe_names_of_their_own():
    names = [file_name(name) for name in IDS]
    assert names[0] == "q1.json"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,100}\.json", name) for name in names)
