"""What the report's template shows of a run: plain values, words chosen, nothing left to decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from docpager.analysis.run_diff import Change, RunDiff
from docpager.batch.manifest import Manifest
from docpager.records import ExitStatus
from docpager.reporting.sources import Source
from docpager.reporting.story_blocks import AnswerKey, UnreadSegment
from docpager.reporting.text import (
    count,
    dollars,
    folded,
    moment,
    seconds,
    shown,
    spaced,
    status_look,
    verify_look,
    with_references,
)

Row = Mapping[str, Any]

MOST_UNREAD = 5
"""So many segments that were ranked and not read are named; their number is told in full."""
_REASONS = {
    "all_read": "everything that search listed was read",
    "read_limit": "no unread result fitted the reading budget any more",
    "answered": "the question was answered",
    "abstained": "the question was given up",
}
_STATUS_ORDER = {status.value: number for number, status in enumerate(ExitStatus)}


@dataclass(frozen=True, slots=True)
class Materials:
    """Everything the report is made of."""

    manifest: Manifest
    answers: Sequence[Row]
    citations: Sequence[Row]
    sources: Sequence[Source]
    unread: Mapping[str, UnreadSegment]
    diff: RunDiff | None = None
    archive_note: str = ""
    """What there is to say of the archive: gone, or changed since the run."""


def answer_key(row: Row) -> AnswerKey:
    """What names an answer in its run."""
    return row["question_id"], row["doc_id"]


def unread_ids(row: Row) -> list[str]:
    """Segments that search listed and that were never read, as they were first ranked."""
    read = set(row["read_segment_ids"] or ())
    return [segment_id for segment_id in row["ranked_segment_ids"] or () if segment_id not in read]


def report_view(materials: Materials) -> dict[str, Any]:
    """The template's values."""
    questions = _questions(materials)
    manifest = materials.manifest
    archive = f"{shown(Path(manifest.archive).name)} (generation {manifest.archive_generation})"
    return {
        "title": Path(manifest.question_file.get("name") or "questions").name,
        "run_id": manifest.run_id,
        "tiles": _tiles(materials),
        "statuses": _statuses(materials.answers),
        "verify": _verify(materials.citations),
        "facts": _facts(materials),
        "settings": _settings(manifest),
        "questions": questions,
        "open_ends": [question for question in questions if question["status"] != ExitStatus.ANSWERED],
        "unread": sorted((q for q in questions if q["unread_count"]), key=lambda q: -q["unread_count"]),
        "diff": _diff(materials.diff, {(q["id"], q["doc_path"]): q for q in reversed(questions)}),
        "archive_note": materials.archive_note,
        "made": f"Answered by {shown(manifest.model)} from {archive}, finished {moment(manifest.finished_at)}",
        "version": manifest.docpager_version,
    }


# One question


def _questions(materials: Materials) -> list[dict[str, Any]]:
    cited: dict[AnswerKey, list[tuple[Row, Source]]] = {}
    for row, source in zip(materials.citations, materials.sources, strict=True):
        cited.setdefault((row["question_id"], row.get("asked_doc_id")), []).append((row, source))
    changes = {(c.question_id, c.doc_path): c for c in materials.diff.changes} if materials.diff else {}
    taken: set[AnswerKey] = set()
    questions = []
    for number, row in enumerate(materials.answers, 1):
        # Of two rows with one id the second is invalid: it was not asked, and cites nothing.
        mine = answer_key(row) not in taken and row["exit_status"] != ExitStatus.INVALID
        if mine:
            taken.add(answer_key(row))
        change = changes.get((row["question_id"], row["doc_path"])) if mine else None
        questions.append(_question(number, row, cited.get(answer_key(row), []) if mine else [], change, materials))
    return questions


def _question(
    number: int, row: Row, cited: Sequence[tuple[Row, Source]], change: Change | None, materials: Materials
) -> dict[str, Any]:
    status = str(row["exit_status"])
    tone, sign = status_look(status)
    numbers = frozenset(citation["n"] for citation, _ in cited)
    unread = unread_ids(row)
    verified = bool(cited) and row["n_verified"] == row["n_citations"]
    return {
        "number": number,
        "href": f"#q{number}",
        "id": shown(row["question_id"]),
        "doc_path": shown(row["doc_path"]) or None,
        "question": shown(row["question"]) or "(no question)",
        "status": status,
        "status_word": spaced(status),
        "tone": tone,
        "sign": sign,
        "order": _STATUS_ORDER.get(status, 99),
        "answer": with_references(shown(row["answer"]), numbers),
        "short": folded(row["answer"] or row["abstain_reason"] or row["error_message"], 160),
        "value": _value(row),
        "conflicts": [with_references(shown(text), numbers) for text in row["conflicts"] or ()],
        "reason": shown(row["abstain_reason"] or row["error_message"]),
        "citations": [_citation(citation, source) for citation, source in cited],
        "verified": "none" if not cited else "all" if verified else "some",
        "verify_statuses": " ".join(sorted({str(citation["verify_status"]) for citation, _ in cited})),
        "unread_count": row["ranked_unread"] if row["ranked_unread"] is not None else len(unread),
        "unread": [materials.unread[s] for s in unread[:MOST_UNREAD] if s in materials.unread],
        "stopped": _REASONS.get(row["stop_reason"] or "", spaced(row["stop_reason"] or "")),
        "queries": [shown(query) for query in row["queries"] or ()],
        "facts": _question_facts(row),
        "change": None if change is None else {"kind": change.kind, "before": shown(change.before)},
        "has_story": bool(row["steps"]),
        "tokens": (row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0),
        "seconds": row["latency_seconds"] or 0,
        "confidence": -1 if row["confidence"] is None else row["confidence"],
        "instructions": row["instructions_found"] or 0,
    }


def _value(row: Row) -> str:
    """The answer as a number or a date, where it is one."""
    if row["answer_date"] is not None:
        return str(row["answer_date"])
    if row["answer_value"] is None:
        return ""
    return f"{row['answer_value']:,.10g} {shown(row['answer_unit'])}".strip()


def _citation(row: Row, source: Source) -> dict[str, Any]:
    tone, sign = verify_look(row["verify_status"])
    where = shown(row["doc_path"]) or "unknown document"
    title = shown(row["doc_title"])
    label = shown(row["page_label"])
    page = "" if source.page_number is None else f"page {source.page_number}"
    page += f" (printed as {label})" if page and label and label != str(source.page_number) else ""
    return {
        "n": row["n"],
        "path": where,
        "title": title if title and title != where else "",
        "page": page,
        "headings": [shown(heading) for heading in row["headings"] or ()],
        "claim": shown(row["claim"]),
        "quote": shown(source.quote).strip(),
        "before": shown(source.before),
        "after": shown(source.after),
        "notes": [shown(note) for note in source.notes],
        "verify": spaced(row["verify_status"]),
        "tone": tone,
        "sign": sign,
        "supported": row["supported"],
        "picture": source.picture,
        "marks": [list(box) for box in source.marks],
        "facts": ", ".join(
            filter(
                None,
                [
                    f"read in step {row['page_in_step']}" if row["page_in_step"] is not None else "",
                    f"search rank {row['retrieval_rank']}" if row["retrieval_rank"] is not None else "",
                ],
            )
        ),
    }


def _question_facts(row: Row) -> list[tuple[str, str]]:
    cost = dollars(row["cost_usd"])
    confidence = None if row["confidence"] is None else f"{row['confidence']:.2f}"
    facts = [
        ("Confidence", confidence),
        ("Steps", row["steps"] if row["steps"] is None else count(row["steps"])),
        ("Prompt tokens", count(row["prompt_tokens"]) if row["prompt_tokens"] is not None else None),
        ("Completion tokens", count(row["completion_tokens"]) if row["completion_tokens"] is not None else None),
        ("Largest request", f"{count(row['context_peak_tokens'])} tokens" if row["context_peak_tokens"] else None),
        ("Cost", cost if row["cost_usd"] is not None else None),
        ("Time", seconds(row["latency_seconds"]) if row["latency_seconds"] is not None else None),
        ("Carried over from run", row["carried_from_run_id"]),
    ]
    given = [(shown(name), shown(value)) for name, value in (row["input"] or {}).items() if value]
    return [(name, str(value)) for name, value in facts if value is not None] + given


# The run


def _tiles(materials: Materials) -> list[tuple[str, str, str]]:
    """Name, figure and remark of what stands at the top."""
    answers, usage = materials.answers, materials.manifest.usage
    answered = sum(row["exit_status"] == ExitStatus.ANSWERED for row in answers)
    cited = sum(row["n_citations"] or 0 for row in answers)
    verified = sum(row["n_verified"] or 0 for row in answers)
    tokens = int((usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0))
    cost = usage.get("cost_usd")
    return [
        ("Answered", f"{answered:,}", f"of {len(answers):,} questions"),
        ("Citations verified", f"{verified:,}", f"of {cited:,}"),
        ("Cost", dollars(cost), "not known for this model" if cost is None else "for all model calls"),
        ("Tokens", count(tokens), f"{count(usage.get('completion_tokens'))} of them written"),
        ("Time", seconds(usage.get("latency_seconds")), "of work, summed over questions"),
    ]


def _statuses(answers: Sequence[Row]) -> list[dict[str, Any]]:
    counted = Counter(str(row["exit_status"]) for row in answers)
    return [
        {"name": name, "word": spaced(name), "count": times, "tone": look[0], "sign": look[1]}
        for name, times in sorted(counted.items(), key=lambda pair: _STATUS_ORDER.get(pair[0], 99))
        for look in [status_look(name)]
    ]


def _verify(citations: Sequence[Row]) -> list[dict[str, Any]]:
    counted = Counter(str(row["verify_status"]) for row in citations)
    return [
        {"name": name, "word": spaced(name), "count": times, "tone": look[0], "sign": look[1]}
        for name, times in counted.most_common()
        for look in [verify_look(name)]
    ]


def _facts(materials: Materials) -> list[tuple[str, str]]:
    manifest = materials.manifest
    agent = manifest.settings["agent"]
    window = agent.get("context_tokens")
    reported = sorted({row["model_reported"] for row in materials.answers if row["model_reported"]})
    facts = [
        ("Model", manifest.model),
        ("Model as reported", ", ".join(reported) if reported and reported != [manifest.model] else ""),
        ("Context window", f"{window:,} tokens" if isinstance(window, int) else str(window)),
        ("Strategy, policy", f"{agent.get('strategy')}, {agent.get('policy')}"),
        ("Archive", Path(manifest.archive).name or manifest.archive),
        ("Archive generation", manifest.archive_generation),
        ("Started", moment(manifest.started_at)),
        ("Finished", moment(manifest.finished_at)),
        ("Run", manifest.run_id),
        ("State", f"{manifest.state}, exit code {manifest.exit_code}"),
        ("docpager", manifest.docpager_version),
    ]
    return [(name, shown(value)) for name, value in facts if value]


def _settings(manifest: Manifest) -> list[tuple[str, list[tuple[str, str]]]]:
    """All settings by the part they belong to. Where files lie on the machine that ran it is nobody's business."""
    kept = []
    for part, values in manifest.settings.items():
        shown_values = [
            (name, shown(value)) for name, value in values.items() if name not in ("archive", "output", "since")
        ]
        kept.append((part, shown_values))
    return kept


def _diff(diff: RunDiff | None, questions: Mapping[tuple[str, str | None], Row]) -> dict[str, Any] | None:
    if diff is None:
        return None
    changes = [
        {
            "id": shown(change.question_id),
            "doc_path": shown(change.doc_path) or None,
            "kind": change.kind,
            "before": shown(change.before),
            "after": shown(change.after),
            "lost": [shown(line) for line in change.lost],
            "gained": [shown(line) for line in change.gained],
            "question": questions.get((shown(change.question_id), shown(change.doc_path) or None)),
        }
        for change in diff.changes
    ]
    kinds = [(kind, len(list(group))) for kind, group in groupby(sorted(change.kind for change in diff.changes))]
    return {
        "before": diff.before.name,
        "changes": changes,
        "kinds": kinds,
        "same": diff.same,
        "carried": diff.carried,
        "tokens": [count(n) for n in diff.tokens],
        "cost": [dollars(n) for n in diff.cost_usd],
        "settings": [shown(line) for line in diff.settings],
        "new_documents": [shown(path) for path in diff.new_documents],
        "lost_documents": [shown(path) for path in diff.lost_documents],
    }
