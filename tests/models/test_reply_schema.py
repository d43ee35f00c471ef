"""What holds a small model to one call in JSON."""

import pytest

from docpager.agent.tools import TOOLS
from docpager.models.openai.reply_schema import LONGEST_TEXT, MOST_ITEMS, response_formats

FORMATS = response_formats([tool.spec for tool in TOOLS.values()])
CALLS = {
    call["properties"]["tool"]["const"]: call["properties"]["arguments"]
    for call in FORMATS[0]["json_schema"]["schema"]["anyOf"]
}


def parts(schema: dict) -> list[dict]:
    """A schema and all that it holds."""
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(part for below in inner for part in parts(below))]


@pytest.mark.parametrize("name", TOOLS)
def test_texts_and_lists_of_a_call_end_somewhere(name):
    for part in parts(CALLS[name]):
        if part["type"] == "string":
            assert part["maxLength"] == LONGEST_TEXT
        if part["type"] == "array":
            assert part["maxItems"] == MOST_ITEMS


def test_arguments_that_may_be_null_may_be_left_out():
    assert CALLS["search"]["required"] == ["query"]
    assert CALLS["search"]["properties"]["first"] == {"type": "integer"}


def test_stricter_and_looser_formats_follow():
    assert [form and form["type"] for form in FORMATS] == ["json_schema", "json_schema", "json_object", None]
    assert FORMATS[1]["json_schema"]["strict"] is True
