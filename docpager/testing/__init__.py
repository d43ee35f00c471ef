"""A loopback endpoint that speaks OpenAI's chat completions over real HTTP: for tests, examples and trying docpager.

::

    with Endpoint(Scripted([call("search", query="captain"), "I am done."])) as endpoint:
        client = openai.OpenAI(base_url=endpoint.base_url, api_key="any")

Who replies is a ``Replier``: a script, a reader that knows the answers, a reader that obeys its documents, or any
function. A ``FaultPlan`` puts faults on the wire in the place of replies. ``python -m docpager.testing`` serves one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docpager.models.scripted import call as call
    from docpager.testing.endpoint import Endpoint as Endpoint
    from docpager.testing.faults import Fault as Fault
    from docpager.testing.faults import FaultPlan as FaultPlan
    from docpager.testing.faults import FaultSizes as FaultSizes
    from docpager.testing.gold import Gold as Gold
    from docpager.testing.gold import GoldAnswer as GoldAnswer
    from docpager.testing.obedient_reader import ObedientReader as ObedientReader
    from docpager.testing.perfect_reader import PerfectReader as PerfectReader
    from docpager.testing.replies import Replier as Replier
    from docpager.testing.replies import Reply as Reply
    from docpager.testing.replies import Scripted as Scripted
    from docpager.testing.serving import Dialect as Dialect
    from docpager.testing.serving import EndpointSettings as EndpointSettings
    from docpager.testing.serving import ServedRequest as ServedRequest

_HOMES = {
    "Dialect": "docpager.testing.serving",
    "Endpoint": "docpager.testing.endpoint",
    "EndpointSettings": "docpager.testing.serving",
    "Fault": "docpager.testing.faults",
    "FaultPlan": "docpager.testing.faults",
    "FaultSizes": "docpager.testing.faults",
    "Gold": "docpager.testing.gold",
    "GoldAnswer": "docpager.testing.gold",
    "ObedientReader": "docpager.testing.obedient_reader",
    "PerfectReader": "docpager.testing.perfect_reader",
    "Replier": "docpager.testing.replies",
    "Reply": "docpager.testing.replies",
    "Scripted": "docpager.testing.replies",
    "ServedRequest": "docpager.testing.serving",
    "call": "docpager.models.scripted",
}
"""Where each public name lives."""

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
