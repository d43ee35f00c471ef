"""Schemas that hold a model to JSON with one tool call, from the closest to none at all.

Servers differ in what they take: OpenAI's strict mode wants an object at the root and every property required,
llama.cpp and vLLM take a choice of objects, others only promise some JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docpager.records import ToolSpec

NAME = "tool_call"
LONGEST_TEXT = 800
"""Characters of one text in a call: a statement, a note, a query."""
MOST_ITEMS = 40
"""Pages, addresses or statements in one call."""


def response_formats(tools: Sequence[ToolSpec]) -> list[dict[str, Any] | None]:
    """Values for ``response_format``, best first; None is to leave it out."""
    one_of = {"anyOf": [_call(tool, _lenient(tool.parameters)) for tool in tools]}
    names = {"type": "string", "enum": [tool.name for tool in tools]}
    arguments = {"anyOf": [dict(tool.parameters) for tool in tools]}
    one_object = _object({"tool": names, "arguments": arguments})
    return [
        {"type": "json_schema", "json_schema": {"name": NAME, "schema": one_of}},
        {"type": "json_schema", "json_schema": {"name": NAME, "strict": True, "schema": one_object}},
        {"type": "json_object"},
        None,
    ]


def _call(tool: ToolSpec, arguments: dict[str, Any]) -> dict[str, Any]:
    return _object({"tool": {"const": tool.name}, "arguments": arguments})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _lenient(parameters: Any) -> dict[str, Any]:
    """The schema of arguments for a small model: those that may be null may be left out, texts and lists end somewhere.

    Without such an end a small model goes on listing until its reply is cut off.
    """
    properties = parameters["properties"]
    optional = [name for name, schema in properties.items() if "null" in schema.get("type", ())]
    return {
        **parameters,
        "properties": {name: _ending(_without_null(schema)) for name, schema in properties.items()},
        "required": [name for name in properties if name not in optional],
    }


def _ending(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose texts and lists, at any depth, are bounded."""
    match schema.get("type"):
        case "string":
            return {"maxLength": LONGEST_TEXT, **schema}
        case "array":
            return {"maxItems": MOST_ITEMS, **schema, "items": _ending(schema["items"])}
        case "object":
            return {**schema, "properties": {name: _ending(inner) for name, inner in schema["properties"].items()}}
    return schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = schema.get("type")
    if not isinstance(kinds, list):
        return schema
    left = [kind for kind in kinds if kind != "null"]
    return {**schema, "type": left[0] if len(left) == 1 else left}
