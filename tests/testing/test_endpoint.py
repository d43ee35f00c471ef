"""The loopback endpoint, seen through the openai client and raw HTTP."""

import openai

from docpager.testing import Endpoint, Scripted, call


def client_of(endpoint):
    return openai.OpenAI(base_url=endpoint.base_url, api_key="any", max_retries=0)


TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}]


def test_scripted_replies_reach_the_openai_client():
    with (
        Endpoint(Scripted([call("search", query="captain"), "It is done."])) as endpoint,
        client_of(endpoint) as client,
    ):
        first = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Who?"}], tools=TOOLS)
        second = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Who?"}])
    [asked] = first.choices[0].message.tool_calls
    assert (asked.function.name, asked.function.arguments) == ("search", '{"query": "captain"}')
    assert first.choices[0].finish_reason == "tool_calls"
    assert second.choices[0].message.content == "It is done."
    assert (second.choices[0].finish_reason, second.model) == ("stop", "any")
    assert endpoint.count == 2
