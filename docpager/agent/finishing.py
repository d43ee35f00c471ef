"""From statements to an answer's columns: text, citations, what they bear out, conflicts, and the answer as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from docpager.agent.citations import Statement, cite
from docpager.agent.notebook import SHORTENED
from docpager.agent.numbers_said import Quoted, Said, row_by_year
from docpager.agent.support import Calculation, Dated, Evidence, disagreements, supported
from docpager.agent.typed_answers import typed_answer
from docpager.agent.workspace import Workspace
from docpager.records import VERIFIED_STATUSES, AnswerType, Citation
from docpager.transcript import fold

_DIGITS = re.compile(r"\d+(?:\.\d+)?")
LINES_ABOVE = 40
"""How many lines above a quote can name its columns and unit."""


def finished(work: Workspace, statements: Sequence[Statement], conflicts: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of ``Answer`` that follow from what the model said; ``conflicts`` are its own words on them.

    Where code finds that two citations disagree, the statement that cites the later document comes first.
    """
    statements = [_completed(work, statement) for statement in statements]
    separator = "\n" if work.question.answer_type is AnswerType.LIST else " "
    text, citations = cite(work, statements, separator=separator)
    found = disagreements([_dated(work, c) for c in citations if c.verify_status in VERIFIED_STATUSES])
    ordered = _later_first(statements, citations, [(later.n, earlier.n) for later, earlier, _ in found])
    if ordered != statements:
        text, citations = cite(work, ordered, separator=separator)
        found = disagreements([_dated(work, c) for c in citations if c.verify_status in VERIFIED_STATUSES])
    citations = _judged(work, ordered, citations)
    typed = typed_answer(work.question, [_said(work, s, g) for s, g in _grouped(ordered, citations)])
    if typed.first_word and text:
        text = f"{typed.first_word}. {text}"
    return {
        "answer": text or None,
        "answer_value": typed.value,
        "answer_unit": typed.unit,
        "answer_date": typed.day,
        "citations": citations,
        "conflicts": (*conflicts, *dict.fromkeys(sentence for _, _, sentence in found)),
    }


def _completed(work: Workspace, statement: Statement) -> Statement:
    """A statement that is a note cut short, with all the words of the lines that it begins to repeat."""
    if not statement.text.endswith(SHORTENED) or len(statement.addresses) != 1:
        return statement
    [address] = statement.addresses
    if work.never_shown(address):
        return statement
    text = work.text(work.pager.table.by_handle(address.handle).page.page_id)
    whole = fold(" ".join(text.line(number) for number in range(address.first_line, address.last_line + 1)))
    begun = statement.text.removesuffix(SHORTENED)
    return replace(statement, text=whole) if whole.startswith(begun) else statement


def _grouped(
    statements: Sequence[Statement], citations: Sequence[Citation]
) -> list[tuple[Statement, tuple[Citation, ...]]]:
    """Each statement with its citations, which stand in the order of the statements."""
    groups, at = [], 0
    for statement in statements:
        count = len(set(statement.addresses)) + len(set(statement.quotes))
        groups.append((statement, tuple(citations[at : at + count])))
        at += count
    return groups


def _later_first(
    statements: Sequence[Statement], citations: Sequence[Citation], pairs: Sequence[tuple[int, int]]
) -> list[Statement]:
    ordered = list(statements)
    of = {c.n: statement for statement, group in _grouped(statements, citations) for c in group}
    for later, earlier in pairs:
        a, b = ordered.index(of[later]), ordered.index(of[earlier])
        if a > b:
            ordered.insert(b, ordered.pop(a))
    return ordered


def _judged(work: Workspace, statements: Sequence[Statement], citations: Sequence[Citation]) -> tuple[Citation, ...]:
    """The citations with ``supported`` filled in, where their quotes stand in the archive."""
    calculated = [
        Calculation(Decimal(e.arguments["result"]), tuple(map(Decimal, _DIGITS.findall(e.arguments["expression"]))))
        for e in work.events
        if e.event == "Calculated"
    ]
    judged = list(citations)
    for statement, group in _grouped(statements, citations):
        standing = [c for c in group if c.verify_status in VERIFIED_STATUSES]
        marks = supported(statement.text, [_evidence(work, c) for c in standing], calculated)
        for citation, mark in zip(standing, marks, strict=True):
            judged[citation.n - 1] = replace(citation, supported=mark)
    return tuple(judged)


def _said(work: Workspace, statement: Statement, citations: Sequence[Citation]) -> Said:
    standing = [c for c in citations if c.verify_status in VERIFIED_STATUSES]
    return Said(statement.text, tuple(Quoted(c.quote, _above(work, c)) for c in standing))


def _evidence(work: Workspace, citation: Citation) -> Evidence:
    document = work.archive.document(citation.doc_id)
    period = document.period if document and document.period else ""
    return Evidence(citation.quote, (citation.doc_path, citation.doc_title or "", period, *_above(work, citation)))


def _dated(work: Workspace, citation: Citation) -> Dated:
    document = work.archive.document(citation.doc_id)
    published: date | None = document.published_at.date() if document and document.published_at else None
    by_year: Mapping[str, Any] = row_by_year(Quoted(citation.quote, _above(work, citation)))
    return Dated(citation.n, citation.quote, citation.doc_path, published, tuple(by_year.items()))


def _above(work: Workspace, citation: Citation) -> tuple[str, ...]:
    """Headings, column heads and the lines above a quote on its paper page, nearest last."""
    text = work.text(citation.segment_id) if citation.segment_id else None
    page = work.archive.paper_page(citation.doc_id, citation.page_number) if citation.page_number else None
    before = page.text[: citation.char_start].split("\n")[:-1] if page and citation.char_start else []
    columns = text.segment.prefix.split("\n") if text else []
    lines = [*citation.headings, *before[-LINES_ABOVE:], *columns]
    return tuple(folded for line in lines if (folded := fold(line)))
