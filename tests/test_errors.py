"""The error tree: as drawn, with its exit codes; messages say what failed, which, how many and what to do."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from docpager import errors

BRANCH = re.compile(r"^ {4}(?P<stem>(?:[| ] {3})*)(?:[|`]-- )?(?P<name>[A-Z]\w+Error)(?: +(?P<code>\d+|-))?(?: {2,}|$)")


def drawn_tree() -> list[tuple[str, str | None, str | None]]:
    """Name, parent and exit code as drawn, top down."""
    path: list[str] = []
    rows = []
    for line in (errors.__doc__ or "").splitlines():
        if match := BRANCH.match(line):
            is_root = "-- " not in line.split("Error")[0]
            depth = 0 if is_root else len(match["stem"]) // 4 + 1
            path[depth:] = [match["name"]]
            rows.append((match["name"], path[depth - 1] if depth else None, match["code"]))
    return rows


def real_tree(error: type[Exception] = errors.DocpagerError) -> list[tuple[str, str | None, int]]:
    parent = error.__base__
    assert parent is not None
    row = (error.__name__, parent.__name__ if parent is not Exception else None, vars(error).get("exit_code", 0))
    return [row] + [inner for child in error.__subclasses__() for inner in real_tree(child)]


def test_the_drawn_tree_is_the_real_one():
    assert [(name, parent) for name, parent, _ in drawn_tree()] == [(name, parent) for name, parent, _ in real_tree()]


def test_the_drawn_exit_codes_are_the_real_ones():
    for name, _, code in drawn_tree():
        error = getattr(errors, name)
        ends_a_command = code not in (None, "-")
        assert error.exit_code == (int(code) if ends_a_command else 1), name


def test_every_error_of_the_module_is_in_the_tree():
    classes = {name for name, item in vars(errors).items() if inspect.isclass(item) and issubclass(item, Exception)}
    assert classes == {name for name, _, _ in drawn_tree()}


def test_no_other_module_makes_exceptions_that_leave_it(repository):
    made = []
    for file in (repository / "docpager").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            bases = [ast.unparse(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
            if any(base.endswith(("Error", "Exception")) for base in bases) and not node.name.startswith("_"):
                made.append(f"{file.name}: {node.name}")
    assert {line.split(":")[0] for line in made} == {"errors.py"}, made


MESSAGES = [
    (
        errors.NotInstalledError("RTF", "pandoc", "pip install 'docpager[pandoc]'"),
        "RTF is read by pandoc, which is not installed (pip install 'docpager[pandoc]'). Then ingest again.",
        {"program": "pandoc", "exit_code": 1},
    ),
    (
        errors.NotKeptError("call 3 (request 0a1b, attempt 1)"),
        "Offline, and the reply cache does not hold call 3 (request 0a1b, attempt 1) of this question. "
        "Run it once without --offline.",
        {"exit_code": 1},
    ),
    (
        errors.BudgetReachedError("--max-tokens", "500 tokens", "512 tokens were used"),
        "--max-tokens 500 tokens is reached: 512 tokens were used. Raise --max-tokens, and the same command goes on.",
        {"option": "--max-tokens", "exit_code": 4},
    ),
    (
        errors.MissingArchiveError("data/archive.lancedb"),
        "No archive at data/archive.lancedb. Make one with: docpager ingest FOLDER --archive data/archive.lancedb",
        {"uri": "data/archive.lancedb", "exit_code": 66},
    ),
    (
        errors.LockedError("The archive data/a.lancedb", "data/a.lancedb/.lock"),
        "The archive data/a.lancedb is in use by another docpager process (lock data/a.lancedb/.lock). "
        "Try again when it has ended.",
        {"what": "The archive data/a.lancedb", "lock_path": "data/a.lancedb/.lock", "exit_code": 75},
    ),
    (
        errors.NoRoomError(1832, 1792),
        "The request needs 1,832 tokens of 1,792, and nothing more can be moved out of the context. "
        "Set a larger --context-tokens.",
        {"needed": 1832, "limit": 1792},
    ),
    (
        errors.WindowTooSmallError(1024, 1200, 384, 1600),
        "A window of 1,024 tokens is too small: 1,200 are taken by the system message, the reply, the question, "
        "the log and the tail, and a page needs 384. Set --context-tokens to at least 1600.",
        {"window": 1024, "fixed": 1200, "needed": 384, "exit_code": 78},
    ),
    (
        errors.ArchiveFormatError("data/a.lancedb", "9", "1"),
        "The archive at data/a.lancedb has format 9; this docpager knows format 1. Nothing was changed. "
        "Use the docpager that wrote it, or ingest again into a new archive.",
        {"uri": "data/a.lancedb", "found": "9", "known": "1", "exit_code": 78},
    ),
    (
        errors.ChangedDocumentError(),
        "It changed while it was read; the next ingest reads it again.",
        {},
    ),
    (
        errors.DamagedArchiveError("data/a.lancedb", "segments cannot be opened"),
        "The archive at data/a.lancedb is damaged: segments cannot be opened. "
        "docpager archive check says where; docpager archive check --repair mends it.",
        {"uri": "data/a.lancedb", "what": "segments cannot be opened", "exit_code": 78},
    ),
    (
        errors.EmbedderMismatchError("data/a.lancedb", "wordllama-256", "none"),
        "The archive at data/a.lancedb was embedded with wordllama-256, not none. "
        "Set the embedder to wordllama-256, or ingest again into a new archive.",
        {"found": "wordllama-256", "asked": "none", "exit_code": 78},
    ),
    (
        errors.AdmissionRefusedError("p7", "acme-10k.pdf, page 42", 840, 2000, 1600, ["p3", "p5"]),
        "Cannot page in p7 (acme-10k.pdf, page 42): it needs 840 tokens, but pinned pages hold 1,600 of 2,000 "
        "(p3, p5). Unpin one first.",
        {"page": "p7", "needed": 840, "capacity": 2000, "pinned_tokens": 1600, "pinned": ("p3", "p5")},
    ),
    (
        errors.AdmissionRefusedError("p7", "", 8400, 2000, 0, []),
        "Cannot page in p7: it needs 8,400 tokens, but memory holds 2,000. "
        "Page in fewer lines of it, as in page_in p7:1-20.",
        {"pinned": ()},
    ),
    (
        errors.UnknownPageError("p99"),
        "There is no page p99. Use a handle that search, find or outline has shown.",
        {"page": "p99"},
    ),
    (
        errors.NotResidentError("p7", "pin"),
        "Cannot pin p7: it is not resident. Page it in first.",
        {"page": "p7", "wanted": "pin"},
    ),
    (
        errors.ContextLengthError("The endpoint takes 4,096 tokens; 5,000 were sent.", 4096, 5000),
        "The endpoint takes 4,096 tokens; 5,000 were sent.",
        {"limit": 4096, "sent": 5000},
    ),
    (errors.NoReplyError("Nothing came back.", 2.5), "Nothing came back.", {"retry_after": 2.5}),
]


@pytest.mark.parametrize(("error", "message", "attributes"), MESSAGES)
def test_a_message_is_whole_and_its_values_are_attributes(error, message, attributes):
    assert str(error) == message
    assert {name: getattr(error, name) for name in attributes} == attributes


def test_every_error_with_parameters_has_its_message_here():
    with_parameters = {name for name, _, _ in drawn_tree() if "__init__" in vars(getattr(errors, name))}
    assert with_parameters == {type(error).__name__ for error, _, _ in MESSAGES}
