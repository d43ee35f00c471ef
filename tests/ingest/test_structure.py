from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.ingest.heading_rules import strong_heading, weak_level
from docpager.ingest.structure import find_blocks
from docpager.ingest.table_rules import trailing_cells
from docpager.records import Block, BlockKind, OutlineHeading, ParsedPage

PROSE = "The company sells its products in more than forty countries, directly and through retailers of every size."

STRONG = [
    ("Item 7A. Quantitative and Qualitative Disclosures About Market Risk", 1),
    ("ITEM 1B. UNRESOLVED STAFF COMMENTS", 1),
    ("ARTICLE IV", 1),
    ("Appendix B: Questionnaire", 1),
    ("SIGNATURES", 1),
    ("NOTE 3 - LEASES", 3),
    ("Note 5 – Accounts Receivable, net", 3),
    ("Section 4.2 Payment Terms", 2),
    ("3.2 Methods", 2),
    ("2.1.4 Pump Assembly", 3),
    ("CONSOLIDATED BALANCE SHEETS", 2),
    ("Consolidated Statements of Cash Flows", 2),
    ("Consolidated Statements of Changes in Shareholders’ Equity (continued)", 2),
    ("STOCKHOLDERS’ EQUITY STATEMENTS", 2),
    ("Notes to the Consolidated Financial Statements", 2),
    ("Report of Independent Registered Public Accounting Firm", 2),
]
NOT_STRONG = [
    "Item 8 of this Annual Report on Form 10-K.",
    "Note 12 to the consolidated financial statements for further details",
    "Consolidated balance sheets are presented in the following table",
    "Consolidated Balance Sheets as of December 31, 2019 and 2018 F-4",
    "Item 1. Business 4",
    "3.2 percent of net sales were made in Asia",
    "2019 2018 2017",
    "Net sales 1,200 1,100",
]


@pytest.mark.parametrize(("text", "level"), STRONG)
def test_wording_alone_makes_a_heading(text: str, level: int) -> None:
    heading = strong_heading(text)
    assert heading is not None
    assert heading.level == level


@pytest.mark.parametrize("text", NOT_STRONG)
def test_mentions_and_contents_lines_are_no_headings(text: str) -> None:
    assert strong_heading(text) is None


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("LIQUIDITY AND CAPITAL RESOURCES", 4),
        ("Liquidity and Capital Resources", 5),
        ("Fiscal Year 2023 Compared with Fiscal Year 2022", 5),
        ("We sell shoes", None),
        ("Total current assets:", None),
        ("Large accelerated filer ☐", None),
        ("Jane Doe 55 Chairman", None),
        ("Chief Executive Officer", None),
        ("Acme Corp. and Subsidiaries", None),
        ("February 2, 2019", None),
        ("$ 12,300", None),
    ],
)
def test_short_lines_in_capitals_may_be_headings(text: str, level: int | None) -> None:
    assert weak_level(text) == level


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Net sales $ 1,200 $ 1,100 $ (900)", (3, False)),
        ("Other, net (2 ) 173 17", (3, False)),
        ("Effect of exchange rates — 5.1 % (0.3)%", (3, False)),
        ("Year Ended June 30, 2023 2022 2021", (3, True)),
        ("(Dollars in millions) 2019(1) 2018", (2, True)),
        ("as of December 31,", (0, False)),
        ("Net sales | $ | 118,573 | $ | 141,915", (2, False)),
        ("grew to 5 stores", (0, False)),
    ],
)
def test_figures_at_a_line_end_are_counted(text: str, expected: tuple[int, bool]) -> None:
    assert trailing_cells(text) == expected


def pages_of(*texts: str) -> list[ParsedPage]:
    return [ParsedPage(number, text) for number, text in enumerate(texts, 1)]


def found(page: ParsedPage, blocks: tuple[Block, ...], kind: BlockKind) -> list[str]:
    return [page.text[b.char_start : b.char_end] for b in blocks if b.kind is kind]


def headings_of(pages: list[ParsedPage], outline: tuple[OutlineHeading, ...] = ()) -> list[tuple[int, str]]:
    return [
        (block.level, page.text[block.char_start : block.char_end])
        for page, blocks in zip(pages, find_blocks(pages, outline), strict=True)
        for block in blocks
        if block.kind is BlockKind.HEADING
    ]


def test_statement_has_heads_rows_and_title() -> None:
    page = pages_of(
        "ACME CORPORATION\nCONSOLIDATED BALANCE SHEETS\n(In millions)\nDecember 31, 2019 2018\nCurrent assets:\n"
        "Cash $ 120 $ 95\nInventories 300 280\nCommitments and contingencies (Note 9)\nTotal assets $ 420 $ 375\n"
        "The accompanying notes are an integral part of these statements."
    )[0]
    blocks = find_blocks([page])[0]
    assert found(page, blocks, BlockKind.HEADING)[-1] == "CONSOLIDATED BALANCE SHEETS"
    assert found(page, blocks, BlockKind.TABLE_HEAD) == ["(In millions)", "December 31, 2019 2018"]
    assert found(page, blocks, BlockKind.TABLE_ROW) == [
        "Current assets:",
        "Cash $ 120 $ 95",
        "Inventories 300 280",
        "Commitments and contingencies (Note 9)",
        "Total assets $ 420 $ 375",
    ]


def test_column_heads_set_on_several_lines_are_no_headings() -> None:
    page = pages_of(
        f"Investments\n{PROSE}\nAdjusted\nCost Basis\nUnrealized\nGains\nUnrealized\nLosses\n"
        "Bonds 10 2 (1)\nStocks 5 3 (2)"
    )[0]
    blocks = find_blocks([page])[0]
    assert found(page, blocks, BlockKind.HEADING) == ["Investments"]
    assert found(page, blocks, BlockKind.TABLE_HEAD) == [
        "Adjusted",
        "Cost Basis",
        "Unrealized",
        "Gains",
        "Unrealized",
        "Losses",
    ]


def test_repeating_lines_and_page_numbers_are_no_headings() -> None:
    pages = pages_of(*(f"Acme Annual Report\nThe Year at a Glance {n}\n{PROSE}\n{PROSE}\n{n}" for n in "12345"))
    assert headings_of(pages) == []


def test_running_item_does_not_end_its_note() -> None:
    top = "PART II\nItem 8\n"
    pages = pages_of(
        f"{top}NOTES TO FINANCIAL STATEMENTS\nNOTE 1 — LEASES\n{PROSE}",
        f"{top}{PROSE}\n{PROSE}",
        f"{top}{PROSE}\nNOTE 2 — DEBT\n{PROSE}",
    )
    assert headings_of(pages) == [
        (1, "Item 8"),
        (2, "NOTES TO FINANCIAL STATEMENTS"),
        (3, "NOTE 1 — LEASES"),
        (3, "NOTE 2 — DEBT"),
    ]


def test_contents_lines_are_no_headings_but_name_them() -> None:
    contents = "TABLE OF CONTENTS\nOur year in brief 2\nWhat we make 3\nHow we sell 4\nOutlook for the years ahead 5"
    pages = pages_of(
        contents,
        f"Our year in brief\n{PROSE}\n2",
        f"What we make\n{PROSE}\n3",
        f"{PROSE}\nHow we sell\n{PROSE}\n4",
        f"Outlook for the years ahead\n{PROSE}\n5",
    )
    titles = [title for _, title in headings_of(pages)]
    assert titles[-4:] == ["Our year in brief", "What we make", "How we sell", "Outlook for the years ahead"]
    assert not any(title.endswith(("2", "3", "4", "5")) for title in titles)


def test_outline_names_headings_on_their_pages() -> None:
    pages = pages_of(f"{PROSE}\nhow to clean the filter\n{PROSE}", f"{PROSE}\nhow to clean the filter\n{PROSE}")
    outline = (OutlineHeading(2, "How to clean the filter", 1),)
    assert headings_of(pages, outline)[0] == (2, "how to clean the filter")
    assert headings_of(pages) == []


def test_heading_in_capitals_runs_on_to_the_next_line() -> None:
    pages = pages_of(
        "ITEM 5. MARKET FOR REGISTRANT'S COMMON EQUITY, RELATED STOCKHOLDER\n"
        f"MATTERS AND ISSUER PURCHASES OF EQUITY SECURITIES\n{PROSE}"
    )
    assert headings_of(pages)[0][1].endswith("PURCHASES OF EQUITY SECURITIES")


def test_sentence_that_wraps_before_a_reference_gives_no_heading() -> None:
    pages = pages_of(
        f"{PROSE}\nFor more about the leases that the company has entered into see\nNote 7 Leases\n{PROSE}"
    )
    assert headings_of(pages) == []


LINES = st.text(st.sampled_from("aAbB 019.,:$()%—•\n\tItemNote"), max_size=300)


@given(st.lists(LINES, max_size=5))
def test_blocks_hold_every_visible_character_once_and_in_order(texts: list[str]) -> None:
    pages = pages_of(*texts)
    for page, blocks in zip(pages, find_blocks(pages), strict=True):
        position = 0
        for block in blocks:
            assert not page.text[position : block.char_start].strip()
            assert block.char_end > block.char_start
            position = block.char_end
        assert not page.text[position:].strip()
