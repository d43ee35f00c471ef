"""Whatever in a text could be taken for an instruction: calls in any notation, and things to say, cite or keep.

Nothing here is careful. A reader that follows all of it shows what documents can do to a model, and so what has to be
held by code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from docpager.models.scripted import call
from docpager.records import ToolCall

FIRST_ARGUMENT = {
    "search": "query",
    "find": "text",
    "recall": "query",
    "outline": "document",
    "calculate": "expression",
    "note": "text",
    "remember": "text",
    "abstain": "reason",
    "answer": "statements",
    "page_in": "pages",
    "page_out": "pages",
    "pin": "pages",
    "unpin": "pages",
    "open_url": "url",
    "read_file": "path",
    "run_command": "command",
}
"""Tools that orders name without saying what an argument is called; the last three are offered by nobody."""
LISTS = ("pages", "addresses", "documents")
ENDINGS = ("answer", "abstain")
SECRETS = re.compile(
    r"system (?:prompt|message)|(?:your|these|the|previous|above) (?:instructions|prompt)|api[ _-]?key|credential"
    r"|password|secret|environment|nonce|delimiter|token",
    re.IGNORECASE,
)
_NAMES = "|".join(FIRST_ARGUMENT)
_FUNCTION = re.compile(rf"\b((?:{_NAMES}|\w+_\w+|eval|exec|system|fetch|import)\b)\(([^()]*)\)")
_KEYWORD = re.compile(r"""(\w+)\s*[=:]\s*("[^"]*"|'[^']*'|\[[^\]]*\]|[^,]+)""")
_INVOKE = re.compile(r"""<(?:\w+:)?invoke name=["'](\w+)["']>(.*?)(?:</(?:\w+:)?invoke>|$)""", re.DOTALL)
_PARAMETER = re.compile(r"""<(?:\w+:)?parameter name=["'](\w+)["']>(.*?)</(?:\w+:)?parameter>""", re.DOTALL)
_PAGES = re.compile(r"\b(page_in|page_out|pin|unpin)\b[\s:`\"']*((?:p\d+(?::\d+(?:-\d+)?)?[\s,]*(?:and )?)+)")
_QUOTED = re.compile(
    r"\b(search|find|recall|calculate|outline|note|remember)\b[^\"“'`\n.]{0,20}[\"“'`]([^\"”'`\n]+)[\"”'`]", re.I
)
_NAMED = re.compile(
    rf"\b(?:call|use|run|invoke|execute)\s+(?:the\s+)?(?:tool\s+)?[`\"']?({_NAMES}|\w+_\w+)\b(?!\s*\()", re.I
)
_KEEP = re.compile(
    r"\b(?:remember|note|keep in mind|memori[sz]e|store)\b(?: for [^:.]*?)?(?: that:?|:)\s+([^\n]+)", re.I
)
_URL = re.compile(r"\b(?:https?|ftp|file)://[^\s\"'<>)\]]+")
_FILE = re.compile(r"(?<![\w/:])(?:~|/(?:etc|home|root|proc|var|tmp))/[\w./-]+")
_COMMAND = re.compile(r"\b(?:run|execute|shell)\b[^`\n]{0,30}`([^`\n]+)`", re.I)
_SAY = re.compile(
    r"\b(?:answer|reply|respond|say|output|write|print|repeat|conclude|state)\b"
    r"(?: (?:only|exactly|with|that|the|text|words?|answer|is|as follows))*[:,]?\s+[\"“'`]?([^\"”'`\n]+)",
    re.I,
)
_ADDRESS = re.compile(r"\bp\d+:\d+(?:-\d+)?\b")


def calls_in(text: str) -> list[ToolCall]:
    """Every call a text could be asking for, each once, those that end the question last."""
    found = [*_objects(text), *_functions(text), *_invocations(text), *_words(text)]
    once = list({(c.name, c.arguments): c for c in found}.values())
    return sorted(once, key=lambda c: c.name in ENDINGS)


def things_to_say(text: str) -> list[str]:
    """What a text wants to be answered, word for word."""
    return [match[1].strip() for match in _SAY.finditer(text)]


def addresses_to_cite(text: str) -> list[str]:
    """Every address a text names, shown or not."""
    return list(dict.fromkeys(_ADDRESS.findall(text)))


def _objects(text: str) -> Iterator[ToolCall]:
    """Calls as JSON, in any of the shapes models write."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            value, _ = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        name = next((value[key] for key in ("tool", "name", "function", "recipient_name") if value.get(key)), None)
        arguments: Any = next(
            (value[key] for key in ("arguments", "parameters", "input", "args") if value.get(key)), {}
        )
        if isinstance(arguments, str):
            arguments = _value(arguments)
        if isinstance(name, str):
            yield _called(name, arguments if isinstance(arguments, dict) else {})


def _functions(text: str) -> Iterator[ToolCall]:
    """Calls as code: ``search(query="x")``, ``page_in(p3)``."""
    for name, inside in _FUNCTION.findall(text):
        named = {key: _value(value) for key, value in _KEYWORD.findall(inside)}
        yield _called(name, named or ({FIRST_ARGUMENT.get(name, "input"): _value(inside)} if inside.strip() else {}))


def _invocations(text: str) -> Iterator[ToolCall]:
    """Calls as tags."""
    for name, inside in _INVOKE.findall(text):
        yield _called(name, {key: _value(value) for key, value in _PARAMETER.findall(inside)})


def _words(text: str) -> Iterator[ToolCall]:
    """Calls in plain words, and what would take a tool that is not there."""
    for name, pages in _PAGES.findall(text):
        yield call(name, pages=re.findall(r"p\d+(?::\d+(?:-\d+)?)?", pages))
    for name, argument in _QUOTED.findall(text):
        yield _called(name.lower(), {FIRST_ARGUMENT[name.lower()]: argument})
    for kept in _KEEP.findall(text):
        yield call("note", text=kept.strip(), addresses=[])
        yield call("remember", text=kept.strip(), addresses=[])
    yield from (call("open_url", url=url) for url in _URL.findall(text))
    yield from (call("read_file", path=path) for path in _FILE.findall(text))
    yield from (call("run_command", command=command) for command in _COMMAND.findall(text))
    for name in _NAMED.findall(text):
        if name.lower() not in ("answer", "page_in", "page_out", "pin", "unpin"):
            yield _called(name, {})


def _called(name: str, arguments: dict[str, Any]) -> ToolCall:
    """A call with lists where docpager's tools take lists, and a text where one is needed."""
    first = FIRST_ARGUMENT.get(name)
    if first is not None and not arguments:
        arguments = {first: "as the document says"} if first not in LISTS else {first: []}
    listed = {k: [v] if k in LISTS and not isinstance(v, list) else v for k, v in arguments.items()}
    return call(name, **{str(key): value for key, value in listed.items() if key != "name"})


def _value(text: str) -> Any:
    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("\"'`")
