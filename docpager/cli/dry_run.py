"""What ``docpager run --dry-run`` says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from docpager.cli.console import plural

if TYPE_CHECKING:
    from docpager.batch.rehearsal import Range, Rehearsal


def rehearsal_lines(told: Rehearsal) -> list[str]:
    """What a run would do, in lines."""
    apart = {"invalid": told.invalid, "finished already": told.finished, "carried over": told.carried}
    rest = "".join(f", {count:,} {words}" for words, count in apart.items() if count)
    more = f" and {told.to_ask - len(told.question_ids):,} more" if told.to_ask > len(told.question_ids) else ""
    window = f"a window of {told.context_tokens:,}" if isinstance(told.context_tokens, int) else "a window that grows"
    lines = [f"{told.to_ask:,} of {plural(told.questions, 'question')} would be asked{rest}"]
    lines += [f"They are {', '.join(told.question_ids)}{more}"] if told.to_ask else []
    lines += [f"{count:,} asked again: {why}" for why, count in told.asked_again.items()]
    lines.append(f"{told.model}, {window}, over {plural(told.documents, 'document')}")
    lines += [f"Continues {told.folder}"] if told.folder else []
    if told.to_ask and told.tokens is None:
        lines.append(f"There is no earlier run of {told.model} to tell tokens and cost from.")
    elif told.to_ask and told.tokens is not None:
        how = "with these settings" if told.same_settings else "of this model with other settings"
        cost = "cost unknown" if told.cost_usd is None else f"${_dollars(told.cost_usd)}"
        lines.append(
            f"{told.tokens.low:,.0f} to {told.tokens.high:,.0f} tokens, {cost}, "
            f"by the 10th and 90th percentile of {plural(told.based_on, 'question')} asked before {how}"
        )
    lines.append("Nothing was asked, and nothing was written.")
    return lines


def rehearsal_record(told: Rehearsal) -> dict[str, Any]:
    """The same as one JSON object."""
    return {**asdict(told), "folder": None if told.folder is None else str(told.folder)}


def _dollars(cost: Range) -> str:
    return f"{cost.low:,.4f} to ${cost.high:,.4f}"
