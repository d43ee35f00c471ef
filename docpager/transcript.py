"""Everything a model is shown, as text: the renderer and the parser, with ``parse(render(views)) == views``.

A tool's result is a list of views. Document text stands only in lines that begin with their address (``p7:12 ``) or
with the snippet mark, so it can never begin a line of ours; where it imitates an address or a mark of ours inside a
line, a backslash is put before the imitation. Text is shown with its white space folded; quotes are copied from the
archive.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from docpager.errors import TranscriptError
from docpager.line_cursor import LineCursor
from docpager.records import Address, AnswerType, Question
from docpager.records.views import (
    BudgetView,
    DocumentsView,
    DocumentView,
    ErrorView,
    HeadingView,
    HitView,
    NoteView,
    NoticeView,
    OutlineView,
    PageView,
    ResultsView,
    StatusView,
    TailPage,
    TailView,
    TombstoneView,
    View,
)

ANSWER_REQUESTS = {
    AnswerType.NUMBER: "(Answer with a number and its unit.)",
    AnswerType.DATE: "(Answer with a date.)",
    AnswerType.YES_NO: "(Answer yes or no, and why.)",
    AnswerType.LIST: "(Answer with a list.)",
    AnswerType.CHOICE: "(Answer with one of the choices named.)",
}
"""What stands behind a question that asks for a certain type of answer."""
QUESTION = "Question: "
"""What stands before the question where it is a message of its own."""
SNIPPET_MARK = "    "
_OURS = r"(?=p\d+:\d|<<<|\[(?:page|end|evicted|search|find|documents|outline|notice|error|status)\b)"
_IMITATIONS = re.compile(r"(?<!\\)(\\*)" + _OURS)
_ESCAPED_IMITATIONS = re.compile(r"\\(\\*)" + _OURS)
_ADDRESS = re.compile(r"(p\d+):(\d+)(?:-(?:p\d+:)?(\d+))?")


def fold(text: str) -> str:
    """Text on one line, each run of white space as one blank."""
    return " ".join(text.split())


def quoted(text: str) -> str:
    """Document text as it is shown: folded, imitations of our own marks behind a backslash."""
    return _IMITATIONS.sub(r"\1\\", fold(text))


def unquoted(text: str) -> str:
    """The folded text that ``quoted`` was given."""
    return _ESCAPED_IMITATIONS.sub(r"\1", text)


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Every address in a text, as in ``p7:12-14, p9:3``; raises ``TranscriptError`` for one that runs backwards."""
    addresses = []
    for match in _ADDRESS.finditer(text):
        first, last = int(match[2]), int(match[3] or match[2])
        if not 1 <= first <= last:
            raise TranscriptError(f"The address {match[0]} is no range of lines: lines count from 1, first to last.")
        addresses.append(Address(match[1], first, last))
    return tuple(addresses)


def asked(question: Question) -> str:
    """A question as the model is asked it, on one line."""
    return fold(f"{question.question} {ANSWER_REQUESTS.get(question.answer_type, '')}")


def render(views: Sequence[View]) -> str:
    """The text of a tool's result."""
    return "\n".join(render_view(view) for view in views)


def render_view(view: View) -> str:
    """The text of one view: one line or more, without a newline at the end."""
    return _RENDERERS[type(view)](view)


NOTHING = "(nothing)"
"""What stands for an empty message where an endpoint takes none."""


def parse(text: str) -> tuple[View, ...]:
    """The views in a tool's result; raises ``TranscriptError`` naming the line that is none of ours.

    Blank lines are passed over: they stand where results were moved out of the log; so is ``NOTHING``.
    """
    lines = LineCursor("\n".join(line for line in text.split("\n") if line not in ("", NOTHING)))
    views: list[View] = []
    while lines.left():
        views.append(_parse_view(lines))
    return tuple(views)


def tail_delimiter(nonce: str) -> str:
    """The line behind which the tail stands; the nonce keeps documents from forging it."""
    return f"<<<memory {nonce}>>>"


def render_tail(tail: TailView, nonce: str) -> str:
    """The tail, to be put behind the last message of a request."""
    return "\n".join(
        [
            "",
            tail_delimiter(nonce),
            "pages: handle | document | page | heading | tokens | state",
            *(
                _row(p.handle, p.document, f"page {p.page_number}", p.heading, str(p.token_count), p.state)
                for p in tail.pages
            ),
            "notes:",
            *map(render_note, tail.notes),
            f"budget: {_budget_text(tail.budget)}",
            *([f"warning: {quoted(tail.warning)}"] if tail.warning else []),
            f"question: {fold(tail.question)}",
        ]
    )


def _budget_text(b: BudgetView) -> str:
    return (
        f"resident {b.resident_tokens} of {b.capacity} tokens, {b.pinned} pinned; "
        f"read {b.read_tokens} of {b.read_limit} tokens; {b.steps_left} steps left"
    )


_BUDGET = re.compile(r"resident (\d+) of (\d+) tokens, (\d+) pinned; read (\d+) of (\d+) tokens; (-?\d+) steps left")


def _budget(text: str) -> BudgetView:
    match = _BUDGET.fullmatch(text)
    if match is None:
        raise TranscriptError("The budget line cannot be read.")
    return BudgetView(*map(int, match.groups()))


def split_tail(content: str, nonce: str) -> tuple[str, TailView | None]:
    """A message without its tail, and the tail if there is one."""
    body, delimiter, rest = content.rpartition("\n" + tail_delimiter(nonce) + "\n")
    if not delimiter:
        return content, None
    lines = LineCursor(rest)
    lines.take("pages:")
    pages = tuple(_tail_page(line) for line in lines.until("notes:"))
    lines.take("notes:")
    notes = tuple(parse_note(line) for line in lines.until("budget:"))
    budget = _budget(lines.take("budget: ")[8:])
    warning = unquoted(lines.take("warning: ")[9:]) if lines.peek().startswith("warning: ") else ""
    question = lines.take("question: ")[10:]
    return body, TailView(pages, notes, budget, warning, question)


def _tail_page(line: str) -> TailPage:
    handle, document, page, heading, tokens, state = _cells(line, 6)
    return TailPage(handle, document, int(page.removeprefix("page ")), heading, int(tokens), state)


def render_note(note: NoteView) -> str:
    """A note on one line."""
    return _row(note.handle, " ".join(note.addresses), note.text)


def parse_note(line: str) -> NoteView:
    """The note on a line; raises ``TranscriptError``."""
    handle, addresses, text = _cells(line, 3)
    return NoteView(handle, tuple(addresses.split()), text)


# One renderer and one parser for each view, side by side.


def _render_page(view: PageView) -> str:
    shown = f"lines {view.lines[0][0]}-{view.lines[-1][0]} of {view.line_count}" if view.lines else "no lines"
    head = _row(f"page {view.handle}", view.document, f"page {view.page_number}", _path(view.headings), shown)
    body = [f"columns: {quoted(column)}" for column in view.columns]
    body += [f"{view.handle}:{number} {quoted(text)}" for number, text in view.lines]
    return "\n".join([f"[{head}]", *body, f"[end {view.handle}]"])


def _parse_page(lines: LineCursor) -> PageView:
    kind, document, page, path, shown = _cells(_inside(lines.take("[page ")), 5)
    handle = kind.removeprefix("page ")
    columns: list[str] = []
    numbered: list[tuple[int, str]] = []
    for line in lines.until(f"[end {handle}]"):
        address, _, text = line.partition(" ")
        if address == "columns:":
            columns.append(unquoted(text))
        else:
            numbered.append((int(address.removeprefix(f"{handle}:")), unquoted(text)))
    lines.take(f"[end {handle}]")
    total = int(shown.rsplit(" ", 1)[1]) if numbered else 0
    number = int(page.removeprefix("page "))
    return PageView(handle, document, number, _unpath(path), tuple(columns), tuple(numbered), total)


def _render_tombstone(view: TombstoneView) -> str:
    row = _row(
        f"evicted {view.handle}",
        view.document,
        f"page {view.page_number}",
        view.heading,
        f"{view.token_count} tokens",
    )
    return f"[{row}]"


def _parse_tombstone(lines: LineCursor) -> TombstoneView:
    kind, document, page, heading, tokens = _cells(_inside(lines.take("[evicted ")), 5)
    return TombstoneView(
        kind.removeprefix("evicted "), document, int(page.removeprefix("page ")), heading, int(tokens.split()[0])
    )


def reached(view: ResultsView) -> str:
    """What is kept of a page of results once it has left the context: how far down it went."""
    last = view.first + len(view.hits) - 1
    return f"{REACHED}{last}, more follow)" if view.more else f"{REACHED}{last}, the last)"


def parse_reached(text: str) -> tuple[int, bool] | None:
    """The last rank shown and whether more follow, from the start of a text; None where it does not say."""
    match = _REACHED.match(text)
    return (int(match[1]), match[2] == "more follow") if match else None


REACHED = " (to rank "
_REACHED = re.compile(r" \(to rank (\d+), (more follow|the last)\)")


def _render_results(view: ResultsView) -> str:
    scope = f"in {' '.join(view.scope)}" if view.scope else "in all documents"
    last = view.first + len(view.hits) - 1
    shown = f"results {view.first}-{last}" if view.hits else f"no results from {view.first}"
    head = _row(view.tool, view.query, scope, shown, "more follow" if view.more else "no more")
    return "\n".join([f"[{head}]", *map(_render_hit, view.hits), f"[end {view.tool}]"])


def _render_hit(hit: HitView) -> str:
    where = [hit.handle, hit.document, f"page {hit.page_number}", _path(hit.headings)]
    lines = "lines " + " ".join(map(str, hit.lines)) if hit.lines else ""
    row = _row(*where, f"{hit.token_count} tokens", hit.state, lines)
    return f"{row}\n{SNIPPET_MARK}{quoted(hit.snippet)}"


def _parse_results(lines: LineCursor) -> ResultsView:
    tool, query, scope, shown, more = _cells(_inside(lines.take("[")), 5)
    end = f"[end {tool}]"
    hits = []
    while lines.peek() != end:
        hits.append(_parse_hit(lines.take(), lines.take(SNIPPET_MARK)))
    lines.take(end)
    first = int(re.findall(r"\d+", shown)[0])
    handles = () if scope == "in all documents" else tuple(scope.split()[1:])
    return ResultsView(tool, query, handles, first, more == "more follow", tuple(hits))


def _parse_hit(row: str, snippet: str) -> HitView:
    handle, document, page, path, tokens, state, numbers = _cells(row, 7)
    matching = tuple(map(int, numbers.split()[1:]))
    text = unquoted(snippet[len(SNIPPET_MARK) :])
    number = int(page.removeprefix("page "))
    return HitView(handle, document, number, _unpath(path), int(tokens.split()[0]), state, text, matching)


def _render_documents(view: DocumentsView) -> str:
    head = _row("documents", view.words, f"from {view.first} of {view.total}")
    rows = [_row(d.handle, d.document, d.title, d.period, f"{d.page_count} pages") for d in view.documents]
    return "\n".join([f"[{head}]", *rows, "[end documents]"])


def _parse_documents(lines: LineCursor) -> DocumentsView:
    _, words, shown = _cells(_inside(lines.take("[documents ")), 3)
    rows = []
    for line in lines.until("[end documents]"):
        handle, document, title, period, pages = _cells(line, 5)
        rows.append(DocumentView(handle, document, title, period, int(pages.split()[0])))
    lines.take("[end documents]")
    first, total = map(int, re.findall(r"\d+", shown))
    return DocumentsView(words, first, total, tuple(rows))


def _render_outline(view: OutlineView) -> str:
    shown = f"from {view.first} of {view.total}"
    head = _row(f"outline {view.document_handle}", view.document, view.words, shown)
    rows = [_row(r.handle, f"page {r.page_number}", _path(r.headings), f"{r.token_count} tokens") for r in view.rows]
    return "\n".join([f"[{head}]", *rows, "[end outline]"])


def _parse_outline(lines: LineCursor) -> OutlineView:
    kind, document, words, shown = _cells(_inside(lines.take("[outline ")), 4)
    rows = []
    for line in lines.until("[end outline]"):
        handle, page, path, tokens = _cells(line, 4)
        rows.append(HeadingView(handle, int(page.removeprefix("page ")), _unpath(path), int(tokens.split()[0])))
    lines.take("[end outline]")
    first, total = map(int, re.findall(r"\d+", shown))
    return OutlineView(kind.removeprefix("outline "), document, words, first, total, tuple(rows))


def _render_status(view: StatusView) -> str:
    return "[status] " + _row(_budget_text(view.budget), *([view.warning] if view.warning else []))


def _parse_status(lines: LineCursor) -> StatusView:
    budget, *warning = _cells(lines.take()[9:], None)
    return StatusView(_budget(budget), " ".join(warning))


_RENDERERS: dict[type, Callable[..., str]] = {
    PageView: _render_page,
    TombstoneView: _render_tombstone,
    ResultsView: _render_results,
    DocumentsView: _render_documents,
    OutlineView: _render_outline,
    NoticeView: lambda view: f"[notice] {fold(view.text)}",
    ErrorView: lambda view: f"[error] {fold(view.text)}",
    StatusView: _render_status,
}
_PARSERS: tuple[tuple[str, Callable[[LineCursor], View]], ...]


def _parse_view(lines: LineCursor) -> View:
    for mark, parser in _PARSERS:
        if lines.peek().startswith(mark):
            return parser(lines)
    raise TranscriptError(f"This line is not part of a transcript: {lines.peek()[:80]!r}")


_PARSERS = (
    ("[page ", _parse_page),
    ("[evicted ", _parse_tombstone),
    ("[search ", _parse_results),
    ("[find ", _parse_results),
    ("[documents ", _parse_documents),
    ("[outline ", _parse_outline),
    ("[notice] ", lambda lines: NoticeView(lines.take()[9:])),
    ("[error] ", lambda lines: ErrorView(lines.take()[8:])),
    ("[status] ", _parse_status),
)


def _row(*cells: str) -> str:
    """Cells of one line, folded, with pipes of their own behind a backslash."""
    return " | ".join(re.sub(r"(\\*)\|", r"\1\\|", quoted(cell)) for cell in cells)


def _cells(line: str, count: int | None) -> list[str]:
    cells = line.split(" | ")
    if count not in (None, len(cells)):
        raise TranscriptError(f"Expected {count} cells, found {len(cells)} in {line[:80]!r}.")
    return [unquoted(re.sub(r"\\(\\*)\|", r"\1|", cell)) for cell in cells]


def _inside(line: str) -> str:
    return line[1:].removesuffix("]")


def _path(headings: Sequence[str]) -> str:
    return " > ".join(re.sub(r"(\\*)>", r"\1\\>", fold(heading)) for heading in headings)


def _unpath(path: str) -> tuple[str, ...]:
    return tuple(re.sub(r"\\(\\*)>", r"\1>", heading) for heading in path.split(" > ")) if path else ()
