"""Citations by line address: docpager copies the text, so a quote cannot be invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from docpager.agent.workspace import Workspace
from docpager.records import Address, Citation, VerifyStatus, hex_id

CONTEXT_CHARACTERS = 160
"""How much of the paper page stands on either side of a quote in ``citations``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the addresses it rests on."""

    text: str
    addresses: tuple[Address, ...]


def rejected(work: Workspace, statements: Sequence[Statement]) -> dict[Address, str]:
    """The addresses that cannot be cited, each with the reason."""
    reasons = {address: work.never_shown(address) for s in statements for address in s.addresses}
    return {address: reason for address, reason in reasons.items() if reason}


def cite(work: Workspace, statements: Sequence[Statement]) -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with its citation numbers, and the citations, in order.

    An address that cannot be cited keeps its row, with status ``not_found`` and an empty quote.
    """
    refused = rejected(work, statements)
    citations: list[Citation] = []
    sentences = []
    for statement in statements:
        numbers = ""
        for address in dict.fromkeys(statement.addresses):
            n = len(citations) + 1
            make = _refused if address in refused else _copied
            citations.append(make(work, statement.text, address, n))
            numbers += f"[{n}]"
        sentences.append(f"{statement.text} {numbers}".strip())
    return " ".join(sentences), tuple(citations)


def _copied(work: Workspace, claim: str, address: Address, n: int) -> Citation:
    page_id = work.pager.table.by_handle(address.handle).page.page_id
    text = work.text(page_id)
    segment, document = text.segment, text.document
    start = segment.char_start + text.spans[address.first_line - 1][0]
    end = segment.char_start + text.spans[address.last_line - 1][1]
    paper_page = work.archive.paper_page(document.doc_id, segment.page_number)
    page_text = paper_page.text if paper_page else ""
    quote = segment.text[start - segment.char_start : end - segment.char_start]
    stands = page_text[start:end] == quote
    ranking = work.ledger.ranking(page_id)
    return Citation(
        citation_id=hex_id(work.question.question_id, n, segment.segment_id, start, end),
        n=n,
        claim=claim,
        doc_id=document.doc_id,
        doc_path=document.path,
        doc_title=document.title,
        doc_sha256=document.sha256,
        page_number=segment.page_number,
        page_label=paper_page.page_label if paper_page else None,
        headings=segment.headings,
        segment_id=segment.segment_id,
        char_start=start,
        char_end=end,
        quote=quote,
        context_before=page_text[max(0, start - CONTEXT_CHARACTERS) : start],
        context_after=page_text[end : end + CONTEXT_CHARACTERS],
        verify_status=VerifyStatus.EXACT if stands else VerifyStatus.NOT_FOUND,
        match_score=1.0 if stands else 0.0,
        page_in_step=work.shown_at(page_id, address.first_line),
        retrieval_rank=ranking.rank if ranking else None,
        retrieval_score=ranking.score if ranking else None,
    )


def _refused(work: Workspace, claim: str, address: Address, n: int) -> Citation:
    return Citation(
        citation_id=hex_id(work.question.question_id, n, str(address)),
        n=n,
        claim=claim,
        doc_id="",
        doc_path="",
        doc_title=None,
        doc_sha256=None,
        page_number=None,
        page_label=None,
        headings=(),
        segment_id=None,
        char_start=None,
        char_end=None,
        quote="",
        context_before="",
        context_after="",
        verify_status=VerifyStatus.NOT_FOUND,
        match_score=0.0,
    )
