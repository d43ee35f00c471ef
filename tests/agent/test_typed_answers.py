"""What an answer says as a value: numbers with units, dates, yes and no, choices; null where there is doubt."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import ask_typed

from docpager.agent.numbers_said import Quoted, Said
from docpager.agent.typed_answers import choices, typed_answer
from docpager.archive.in_memory import InMemoryArchive
from docpager.dates import dates
from docpager.figures import figures, spelled_figures, stated_unit
from docpager.models.scripted import call
from docpager.records import AnswerType, Question
from docpager.table_rows import is_row


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("75,028 thousand crowns", [("75028", "crowns thousand")]),
        ("$1.2 million", [("1.2", "USD million")]),
        ("US$ 3.5bn", [("3.5", "USD billion")]),
        ("USD 12 million", [("12", "USD million")]),
        ("€2,310,000.", [("2310000", "EUR")]),
        ("5 billion Swiss francs", [("5", "billion")]),
        ("(10,980) (12,435)", [("-10980", ""), ("-12435", "")]),
        ("$(1,234.5)", [("-1234.5", "USD")]),
        ("(12.5)%", [("-12.5", "%")]),
        ("sales grew (12.5%)", [("12.5", "%")]),
        ("−980 and -5.2", [("-980", ""), ("-5.2", "")]),
        ("24 – 25 hours", [("24", ""), ("25", "")]),
        ("1’234’567", [("1234567", "")]),
        ("77 per cent.", [("77", "%")]),
        ("Borrowings 5 27,300 20,900", [("5", ""), ("27300", ""), ("20900", "")]),
        ("2022-24", [("2022", "")]),
        ("M24-014 at 14:05, version 1.2.3, 1,23", []),
        ("the hull 12,34,567", []),
    ],
)
def test_numbers_are_read_as_people_print_them(text, found):
    assert [(str(f.value), str(f.unit)) for f in figures(text)] == found


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("(in millions)", "million"),
        ("$ in millions, except per share data", "USD million"),
        ("Thousands of crowns", "crowns thousand"),
        ("EUR thousand", "EUR thousand"),
        ("in thousands of crowns", "crowns thousand"),
        ("the total in USD millions", "USD million"),
        ("in crowns", "crowns"),
        ("Revenue was 75,028 thousand crowns.", "None"),
        ("Consolidated balance sheet", "None"),
    ],
)
def test_unit_that_a_heading_states_is_found(text, unit):
    assert str(stated_unit(text)) == unit


def test_small_numbers_in_words_are_read():
    assert [int(f.value) for f in spelled_figures("Sixty-four, seven and twenty ships")] == [64, 7, 20]


amounts = st.decimals(-(10**12), 10**12, places=2)


@given(amounts, st.sampled_from(["{:,}", "{:f}", "${:,}", "{:,} USD", "{:,} million crowns"]))
def test_number_that_was_formatted_is_read_back(amount, form):
    text = form.format(abs(amount))
    text = f"({text})" if amount < 0 and form == "{:,}" else text
    [figure] = figures(f"It was {text} then.")
    assert figure.value == (amount if amount < 0 and form == "{:,}" else abs(amount))


@given(st.text(max_size=60))
def test_any_text_can_be_looked_through_for_numbers_and_dates(text):
    for figure in figures(text):
        assert isinstance(figure.value, Decimal)
        assert 0 <= figure.start < figure.end <= len(text)
    assert all(0 <= d.start < d.end <= len(text) for d in dates(text))


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%d %B %Y", "%B %d, %Y", "%b %d, %Y", "%Y-%m-%d", "%d.%m.%Y", "%d-%b-%Y", "%dth of %B %Y"]),
)
def test_date_that_was_formatted_is_read_back(day, form):
    assert [d.day for d in dates(f"on {day.strftime(form)}, at sea")] == [day]


@pytest.mark.parametrize(
    "text", ["May 2023", "17 July", "03/04/2023", "30 February 2023", "31.02.2023", "2023-13-01", "it may 5, 2023"]
)
def test_what_is_no_whole_day_or_can_be_two_is_no_date(text):
    assert dates(text) == []


REPORT = ("Income statement", "thousands of crowns 2024 2023", "Ticket revenue 60,000 55,000")


def row(text: str, *above: str) -> Said:
    return Said(text, (Quoted(text, above),))


NUMBERS = [
    # The model's own words.
    ("What was revenue in 2024?", [Said("Revenue was $1.2 million in 2024.")], 1.2, "USD million"),
    ("What was revenue, in thousands of crowns?", [Said("75,028")], 75028, "crowns thousand"),
    ("What was revenue, in thousands of crowns?", [Said("It was 75.0 million crowns.")], 75.0, "crowns million"),
    ("What was revenue, in thousands of crowns?", [Said("24,000 crowns")], 24000, "crowns"),
    ("By how much did it grow from 2022 to 2024?", [Said("By 2,044 thousand crowns.")], 2044, "crowns thousand"),
    (
        "How many passengers were there in 2023?",
        [Said("In 2023 there were 58 passengers and 6 crew.")],
        58,
        "passengers",
    ),
    ("How many days late was it?", [Said("It came on 6 June 2024, 37 days late.")], 37, "days"),
    ("How many bids came in?", [Said("Only two bids came in.")], 2, "bids"),
    ("What share voted for it?", [Said("77 per cent did.")], 77, "%"),
    ("What was the margin?", [Said("The margin was 12.5%.")], 12.5, "%"),
    ("What is the capacity in kilowatt hours?", [Said("1,180 kilowatt hours")], 1180, "kilowatt hours"),
    ("What was the loss?", [Said("Net income was $(1,234.5) million.")], -1234.5, "USD million"),
    (
        "How many of the 64 burrows held a chick?",
        [Said("Of the 64 burrows 49 did, which is 77 per cent.")],
        49,
        "burrows",
    ),
    # The clause that shares the question's words.
    (
        "What was total revenue in 2024?",
        [Said("Total revenue was 75,028 thousand crowns and the result 7,308 thousand.")],
        75028,
        "crowns thousand",
    ),
    # The quote, where the words have no number.
    ("How long is she?", [Said("As the sheet says.", (Quoted("Length 42 metres"),))], 42, "metres"),
    # What only explains: a sum's parts, brackets, a share that was not asked for.
    ("By how much did it grow?", [Said("75,028 - 70,647 = 4,381 thousand crowns")], 4381, "crowns thousand"),
    ("By how much did it grow?", [Said("By 4,381 (75,028 - 70,647).")], 4381, None),
    ("How much was paid?", [Said("It was (980) in all.")], -980, None),
    ("What were net sales in 2022?", [Said("Net sales rose 5% to $1.2 billion.")], 1.2, "USD billion"),
    ("What was the gross margin?", [Said("The gross margin was 45.2% on sales of $10 billion.")], 45.2, "%"),
    # A row in the model's own words, and its column heads.
    (
        "What was total revenue in 2023?",
        [Said("Total revenue: 75,028 70,647", (Quoted("Total revenue 75,028  70,647", REPORT),))],
        70647,
        "crowns thousand",
    ),
    # Rows of tables: the column by year, the unit from above.
    ("What was total revenue in 2024?", [row("Total revenue 75,028 70,647", *REPORT)], 75028, "crowns thousand"),
    ("What was total revenue in 2023?", [row("Total revenue 75,028 70,647", *REPORT)], 70647, "crowns thousand"),
    ("Borrowings in 2023?", [row("Borrowings 5 27,300 20,900", "Note 2023 2022")], 27300, None),
    ("Cash at 31 December 2022?", [row("Cash at 31 December 10,872")], 10872, None),
    ("What was spent on fuel in 2024?", [row("Fuel (10,980) (12,435)", *REPORT)], -10980, "crowns thousand"),
    ("Sales in 2021?", [row("Sales $ 5,100 $ 4,900", "(in millions)", "2022 2021")], 4900, "USD million"),
    (
        "What is the least visibility in Needle Gap?",
        [
            row(
                "Alma | 600 | 400 | 36",
                "Ship | Needle Gap (metres) | Open sound (metres) | Wind (knots)",
                "Ida | 4 | 3 | 2",
            )
        ],
        600,
        "metres",
    ),
    (
        "Dividends in FY2020, in USD billions?",
        [row("Dividends (389) (353)", "(in millions)", "2020 2019")],
        -389,
        "USD million",
    ),
    # Doubt, and nothing to say.
    ("What was total revenue in 2020?", [row("Total revenue 75,028 70,647", *REPORT)], None, None),
    ("How much did revenue grow from 2023 to 2024?", [row("Total revenue 75,028 70,647", *REPORT)], None, None),
    ("What was revenue?", [row("Total revenue 75,028 70,647", *REPORT)], None, None),
    (
        "Quern Line 2023?",
        [row("Quern Line 88,460 80,460", "Printed in 2023 and in 2024.", "As printed Correct")],
        None,
        None,
    ),
    (
        "What was total revenue in 2024?",
        [row("Total revenue 75,028 70,647", *REPORT), row("Total revenue 32,615 31,005", *REPORT)],
        None,
        None,
    ),
    (
        "What was the capital expenditure? Use the cash flow statement.",
        [Said("Cash flow was $3.3 billion, of which net capital spending was $4.5 billion.")],
        None,
        None,
    ),
    ("What was it?", [Said("Either 5 or 6.")], None, None),
    ("How many crew?", [Said("The report of 17 July 2023 does not say.")], None, None),
    ("How many passengers?", [Said("It took 6 crew and 19 days.")], None, None),
    ("What was revenue in 2024?", [], None, None),
]


@pytest.mark.parametrize(("question", "said", "value", "unit"), NUMBERS)
def test_number_and_unit_come_from_the_answers_words(question, said, value, unit):
    found = typed_answer(Question("q", 0, question, answer_type=AnswerType.NUMBER), said)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    ("question", "said", "day"),
    [
        ("When did she run aground?", [Said("On 17 July 2023, at 07.42.")], date(2023, 7, 17)),
        ("When was it due?", [Said("In summer.", (Quoted("due on April 30, 2024"),))], date(2024, 4, 30)),
        ("When was it, if not on 1 May 2024?", [Said("It moved from 1 May 2024 to 6 June 2024.")], date(2024, 6, 6)),
        ("When?", [Said("Between 1 May 2024 and 6 June 2024.")], None),
        ("When?", [Said("In May 2024.")], None),
        ("When?", [], None),
    ],
)
def test_date_is_the_only_whole_day_of_the_first_text_that_has_one(question, said, day):
    assert typed_answer(Question("q", 0, question, answer_type=AnswerType.DATE), said).day == day


@pytest.mark.parametrize(
    ("statements", "first"),
    [
        (["The speed was 13.8 knots.", "Yes, she reached it."], "Yes"),
        (["It was late.", "No."], "No"),
        (["Yes, she did."], None),
        (["Yes, she did.", "No, she did not."], None),
        (["It was so.", "No, not quite.", "Yes, in the end."], None),
        (["No. 4 boat was first.", "It was fast."], None),
        (["Nobody knows."], None),
    ],
)
def test_yes_or_no_stands_first_where_the_statements_decide(statements, first):
    asked = Question("q", 0, "Did she?", answer_type=AnswerType.YES_NO)
    assert typed_answer(asked, [Said(text) for text in statements]).first_word == first


@pytest.mark.parametrize(
    ("question", "listed", "text", "first"),
    [
        ("Which was larger, cash or borrowings?", ["cash", "borrowings"], "27,300 were borrowings.", "borrowings"),
        ("What is her colour: red, blue or dark blue?", ["red", "blue", "dark blue"], "She is dark blue.", "dark blue"),
        ("How does it end (up, down, or unchanged)?", ["up", "down", "unchanged"], "Down by two.", None),
        ("Which was larger, cash or borrowings?", ["cash", "borrowings"], "Cash exceeded borrowings.", None),
        ("Which is larger?", [], "Cash.", None),
    ],
)
def test_choice_is_the_one_that_the_statements_name(question, listed, text, first):
    assert choices(question) == listed
    found = typed_answer(Question("q", 0, question, answer_type=AnswerType.CHOICE), [Said(text)])
    assert found.first_word == first


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("Total revenue 75,028 70,647", True),
        ("Cash at 31 December 2023 10,872", True),
        ("Alma | 600 | 400", True),
        ("Battery capacity 1,180 kilowatt hours", False),
        ("Revenue was 5 in 2023 and 6 later", False),
        ("No numbers here", False),
    ],
)
def test_row_of_a_table_is_a_label_and_then_numbers(text, is_one):
    assert is_row(text) == is_one


TABLE = InMemoryArchive.of(
    {
        "report-2024.txt": "# Income statement, thousands of crowns\n\n"
        "Item | 2024 | 2023\nTicket revenue | 60,000 | 55,000\n"
        "Other revenue | 15,028 | 15,647\n\nThe fifth edition came into force on 1 June 2024.",
    }
)


@pytest.mark.parametrize(
    ("question", "kind", "line", "expected"),
    [
        ("What was other revenue in 2023?", AnswerType.NUMBER, "Other revenue", (15647.0, "crowns thousand", None)),
        ("What was ticket revenue in 2024?", AnswerType.NUMBER, "Ticket revenue", (60000.0, "crowns thousand", None)),
        ("When did the edition come into force?", AnswerType.DATE, "The fifth", (None, None, date(2024, 6, 1))),
        ("What was ticket revenue in 2024?", AnswerType.TEXT, "Ticket revenue", (None, None, None)),
    ],
)
def test_reader_that_answers_with_a_line_of_the_archive_answers_with_its_value(question, kind, line, expected):
    def script(page: dict[int, str]):
        number, text = next((n, text) for n, text in page.items() if text.startswith(line))
        return call("answer", statements=[{"text": text, "addresses": [f"p1:{number}"]}])

    answer = ask_typed(TABLE, question, kind, script)
    assert (answer.answer_value, answer.answer_unit, answer.answer_date) == expected


def test_list_has_an_item_a_line_and_yes_stands_before_the_reasons():
    def items(page: dict[int, str]):
        return call("answer", statements=[{"text": t, "addresses": ["p1:1"]} for t in ("Strake", "Lindgren")])

    def reasons(page: dict[int, str]):
        texts = ("The edition came into force.", "Yes, it did.")
        return call("answer", statements=[{"text": t, "addresses": ["p1:1"]} for t in texts])

    assert ask_typed(TABLE, "Which edition?", AnswerType.LIST, items).answer == "Strake [1]\nLindgren [2]"
    answer = ask_typed(TABLE, "Did the edition come?", AnswerType.YES_NO, reasons).answer
    assert answer == "Yes. The edition came into force. [1] Yes, it did. [2]"
