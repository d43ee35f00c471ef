"""What an endpoint takes, learned from what it refuses: each 400 that names a parameter changes the next request."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docpager.models.openai.refusals import Refusal

_log = logging.getLogger(__name__)
MAX_TOKENS = ("max_tokens", "max_completion_tokens")
DROPPABLE = ("temperature", "tool_choice", *MAX_TOKENS)
"""Parameters without which a request says the same; ``tools`` and the user's own are none."""
_REFUSED = re.compile(
    r"unsupported|not (?:be )?(?:supported|permitted|allowed|accepted|available|valid)|n't (?:support|work)|"
    r"does not (?:support|work|accept)|unknown|unrecogni[sz]ed|unexpected|extra (?:inputs|fields)|invalid|"
    r"only the default|deprecated|cannot be|incompatible",
    re.IGNORECASE,
)
_INSTEAD = re.compile(r"use\s+['\"`]?(\w+)['\"`]?\s+instead", re.IGNORECASE)
_SYSTEM = re.compile(
    r"\bsystem\b.{0,40}\b(?:not supported|unsupported|not allowed)|(?:support|allow).{0,20}\bsystem\b", re.I
)
_ALTERNATE = re.compile(r"\balternat(?:e|ing|ion)\b", re.IGNORECASE)
_NATIVE_TOOLS = re.compile(
    r"\b(?:tools?|functions?|function[ _]call(?:s|ing)?|tool[_ -]call(?:s|ing)?|jinja)\b", re.IGNORECASE
)


@dataclass(slots=True)
class Dialect:
    """How requests to one endpoint are written. Each lesson is kept for the rest of the run."""

    max_tokens: str | None = "max_tokens"
    """The name of the limit on the reply; None where the endpoint takes none."""
    dropped: set[str] = field(default_factory=set)
    strict: bool = True
    """Whether tool schemas are marked strict."""
    format_rank: int = 0
    """Which of ``response_formats`` is taken."""
    system_apart: bool = True
    """Whether instructions are a message of their own; else they stand before the first question."""
    lessons: list[str] = field(default_factory=list)
    """What was learned, in words."""

    def learn(self, refusal: Refusal, body: Mapping[str, Any]) -> bool:
        """Changes what the next request looks like, where a refusal says how; False where it does not."""
        if refusal.status not in (200, 400, 404, 422, 500, 501):
            return False
        lesson = self._lesson(refusal, body)
        if lesson:
            self.lessons.append(lesson)
            _log.debug("The endpoint refused a parameter (%s): %s.", refusal.message, lesson)
        return bool(lesson)

    def _lesson(self, refusal: Refusal, body: Mapping[str, Any]) -> str:
        said = " ".join(refusal.strings())
        if self.system_apart and _has_system(body) and (_SYSTEM.search(said) or _ALTERNATE.search(said)):
            self.system_apart = False
            return "instructions stand before the question"
        if refusal.status not in (200, 400, 422) or not (
            refusal.parameter or _REFUSED.search(said) or "unsupported_parameter" in refusal.codes
        ):
            return ""
        if self.strict and "tools" in body and re.search(r"\bstrict\b", f"{refusal.parameter} {said}"):
            self.strict = False
            return "tools are not strict"
        for name in self._named(refusal, said, body):
            if lesson := self._without(name, said):
                return lesson
        return ""

    def _named(self, refusal: Refusal, said: str, body: Mapping[str, Any]) -> list[str]:
        """The parameters of the request that the refusal is about, the surest first."""
        root = re.split(r"[.\[]", refusal.parameter)[0]
        candidates = [name for name in (*DROPPABLE, "response_format") if name in body]
        if root in candidates:
            return [root]
        if root in body:
            return []  # the messages, the model, tools or a field of the user's: nothing to leave out
        words = set(re.findall(r"\w+", said))
        named = [name for name in candidates if name in words]
        schema = "response_format" in body and re.search(r"json[_ ]?schema|grammar|structured", said, re.IGNORECASE)
        return [*named, *(["response_format"] if schema and "response_format" not in named else [])]

    def _without(self, name: str, said: str) -> str:
        if name == "response_format":
            self.format_rank += 1
            return f"response_format {self.format_rank}"
        if name in MAX_TOKENS:
            return self._other_limit(name, said)
        self.dropped.add(name)
        return f"no {name}"

    def _other_limit(self, name: str, said: str) -> str:
        self.dropped.add(name)
        other = next(other for other in MAX_TOKENS if other != name)
        instead = _INSTEAD.search(said)
        self.max_tokens = other if other not in self.dropped or (instead and instead[1] == other) else None
        return f"{self.max_tokens or 'nothing'} instead of {name}"


def refuses_tools(refusal: Refusal) -> bool:
    """Whether a refusal is about native tool calls as such."""
    said = f"{refusal.parameter} {' '.join(refusal.strings())}"
    return refusal.status in (200, 400, 404, 422, 500, 501) and bool(_NATIVE_TOOLS.search(said))


def _has_system(body: Mapping[str, Any]) -> bool:
    return any(message.get("role") == "system" for message in body["messages"])
