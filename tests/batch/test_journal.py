"""What the journal acknowledged is there; what it did not finish is not."""

import resource

import pytest

from docpager.batch.journal import Journal
from docpager.batch.rows import QuestionRows, RunFacts, rows_of
from docpager.errors import TemporaryError
from docpager.records import Answer, ExitStatus, Question, TraceEvent

FACTS = RunFacts("run-1", "5" * 64, "memory:", "1", "quoting")


def rows(row: int, text: str = "é", facts: RunFacts = FACTS) -> QuestionRows:
    question = Question(f"q{row}", row, text)
    answer = Answer(question.question_id, ExitStatus.ANSWERED, answer=text, events=(TraceEvent(1, "Search"),))
    return rows_of(question, answer, facts)


def keys(*numbers: int) -> list[tuple[str, None]]:
    return [(f"q{n}", None) for n in numbers]


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path, "run-1") as journal:
        for row in (2, 0, 5):
            journal.append(rows(row))
        yield journal


def test_rows_come_back_as_they_went_in(journal, tmp_path):
    with Journal(tmp_path, "run-1") as again:
        assert list(again.entries) == keys(2, 0, 5)
        assert again.read(("q0", None)) == rows(0)
        assert {entry.exit_status for entry in again.entries.values()} == {"answered"}


def test_reading_back_does_not_disturb_appending(journal, tmp_path):
    journal.read(("q2", None))
    journal.append(rows(3))
    journal.read(("q0", None))
    journal.append(rows(4))
    with Journal(tmp_path, "run-1") as again:
        assert [again.read(key).answer["row"] for key in keys(2, 0, 5, 3, 4)] == [2, 0, 5, 3, 4]


TAILS = [
    b'{"row": 7, "exit',
    b"\x00" * 700,
    b'{"row": 7}\n',
    b"[]\n",
    b'{"answer": 3, "row": 7, "exit_status": "answered"}\n',
    b"\xff\xfe\n",
    b"\n\n",
    b'{"answer": {"run_id": "run-1"}, "row": 7, "exit_status": "answered"}',
]


@pytest.mark.parametrize("tail", TAILS)
def test_a_torn_end_is_dropped_when_the_journal_is_opened(journal, tmp_path, tail):
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    with Journal(tmp_path, "run-1") as again:
        assert list(again.entries) == keys(2, 0, 5)
        assert path.read_bytes() == whole
        again.append(rows(7))
        assert again.read(("q7", None)) == rows(7)


def test_every_cut_of_the_file_keeps_exactly_the_whole_lines(journal, tmp_path):
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    ends = [at for at in range(len(whole) + 1) if whole[:at].endswith(b"\n")]
    for cut in range(0, len(whole) + 1, 37):
        path.write_bytes(whole[:cut])
        with Journal(tmp_path, "run-1") as again:
            assert len(again.entries) == sum(end <= cut for end in ends)


def test_another_run_s_lines_do_not_count(journal, tmp_path):
    with Journal(tmp_path, "run-2") as other:
        assert other.entries == {}
    assert (tmp_path / "journal.jsonl").read_bytes() == b""


def test_a_question_that_stands_twice_counts_once_as_it_stood_last(journal, tmp_path):
    journal.append(rows(2, "later"))
    with Journal(tmp_path, "run-1") as again:
        assert len(again.entries) == 3
        assert again.read(("q2", None)).answer["answer"] == "later"


def test_a_line_that_cannot_be_written_whole_is_not_kept(tmp_path):
    """A real short write: the process may make no file larger than this one is, and a half."""
    import signal

    with Journal(tmp_path, "run-1") as journal:
        journal.append(rows(0))
        size = (tmp_path / "journal.jsonl").stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 2, before[1]))
        try:
            with pytest.raises(TemporaryError) as caught:
                journal.append(rows(1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        assert str(caught.value) == (
            f"Cannot write {tmp_path}: File too large. What was answered before is kept in {tmp_path}; "
            "make room or mend the folder, then run the same command again."
        )
        assert list(journal.entries) == keys(0)
        assert (tmp_path / "journal.jsonl").stat().st_size == size
        journal.append(rows(1))
        assert journal.read(("q1", None)) == rows(1)
