from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.ingest.running_lines import running_spans
from docpager.ingest.segmenter import segment_document
from docpager.lines import Span, line_spans
from docpager.records import (
    Block,
    BlockKind,
    DocumentStatus,
    ParsedDocument,
    ParsedPage,
    Segment,
    SegmentKind,
    hex_id,
    sha256_hex,
)

PROSE = "The company sells its products in more than forty countries, directly and through retailers of every size."


class WordCounter:
    """Counts words, and four characters of a long one, as tokens."""

    name = "words"

    def count(self, text: str) -> int:
        return sum(1 + len(word) // 8 for word in re.findall(r"\w+|[^\w\s]", text))


def document(*pages: ParsedPage | str) -> ParsedDocument:
    parsed = [page if isinstance(page, ParsedPage) else ParsedPage(n, page) for n, page in enumerate(pages, 1)]
    return ParsedDocument("application/pdf", "pdf", "1", tuple(parsed))


def segments_of(parsed: ParsedDocument, limit: int = 60, title: str | None = None) -> list[Segment]:
    return segment_document(parsed, "doc", title, WordCounter(), limit)[1]


def seen(page: ParsedPage, start: int, end: int, aside: Sequence[Span]) -> str:
    """The text between two places that is neither blank, nor hidden, nor in a running line."""
    marked = {at for span in (*page.hidden, *aside) for at in range(*span)}
    return "".join(page.text[at] for at in range(start, end) if at not in marked).strip()


def assert_covers(parsed: ParsedDocument, segments: list[Segment], limit: int) -> None:
    has_blocks = any(page.blocks for page in parsed.pages)
    running = [()] * len(parsed.pages) if has_blocks else running_spans(parsed.pages)
    for page, aside in zip(parsed.pages, running, strict=True):
        position = 0
        for segment in (s for s in segments if s.page_number == page.page_number):
            assert segment.text == page.text[segment.char_start : segment.char_end]
            assert not seen(page, position, segment.char_start, aside)
            assert segment.text.strip() == segment.text != ""
            assert segment.token_count <= limit
            position = segment.char_end
        assert not seen(page, position, len(page.text), aside)
    assert [s.ordinal for s in segments] == list(range(len(segments)))
    assert len({s.segment_id for s in segments}) == len(segments)


def composed(*parts: tuple[BlockKind, str, int]) -> ParsedPage:
    text, blocks = "", []
    for kind, part, level in parts:
        text += "\n\n" if text else ""
        blocks.append(Block(kind, len(text), len(text) + len(part), level))
        text += part
    return ParsedPage(1, text, blocks=tuple(blocks))


ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("  \n\n.,aB1$|"), max_size=600)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY_TEXT, max_size=4), st.integers(8, 200))
def test_every_visible_character_is_in_exactly_one_segment(texts: list[str], limit: int) -> None:
    parsed = document(*texts)
    assert_covers(parsed, segments_of(parsed, limit), limit)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600), st.sampled_from(BlockKind)), max_size=8))
def test_any_blocks_of_a_reader_leave_nothing_out(text: str, spans: list[tuple[int, int, BlockKind]]) -> None:
    size = len(text)
    blocks = tuple(Block(k, min(a, b, size), min(max(a, b), size), int(k is BlockKind.HEADING)) for a, b, k in spans)
    parsed = document(ParsedPage(1, text, blocks=blocks))
    assert_covers(parsed, segments_of(parsed, 40), 40)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT, st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), max_size=6))
def test_no_segment_holds_hidden_text(text: str, places: list[tuple[int, int]]) -> None:
    edges = sorted({min(place, len(text)) for pair in places for place in pair})
    hidden = tuple(zip(edges[::2], edges[1::2]))
    parsed = document(ParsedPage(1, text, hidden=hidden))
    segments = segments_of(parsed, 40)
    assert_covers(parsed, segments, 40)
    for start, end in hidden:
        for segment in segments:
            within = text[max(start, segment.char_start) : min(end, segment.char_end)]
            assert not within.strip()


def test_running_lines_are_in_no_segment_and_stay_in_the_page() -> None:
    pages = [f"ACME Corporation\n{PROSE} Figure {number * number}.\nPage {number} of 9" for number in range(1, 10)]
    parsed = document(*pages)
    papers, segments = segment_document(parsed, "doc", None, WordCounter(), 60)
    assert [s.text for s in segments] == [pages[0].removesuffix("\nPage 1 of 9")] + [
        f"{PROSE} Figure {number * number}." for number in range(2, 10)
    ]
    assert [paper.text for paper in papers] == pages


def test_running_line_that_begins_a_section_stays_in_its_segment() -> None:
    pages = [
        f"ITEM {n}. {name}\n{PROSE} Of {n * n}.\n{n}"
        for n, name in enumerate(["BUSINESS", "RISKS", "UNITS", "LEGAL"], 1)
    ]
    assert [s.text for s in segments_of(document(*pages))] == [page.rpartition("\n")[0] for page in pages]


def test_segments_begin_at_headings() -> None:
    body = f"{PROSE}\n{PROSE}"
    parsed = document(f"ITEM 1. BUSINESS\n{body}\nITEM 2. PROPERTIES\n{body}\nITEM 3. LEGAL PROCEEDINGS\n{body}")
    segments = segments_of(parsed, 60)
    assert [s.text.split("\n")[0] for s in segments] == [
        "ITEM 1. BUSINESS",
        "ITEM 2. PROPERTIES",
        "ITEM 3. LEGAL PROCEEDINGS",
    ]
    assert segments[1].headings == ("ITEM 2. PROPERTIES",)


def test_small_sections_are_put_together() -> None:
    parsed = document("ITEM 3. LEGAL PROCEEDINGS\nNone to report.\nITEM 4. MINE SAFETY DISCLOSURES\nNot applicable.")
    assert len(segments_of(parsed, 200)) == 1


def test_headings_stay_in_force_on_following_pages() -> None:
    pages = [f"ITEM 8. FINANCIAL STATEMENTS\nNOTE 1 — LEASES\n{PROSE}", f"{PROSE}\n{PROSE}", f"NOTE 2 — DEBT\n{PROSE}"]
    segments = segments_of(document(*pages), 60)
    headings = {s.page_number: s.headings for s in segments}
    assert headings[2] == ("ITEM 8. FINANCIAL STATEMENTS", "NOTE 1 — LEASES")
    assert headings[3] == ("ITEM 8. FINANCIAL STATEMENTS", "NOTE 2 — DEBT")


HEADS = "(In millions)\nYear Ended June 30, 2023 2022"
ROWS = [f"Line of business number {n} $ {n},100 $ {n},050" for n in range(1, 30)]


def test_table_that_goes_on_in_a_further_segment_takes_its_column_heads_along() -> None:
    segments = segments_of(document(f"CONSOLIDATED BALANCE SHEETS\n{HEADS}\n" + "\n".join(ROWS)), 100)
    assert len(segments) > 2
    assert segments[0].prefix == ""
    assert all(s.prefix == HEADS for s in segments[1:])
    assert all(HEADS in s.search_text for s in segments)
    assert all(s.headings == ("CONSOLIDATED BALANCE SHEETS",) for s in segments)


def test_table_that_goes_on_on_the_next_page_takes_its_column_heads_along() -> None:
    first = f"CONSOLIDATED BALANCE SHEETS\n{HEADS}\n" + "\n".join(ROWS[:4])
    segments = segments_of(document(first, "\n".join(ROWS[4:8])), 200)
    assert [s.prefix for s in segments] == ["", HEADS]


def test_column_heads_end_with_their_table() -> None:
    page = (
        f"CONSOLIDATED BALANCE SHEETS\n{HEADS}\n" + "\n".join(ROWS[:3]) + f"\n{PROSE}\n{PROSE}\n" + "\n".join(ROWS[3:6])
    )
    assert segments_of(document(page), 60)[-1].prefix == ""


def test_rows_are_never_cut() -> None:
    parsed = document(f"{HEADS}\n" + "\n".join(ROWS))
    assert {line for s in segments_of(parsed, 45) for line in s.text.split("\n")} == {*HEADS.split("\n"), *ROWS}


def test_line_with_too_many_tokens_is_cut_at_blanks() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    segments = segments_of(document(words), 20)
    assert " ".join(s.text for s in segments) == words
    assert all(s.token_count <= 20 for s in segments)


def test_word_with_too_many_tokens_is_cut() -> None:
    segments = segments_of(document("x" * 400), 10)
    assert "".join(s.text for s in segments) == "x" * 400


def test_readers_blocks_give_text_and_table_segments() -> None:
    table = "\n".join(f"Region {n} | {n}0 | {n}5" for n in range(1, 12))
    parsed = document(
        composed(
            (BlockKind.HEADING, "Sales", 1),
            (BlockKind.PARAGRAPH, " ".join([PROSE] * 3), 0),
            (BlockKind.TABLE_HEAD, "Region | 2023 | 2022", 0),
            *((BlockKind.TABLE_ROW, row, 0) for row in table.split("\n")),
        )
    )
    segments = segments_of(parsed, 70)
    assert segments[0].kind is SegmentKind.TEXT
    assert segments[-1].kind is SegmentKind.TABLE
    assert segments[-1].prefix == "Region | 2023 | 2022" or "Region | 2023" in segments[-1].text
    assert all(s.headings == ("Sales",) for s in segments)


def test_pages_without_blocks_give_layout_segments() -> None:
    assert segments_of(document(PROSE))[0].kind is SegmentKind.LAYOUT


def test_segment_borders_do_not_change_citable_lines() -> None:
    sentences = [f"Sentence number {n} says something about the business of Acme Inc. in short." for n in range(40)]
    page = composed((BlockKind.PARAGRAPH, " ".join(sentences), 0))
    lines = [s.text[a:b] for s in segments_of(document(page), 50) for a, b in line_spans(s.text, s.kind)]
    assert lines == sentences


def test_heading_path_is_bounded() -> None:
    parts = [(BlockKind.HEADING, f"Level {n} " + "long " * 50, n) for n in range(1, 7)]
    page = composed(*parts, (BlockKind.PARAGRAPH, " ".join([PROSE] * 9), 0))
    headings = segments_of(document(page), 200)[-1].headings
    assert len(headings) == 4
    assert all(len(heading) <= 120 for heading in headings)
    assert headings[0].startswith("Level 1")


def test_search_text_is_title_headings_and_text() -> None:
    segment = segments_of(document(f"NOTE 1 — LEASES\n{PROSE}"), 100, "Acme 10-K")[0]
    heads = "Acme 10-K\nNOTE 1 — LEASES\n"
    assert segment.search_text == f"{heads}{heads}{segment.text}"


def test_search_text_has_broken_words_in_one_piece() -> None:
    (segment,) = segments_of(document("It is an inter-\nnational maker of manu-\nfactured goods."), title="Notes")
    assert segment.text == "It is an inter-\nnational maker of manu-\nfactured goods."
    assert segment.search_text == f"Notes\nNotes\n{segment.text}\ninternational manufactured"


def test_ids_depend_on_text_and_occurrence_not_on_position() -> None:
    a, b, c = (f"{PROSE} {name}." for name in ("Alpha", "Beta", "Gamma"))
    before = segments_of(document(a, b, a))
    after = segments_of(document(c, a, b, a))
    assert [s.segment_id for s in after if "Gamma" not in s.text] == [s.segment_id for s in before]
    assert before[0].segment_id == hex_id("doc", sha256_hex(a), 0)
    assert before[2].segment_id == hex_id("doc", sha256_hex(a), 1)


def test_paper_pages_keep_text_and_label() -> None:
    pages, segments = segment_document(
        document(ParsedPage(1, "", "i"), ParsedPage(2, PROSE, "ii")), "doc", None, WordCounter(), 50
    )
    assert [(p.page_number, p.page_label, p.text) for p in pages] == [(1, "i", ""), (2, "ii", PROSE)]
    assert pages[1].text_sha256 == sha256_hex(PROSE)
    assert [s.page_number for s in segments] == [2]


FILINGS = Path(__file__).parents[3] / "shared" / "data" / "financebench" / "pdfs"
STATEMENT_PAGE = re.compile(r"^(?:consolidated )?(?:balance sheets?|statements? of cash ?flows?)$", re.I | re.M)


def is_statement(text: str) -> bool:
    return STATEMENT_PAGE.search("\n".join(text.split("\n")[:8])) is not None


@pytest.mark.slow
@pytest.mark.skipif(not FILINGS.is_dir(), reason=f"needs the filings in {FILINGS}")
@pytest.mark.parametrize("path", sorted(FILINGS.glob("*.pdf")), ids=lambda path: path.stem)
def test_filings_are_read_and_segmented_whole(path: Path) -> None:
    from docpager.ingest.readers.pdf import PdfReader
    from docpager.models.tokens import TiktokenCounter

    parsed = PdfReader().read(path)
    assert parsed.status is DocumentStatus.INDEXED
    assert parsed.title is not None
    _, segments = segment_document(parsed, "doc", parsed.title, TiktokenCounter(), 384)
    assert_covers(parsed, segments, 384)
    assert sum(s.token_count for s in segments) / len(segments) > 384 * 0.55
    if "10K" not in path.stem:
        return
    found = {part for s in segments for part in s.headings}
    assert sum(bool(re.match(r"item\s+\d", heading, re.I)) for heading in found) >= 10
    statements = [p.page_number for p in parsed.pages if p.text.count("$") > 4 and is_statement(p.text)]
    titled = {s.page_number for s in segments if any(STATEMENT_PAGE.match(heading) for heading in s.headings)}
    assert len(statements) >= 1
    assert set(statements) <= titled
