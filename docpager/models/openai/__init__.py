"""Chat models behind any endpoint that speaks OpenAI's chat completions.

``model`` is the model; beside it stand what a request is made of (``requests``, ``reply_schema``, ``dialect``), what is
read from a reply (``replies``), what failures mean (``refusals``, ``errors``), when to try again (``retries``), how the
endpoint is reached (``connection``, ``hooks``) and what it says of itself (``facts``).
"""

from __future__ import annotations

from docpager.models.openai.connection import Connection as Connection
from docpager.models.openai.model import OpenAIModel as OpenAIModel

__all__ = ["Connection", "OpenAIModel"]
