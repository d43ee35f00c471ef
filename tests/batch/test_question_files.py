"""Question files as people keep them: what is read, what is refused and in which words."""

import datetime
import io
import json
import subprocess
import sys

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.batch.question_files import read_question_file, read_questions
from docpager.batch.question_formats import Cells, kind_of_content
from docpager.errors import MissingInputError, QuestionFileError, UsageError
from docpager.records import AnswerType, hex_id


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def workbook(sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


SPELLINGS = [
    ("plain", "q.csv", "question\nWhat is A?\nWhat is B?\n"),
    ("no last newline", "q.csv", "question\nWhat is A?\nWhat is B?"),
    ("byte order mark", "q.csv", "\ufeffquestion\nWhat is A?\nWhat is B?\n"),
    ("semicolons", "q.csv", "n;question\n1;What is A?\n2;What is B?\n"),
    ("tabs in csv", "q.csv", "n\tquestion\n1\tWhat is A?\n2\tWhat is B?\n"),
    ("sep line", "q.csv", "sep=;\r\nn;question\r\n1;What is A?\r\n2;What is B?\r\n"),
    ("windows line ends", "q.csv", "question\r\nWhat is A?\r\nWhat is B?\r\n"),
    ("blank lines", "q.csv", "\nquestion\n\nWhat is A?\n\nWhat is B?\n\n"),
    ("case and blanks", "q.csv", '" Question "\n What is A? \nWhat is B?\n'),
    ("utf-16", "q.csv", "question\nWhat is A?\nWhat is B?\n".encode("utf-16")),
    ("capital ending", "Q.CSV", "question\nWhat is A?\nWhat is B?\n"),
    ("tsv", "q.tsv", "n\tquestion\n1\tWhat is A?\n2\tWhat is B?\n"),
    ("txt", "q.txt", "What is A?\n\n  What is B?  \n"),
    ("jsonl", "q.jsonl", '{"question": "What is A?"}\n\n{"Question": "What is B?"}\n'),
    ("json array", "q.json", '[{"question": "What is A?"}, {"question": "What is B?"}]'),
    ("parquet", "q.parquet", parquet({"QUESTION": ["What is A?", "What is B?"]})),
    ("xlsx", "q.xlsx", workbook({"s": [["question"], ["What is A?"], ["What is B?"]]})),
    ("xlsx, rows around", "q.xlsx", workbook({"s": [[], ["question", None], ["What is A?"], ["What is B?"], [None]]})),
    ("xlsx, second sheet", "q.xlsx", workbook({"a": [["x"]], "b": [["question"], ["What is A?"], ["What is B?"]]})),
]


@pytest.mark.parametrize(("name", "content"), [row[1:] for row in SPELLINGS], ids=[row[0] for row in SPELLINGS])
def test_the_same_questions_come_from_every_kind_of_file(file, name, content):
    questions = read_questions(file(name, content))
    assert [question.question for question in questions] == ["What is A?", "What is B?"]
    assert [question.row for question in questions] == [0, 1]
    assert [question.question_id for question in questions] == [hex_id("what is a?"), hex_id("what is b?")]
    assert [question.invalid_reason for question in questions] == [None, None]


def test_quotes_hold_newlines_separators_and_quotes(file):
    path = file("q.csv", 'question,note\n"What,\nif ""any"",\nis it?",x\n')
    assert read_questions(path)[0].question == 'What,\nif "any",\nis it?'


def test_commas_need_no_quotes_in_a_file_of_one_column(file):
    path = file("q.csv", "question\nWhat are A, B; and C?\n")
    assert read_questions(path)[0].question == "What are A, B; and C?"


def test_text_of_windows_is_read(file):
    path = file("q.csv", "question\nWas kostet das Café – 5 €?\n".encode("cp1252"))
    assert read_questions(path)[0].question == "Was kostet das Café – 5 €?"


def test_known_columns_are_used_and_all_others_kept(file):
    path = file(
        "q.csv", "team,Question_ID,question,Documents,ANSWER_TYPE,n\nports,q7,How many?,a.pdf; b.pdf,Number,3\n"
    )
    question = read_questions(path)[0]
    assert (question.question_id, question.documents) == ("q7", ("a.pdf", "b.pdf"))
    assert question.answer_type is AnswerType.NUMBER
    assert dict(question.input) == {"team": "ports", "n": "3"}


DOCUMENTS = [
    ("a.pdf", ("a.pdf",)),
    ("a.pdf\nb.pdf; c d.pdf ;;", ("a.pdf", "b.pdf", "c d.pdf")),
    ('["a;1.pdf", "b.pdf"]', ("a;1.pdf", "b.pdf")),
    (["a;1.pdf", " b.pdf", "a;1.pdf"], ("a;1.pdf", "b.pdf")),
    ("[draft] a.pdf", ("[draft] a.pdf",)),
    (None, ()),
    ("", ()),
]


@pytest.mark.parametrize(("cell", "documents"), DOCUMENTS)
def test_documents_are_a_list_or_text_that_lists_them(file, cell, documents):
    path = file("q.jsonl", json.dumps({"question": "What?", "documents": cell}))
    assert read_questions(path)[0].documents == documents


def test_a_parquet_column_may_hold_lists_and_times(file):
    columns = {"question": ["A?"], "documents": [["a;1", "b"]], "at": [datetime.date(2024, 5, 1)], "n": [None]}
    question = read_questions(file("q.parquet", parquet(columns)))[0]
    assert question.documents == ("a;1", "b")
    assert dict(question.input) == {"at": "2024-05-01", "n": ""}


def test_cells_become_text_as_people_read_them(file):
    rows = [
        ["question", "question_id", "share", "sure", "on"],
        ["A?", 7.0, 0.5, True, datetime.datetime(2024, 5, 1, 12)],
    ]
    question = read_questions(file("q.xlsx", workbook({"s": rows})))[0]
    assert question.question_id == "7"
    assert dict(question.input) == {"share": "0.5", "sure": "true", "on": "2024-05-01T12:00:00"}


def test_what_cannot_be_asked_keeps_its_row_and_says_why(file):
    lines = [
        "question_id,question,answer_type",
        "a,One?,",
        ",,",
        "a,Two?,",
        ",One?,yes/no",
        "b,Three?,colour",
        "c,D,x,y",
    ]
    questions = read_questions(file("q.csv", "\n".join(lines)))
    assert [question.row for question in questions] == [0, 1, 2, 3, 4, 5]
    assert [question.invalid_reason for question in questions] == [
        None,
        "The question is empty.",
        "question_id a is taken by row 0, which was asked. Give each question an id of its own.",
        None,
        "answer_type 'colour' is none of text, number, date, yes_no, list, choice.",
        "The row has 4 cells, the header 3. Put cells that hold the separator in quotes.",
    ]
    assert questions[3].answer_type is AnswerType.YES_NO


def test_one_question_twice_is_asked_once_but_of_each_scope(file):
    lines = ["question,documents", "What?,a.pdf", "What?,b.pdf", "what? ,a.pdf", "What?,"]
    questions = read_questions(file("q.csv", "\n".join(lines)))
    assert [question.invalid_reason is None for question in questions] == [True, True, False, True]


CHOICES = [
    ({"limit": 2}, [0, 1]),
    ({"ids": ["c", "a"]}, [0, 2]),
    ({"ids": ["c", "b"], "limit": 1}, [1]),
    ({"limit": 9}, [0, 1, 2]),
]


@pytest.mark.parametrize(("choice", "rows"), CHOICES)
def test_questions_are_chosen_by_id_and_number(file, choice, rows):
    path = file("q.csv", "question_id,question\na,A?\nb,B?\nc,C?\n")
    assert [question.row for question in read_questions(path, **choice)] == rows


REFUSED = [
    ("q.csv", "", "{} is empty. Write a line that says 'question', then one question a line."),
    (
        "q.csv",
        "Frage;Antwort\nWas?;Das\n",
        "{} has no column 'question'; its columns are: Frage, Antwort. "
        "Name the column that holds the questions 'question'.",
    ),
    ("q.csv", "question,n\n,1\n,2\n", "{} holds no questions: the question column is empty. Write one question a row."),
    ("q.csv", "question\n", "{} holds no questions: the question column is empty. Write one question a row."),
    ("q.csv", "question,Question\na,b\n", "{} has two columns named question. Rename one of them."),
    ("q.txt", " \n\n", "{} is empty. Write one question a line."),
    (
        "q.jsonl",
        '{"question": "A?"}\n{"question": \n',
        "Cannot read line 2 of {}: it is not JSON (Expecting value: line 1 column 14 (char 13)).",
    ),
    ("q.jsonl", '"A?"\n', 'Cannot read line 1 of {}: write an object, as in {{"question": "..."}}.'),
    (
        "q.jsonl",
        '{"q": 1}\n',
        "{} has no column 'question'; its columns are: q. Name the column that holds the questions 'question'.",
    ),
    (
        "q.xlsx",
        workbook({"one": [["Frage"], ["x"]], "two": [["y"]]}),
        "{} has no column 'question'; its columns are: Frage. Name the column that holds the questions 'question' "
        "in the first row. Its sheets are: one, two.",
    ),
    (
        "q.docx",
        "question\nA?",
        "{} is no question file by its ending. Save it as one of .csv, .tsv, .xlsx, .jsonl, .parquet, .txt.",
    ),
]


@pytest.mark.parametrize(("name", "content", "message"), REFUSED)
def test_a_file_without_questions_is_refused_in_plain_words(file, name, content, message):
    path = file(name, content)
    with pytest.raises(QuestionFileError) as caught:
        read_questions(path)
    assert str(caught.value) == message.format(path)
    assert caught.value.exit_code == 65


DAMAGED = [
    ("q.xlsx", b"PK\x03\x04 not really"),
    ("q.xlsx", b"question\nA?"),
    ("q.parquet", b"PAR1 no"),
    ("q.json", b"[1, 2"),
]


@pytest.mark.parametrize(("name", "content"), DAMAGED)
def test_a_damaged_file_is_refused_by_name(file, name, content):
    path = file(name, content)
    with pytest.raises(QuestionFileError, match=f"^Cannot read .*{name}"):
        read_questions(path)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(MissingInputError) as missing:
        read_questions(tmp_path / "none.csv")
    assert str(missing.value) == f"No question file at {tmp_path}/none.csv."
    assert missing.value.exit_code == 66
    with pytest.raises(QuestionFileError, match=r"is a folder\. Name a question file"):
        read_questions(tmp_path)


def test_a_choice_that_cannot_be_is_refused(file):
    path = file("q.csv", "question_id,question\na,A?\n")
    with pytest.raises(UsageError, match=r"q\.csv has no question with the id x, y \(--ids\)\."):
        read_questions(path, ids=["y", "a", "x"])
    with pytest.raises(UsageError, match=r"--limit 0 asks nothing\."):
        read_questions(path, limit=0)
    with pytest.raises(UsageError, match=r"--sheet Main is for workbooks; .*q\.csv is read as csv\."):
        read_questions(path, sheet="Main")


def test_a_sheet_is_chosen_by_name(file):
    path = file("q.xlsx", workbook({"a": [["question"], ["A?"]], "b": [["question"], ["B?"]]}))
    assert read_questions(path, sheet="b")[0].question == "B?"
    with pytest.raises(QuestionFileError, match=r"has no sheet 'c'; its sheets are: a, b\."):
        read_questions(path, sheet="c")


KINDS = [
    (b'{"question": "A?"}\n', "jsonl"),
    (b'[{"question": "A?"}]', "jsonl"),
    (b"\xef\xbb\xbfid;Question\n1;A?\n", "csv"),
    (b"question\nA?\n", "csv"),
    (b"What is A?\nWhat, then, is B?\n", "txt"),
    (b"", "txt"),
    (workbook({"s": [["question"], ["A?"]]}), "xlsx"),
    (parquet({"question": ["A?"]}), "parquet"),
]


@pytest.mark.parametrize(("content", "kind"), KINDS)
def test_standard_input_is_told_by_its_content(content, kind):
    assert kind_of_content(content) == kind


def test_questions_come_through_standard_input(repository):
    program = (
        "from docpager.batch.question_files import read_question_file; "
        "file = read_question_file('-'); print(file.stem, file.kind, file.questions[1].question)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="A?\nWas ist Bé?\n",
        capture_output=True,
        text=True,
        cwd=repository,
        check=True,
    )
    assert done.stdout == "stdin txt Was ist Bé?\n"


def test_the_identity_is_of_the_questions_and_not_of_the_file(file):
    csv = read_question_file(file("a.csv", "question\nA?\n"))
    txt = read_question_file(file("b.txt", "A?\n"))
    other = read_question_file(file("c.txt", "B?\n"))
    assert csv.questions_sha256 == txt.questions_sha256 != other.questions_sha256
    assert csv.sha256 != txt.sha256
    assert (csv.stem, csv.kind) == ("a", "csv")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=30), min_size=1)
)
def test_whatever_a_spreadsheet_wrote_is_read_back(texts):
    import csv

    from docpager.batch.question_formats import rows_of

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["question", "n"])
    writer.writerows([text, str(n)] for n, text in enumerate(texts))
    rows = list(rows_of("csv", "q.csv", out.getvalue().encode("utf-8-sig")))
    assert rows == [Cells({"question": text, "n": str(n)}) for n, text in enumerate(texts)]


@given(st.binary(max_size=300), st.sampled_from(["csv", "tsv", "txt", "jsonl", "parquet", "xlsx"]))
def test_any_bytes_are_questions_or_refused(content, kind):
    from docpager.batch.question_files import questions_of
    from docpager.batch.question_formats import rows_of

    try:
        questions = questions_of(rows_of(kind, "q", content), "q")
    except QuestionFileError:
        return
    assert [question.row for question in questions] == list(range(len(questions)))
    for question in questions:
        (question.question + question.question_id + "".join(question.input)).encode()
