"""Quotes that a model types, what citations say of them, whether they bear their claim out, and where they disagree."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import WordCounter, ask

from docpager.agent.loop import Agent
from docpager.agent.quoting import SCANNED_PAGES
from docpager.agent.support import Calculation, Dated, Evidence, disagreements, supported
from docpager.analysis.verify import verify_run
from docpager.archive.in_memory import InMemoryArchive, ingested_text
from docpager.archive.lance import LanceArchive
from docpager.batch.manifest import RunIdentity
from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.models.embedding import NoEmbedder
from docpager.models.scripted import ScriptedModel, call
from docpager.protocols import Archive
from docpager.records import Answer, ExitStatus, VerifyStatus
from docpager.settings import AgentSettings, RunSettings
from docpager.tool_protocol import read_exchanges
from docpager.transcript import split_tail

TEXTS = {
    "port.txt": [
        "Harbour  dues rose to 1.5 million crowns. The pier was rebuilt in 2019.\n\nThe crane was sold.",
        "Tolls: 12,400 ships paid in full.",
    ],
    "mill.txt": "The mill ground 300 tonnes of rye in autumn.",
    "school.txt": "The school has four rooms.",
}
SEARCH = call("search", query="harbour dues pier")
READ = call("page_in", pages=["p1"])


@pytest.fixture(params=["in_memory", "lance"])
def archive(request, tmp_path) -> Iterator[Archive]:
    contents = [ingested_text(path, text) for path, text in TEXTS.items()]
    if request.param == "in_memory":
        yield InMemoryArchive(contents)
        return
    uri = str(tmp_path / "a.lancedb")
    writer = LanceArchive.open_for_writing(uri, NoEmbedder(), "o200k_base")
    writer.write(contents)
    writer.finish()
    writer.close()
    yield LanceArchive.open(uri, NoEmbedder())


def answering(*quotes, addresses=(), text="It is so."):
    statement = {"text": text, "addresses": list(addresses), "quotes": list(quotes)}
    return call("answer", statements=[statement])


def errors_of(model: ScriptedModel) -> list[str]:
    texts = [t for e in read_exchanges(model.requests[-1].messages) for t in e.results]
    return [text for t in texts if (text := split_tail(t, "docpager")[0]).startswith("[error]")]


STANDS_ON_LINES_SHOWN = [
    ("The pier was rebuilt in 2019.", "exact", "The pier was rebuilt in 2019.", 1.0),
    ("dues rose to 1.5 million", "exact", "dues rose to 1.5 million", 1.0),
    ("harbour dues rose to 1.5 million crowns", "normalized", "Harbour  dues rose to 1.5 million crowns", 1.0),
    ("crowns - the pier was rebuilt", "normalized", "crowns. The pier was rebuilt", None),
]


@pytest.mark.parametrize(("typed", "status", "copied", "score"), STANDS_ON_LINES_SHOWN)
@pytest.mark.parametrize("field", ["quotes", "addresses"])
def test_typed_quote_on_lines_that_were_shown_is_copied_from_the_archive(archive, field, typed, status, copied, score):
    last = answering(typed) if field == "quotes" else answering(addresses=[typed])
    model = ScriptedModel([SEARCH, READ, last])
    answer = ask(model, archive=archive)
    [citation] = answer.citations
    assert (citation.verify_status, citation.quote) == (status, copied)
    assert (citation.doc_path, citation.page_number, citation.page_in_step) == ("port.txt", 1, 2)
    page = archive.paper_page(citation.doc_id, 1)
    assert page.text[citation.char_start : citation.char_end] == copied
    assert citation.match_score == score if score else 0.8 < citation.match_score < 1
    assert answer.exit_status is ExitStatus.ANSWERED
    assert errors_of(model) == []


ELSEWHERE = [
    # typed, the document named for it, status, the document it is counted to, where it stands, what the retry says
    ("12,400 ships paid", "", "relocated", "port.txt", ("port.txt", 2), "d2 port.txt, page 2, which is p"),
    ("The crane was sold.", "", "relocated", "port.txt", ("port.txt", 1), "on lines you were not shown"),
    ("The crane was sold", "p1", "relocated", "port.txt", ("port.txt", 1), "on lines you were not shown"),
    ("300 tonnes of rye", "", "misattributed", "port.txt", ("mill.txt", 1), "d1 mill.txt, page 1, which is p"),
    ("300 tonnes of rye", "port.txt", "misattributed", "port.txt", ("mill.txt", 1), "not in d2 port.txt"),
    ("The pier was rebuilt", "school.txt", "misattributed", "school.txt", ("port.txt", 1), "not in d3 school.txt"),
    ("The pier was rebuilt in 2020.", "", "not_found", "port.txt", (None, None), 'nearest is p1:2 "The pier'),
    ("Nobody wrote these words", "", "not_found", "port.txt", (None, None), "it was found in no document)"),
]


@pytest.mark.parametrize(("typed", "document", "status", "counted", "found", "told"), ELSEWHERE)
def test_any_other_quote_is_told_once_and_then_kept_with_where_it_stands(
    archive, typed, document, status, counted, found, told
):
    last = answering({"text": typed, "document": document})
    model = ScriptedModel([SEARCH, READ, last, last])
    answer = ask(model, archive=archive)
    [error] = errors_of(model)
    assert error.startswith(f'[error] Not accepted: "{typed}" (')
    assert told in error
    [citation] = answer.citations
    assert (citation.verify_status, citation.doc_path, citation.quote) == (status, counted, typed)
    assert (citation.found_doc_path, citation.found_page_number) == found
    assert (citation.match_score > 0.9) == (status != "not_found")
    assert citation.supported is None
    assert answer.exit_status is ExitStatus.UNVERIFIED
    assert [e.event for e in answer.events].count("CitationRejected") == 2


def test_retry_names_the_page_that_holds_the_quote_and_the_model_can_bring_it_in():
    archive = InMemoryArchive.of(TEXTS)
    wrong, right = answering("12,400 ships paid"), answering("12,400 ships paid in full")
    first = ScriptedModel([SEARCH, READ, wrong, wrong])
    ask(first, archive=archive)
    named = re.search(r"which is (p\d+),", errors_of(first)[0])[1]
    answer = ask([SEARCH, READ, wrong, call("page_in", pages=[named]), right], archive=archive)
    assert [c.verify_status for c in answer.citations] == [VerifyStatus.EXACT]


def test_quote_beyond_the_pages_looked_through_of_a_long_document_is_still_found_in_it():
    pages = [f"The keeper of lamp number {n} wrote a line." for n in range(SCANNED_PAGES + 5)]
    archive = InMemoryArchive.of({"long.txt": pages})
    last = answering(f"lamp number {SCANNED_PAGES + 3} wrote")
    answer = ask([call("search", query="lamp number 1"), READ, last, last], archive=archive)
    [citation] = answer.citations
    assert (citation.verify_status, citation.found_page_number) == (VerifyStatus.RELOCATED, SCANNED_PAGES + 4)


def test_page_without_a_line_is_no_quote_and_the_model_is_told_what_to_write():
    model = ScriptedModel([SEARCH, READ, answering(addresses=["p1"]), answering(addresses=["p1:1"])])
    answer = ask(model, archive=InMemoryArchive.of(TEXTS))
    assert errors_of(model) == [
        '[error] Not accepted: "p1" (it names no line: write p1:1 for its first). '
        "Cite lines you were shown, then answer again."
    ]
    assert answer.exit_status is ExitStatus.ANSWERED


def test_addresses_and_quotes_of_one_statement_are_numbered_in_order_and_nothing_is_lost():
    last = answering("The pier was rebuilt", "no such words", addresses=["p1:1", "p9:1"])
    answer = ask([SEARCH, READ, last, last], archive=InMemoryArchive.of(TEXTS))
    assert answer.answer == "It is so. [1][2][3][4]"
    assert [c.verify_status.value for c in answer.citations] == ["exact", "not_found", "exact", "not_found"]
    assert [c.n for c in answer.citations] == [1, 2, 3, 4]
    assert len({c.citation_id for c in answer.citations}) == 4
    assert answer.exit_status is ExitStatus.ANSWERED


def test_note_with_a_typed_quote_keeps_the_address_of_where_it_stands():
    script = [
        SEARCH,
        READ,
        call("note", text="new pier", addresses=["the pier was rebuilt"]),
        answering("pier was rebuilt"),
    ]
    model = ScriptedModel(script)
    ask(model, archive=InMemoryArchive.of(TEXTS))
    tail = split_tail(model.requests[-1].messages[-1].content, "docpager")[1]
    assert [(n.addresses, n.text) for n in tail.notes] == [(("p1:2",), "new pier")]


def test_run_and_verify_agree_on_every_status_and_a_changed_document_makes_it_stale(archive, tmp_path):
    typed = [row[0] for row in STANDS_ON_LINES_SHOWN]
    elsewhere = [{"text": row[0], "document": row[1]} for row in ELSEWHERE]
    path = tmp_path / "questions.txt"
    path.write_text("What of the harbour?\n")
    questions = read_question_file(path)

    async def agent(question):
        last = answering(*typed, *elsewhere)
        return await Agent(archive, ScriptedModel([SEARCH, READ, last, last]), WordCounter(), AgentSettings()).answer(
            question
        )

    identity = RunIdentity(questions.questions_sha256, AgentSettings(), "p", archive.uri, archive.generation, "none")
    folder = run_questions(questions, agent, identity, RunSettings(output=str(tmp_path / "run"))).folder
    report = verify_run(folder, archive)
    counts = {status.value: count for status, count in report.counts.items()}
    # A normalized quote was copied from where it stands, so what is recorded now stands there letter for letter.
    assert counts == {"exact": 4, "relocated": 3, "misattributed": 3, "not_found": 2}
    assert [c.recorded for c in report.failed] == [c.found for c in report.failed]
    assert (report.changed, report.exit_code, report.disagreements) == (2, 5, [])
    later = InMemoryArchive([ingested_text(p, "Nothing is left.") for p in TEXTS])
    assert verify_run(folder, later).counts[VerifyStatus.STALE] >= 4


# What a quote bears out


HEAD = ("Annual report 2024", "thousands of crowns 2024 2023")
SUPPORTED = [
    ("The pier was rebuilt in 2019.", ["The pier was rebuilt in 2019."], [True]),
    ("It was rebuilt in 2018.", ["The pier was rebuilt in 2019."], [False]),
    ("Revenue was 75,028.", ["Total revenue 75,028 70,647"], [True]),
    ("Revenue was 75.03 million crowns.", ["Total revenue 75,028 70,647"], [True]),
    ("Revenue was 75.13 million crowns.", ["Total revenue 75,028 70,647"], [False]),
    ("Revenue was 75,028 in 2024.", ["Total revenue 75,028 70,647"], [True]),
    ("Revenue was 75,028 in 2022.", ["Total revenue 75,028 70,647"], [False]),
    ("It fell by 10,980.", ["Fuel (10,980) (12,435)"], [True]),
    ("64 burrows", ["Sixty-four burrows were watched."], [True]),
    ("On 17 July 2023 she struck.", ["struck on July 17th, 2023"], [True]),
    ("On 18 July 2023 she struck.", ["struck on July 17th, 2023"], [False]),
    ("The captain is Jon Dahl.", ["The new captain is Jon Dahl."], [True]),
    ("The captain is Ines Holm.", ["The new captain is Jon Dahl."], [False]),
    ("Jon Dahl's ship was late.", ["Dahl, Jon: late."], [True]),
    ("2 in 2023 and 3 in 2024", ["2 ships in 2023", "3 ships in 2024"], [True, True]),
    ("2 in 2023 and 3 in 2024", ["2 ships in 2023", "3 ships in 2024", "no ships"], [True, True, False]),
    ("2 in 2023 and 4 in 2024", ["2 ships in 2023", "3 ships in 2024"], [False, False]),
    ("Yes, it did.", ["It did."], [None]),
    ("She was late.", ["She was late."], [None]),
    ("Anything 5", [], []),
]


@pytest.mark.parametrize(("claim", "quotes", "expected"), SUPPORTED)
def test_claim_is_supported_where_its_numbers_days_and_names_stand_in_its_quotes(claim, quotes, expected):
    assert supported(claim, [Evidence(quote, HEAD) for quote in quotes]) == expected


def test_result_of_a_calculation_stands_for_the_numbers_it_came_from():
    evidence = [Evidence("75,028"), Evidence("70,647"), Evidence("5,000")]
    growth = Calculation(Decimal(4381), (Decimal(75028), Decimal(70647)))
    share = Calculation(Decimal("0.0620125412"), (Decimal(75028), Decimal(70647), Decimal(70647)))
    assert supported("4,381 more", evidence, [growth]) == [True, True, False]
    assert supported("4,381 more", evidence[2:], [growth]) == [False]
    assert supported("4,381 more", evidence) == [False, False, False]
    assert supported("6.2% more", evidence, [growth, share]) == [True, True, False]
    assert supported("6.3% more", evidence, [growth, share]) == [False, False, False]


def test_constants_of_a_calculation_need_no_line_and_its_other_numbers_do():
    claim = "Turnover: 95 / ((90 + 110) / 2) = 0.95"
    turnover = Calculation(Decimal("0.95"), tuple(map(Decimal, (95, 90, 110, 2))))
    assert supported(claim, [Evidence("Revenue 95"), Evidence("Equipment 110 90")], [turnover]) == [True, True]
    assert supported(claim, [Evidence("Revenue 95"), Evidence("Equipment 110 91")], [turnover]) == [False, False]
    assert supported(claim, [Evidence("Revenue 95"), Evidence("Equipment 110 90")]) == [False, False]


@given(st.text(max_size=80))
def test_a_claim_that_is_its_own_quote_is_never_unsupported(text):
    assert supported(text, [Evidence(text)]) in ([True], [None])


# Where sources disagree


def dated(n: int, quote: str, year: int | None, path: str | None = None) -> Dated:
    published = datetime(year, 3, 1).date() if year else None
    return Dated(n, quote, path or f"report-{year}.pdf", published)


@pytest.mark.parametrize(
    ("a", "b", "sentences"),
    [
        (
            dated(1, "The Alma carried 88,460 passengers in 2023.", 2024),
            dated(2, "The Alma carried 80,460  passengers in 2023.", 2025),
            [
                "The Alma carried ... passengers in 2023.: "
                "80,460 (report-2025.pdf, 2025-03-01) [2]; 88,460 (report-2024.pdf, 2024-03-01) [1]"
            ],
        ),
        (dated(1, "The Alma carried 5 passengers.", 2024), dated(2, "The Alma carried 5 passengers.", 2025), []),
        (dated(1, "The Alma carried 5 passengers.", 2024), dated(2, "The Ida carried 6 passengers.", 2025), []),
        (dated(1, "The Alma carried 5 passengers.", None), dated(2, "The Alma carried 6 passengers.", 2025), []),
        (
            dated(1, "The Alma carried 5 passengers.", 2024, "x"),
            dated(2, "The Alma carried 6 passengers.", 2025, "x"),
            [],
        ),
        (dated(1, "Revenue 5 6 7", 2024), dated(2, "Revenue 6 6 7", 2025), []),
        (dated(1, "a 5", 2024), dated(2, "a 6", 2025), []),
    ],
)
def test_two_quotes_disagree_where_all_but_a_number_is_the_same_and_one_is_later(a, b, sentences):
    assert [sentence for _, _, sentence in disagreements([a, b])] == sentences


def published(path: str, text: str, year: int):
    content = ingested_text(path, text)
    return replace(content, document=replace(content.document, published_at=datetime(year, 3, 1, tzinfo=UTC)))


def conflicting(first: str, second: str) -> Answer:
    head = "Item | 2023 | 2022\n"
    archive = InMemoryArchive(
        [
            published("report-2023.txt", f"{head}Total passengers | 88,460 | 78,900", 2024),
            published("report-2024.txt", "Item | 2024 | 2023\nTotal passengers | 90,000 | 80,460", 2025),
        ]
    )
    script = [call("search", query="passengers"), call("page_in", pages=["p1", "p2"])]
    statements = [{"text": f"Says {name}.", "quotes": [quote]} for name, quote in (("A", first), ("B", second))]
    return ask([*script, call("answer", statements=statements)], archive=archive)


def test_later_document_comes_first_where_two_rows_give_one_year_another_value():
    answer = conflicting("Total passengers | 88,460 | 78,900", "Total passengers | 90,000 | 80,460")
    assert answer.answer == "Says B. [1] Says A. [2]"
    assert answer.conflicts == (
        "Total passengers, 2023: 80,460 (report-2024.txt, 2025-03-01) [1]; 88,460 (report-2023.txt, 2024-03-01) [2]",
    )


def test_a_statement_from_a_note_cut_short_says_all_of_the_lines_it_cites():
    port = {"port.txt": "Harbour dues rose to 1.5 million crowns. The pier was rebuilt in 2019."}
    cut = {"text": "The pier was rebuilt in…", "addresses": ["p1:2"]}
    own = {"text": "The pier is new…", "addresses": ["p1:2"]}
    answer = ask([SEARCH, READ, call("answer", statements=[cut, own])], archive=InMemoryArchive.of(port))
    assert answer.answer == "The pier was rebuilt in 2019. [1] The pier is new… [2]"
