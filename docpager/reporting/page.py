"""The report as HTML: a template, its styles and script, and what stands in them; the home of jinja2."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from docpager.reporting.assets import FOLDER, asset

BLOCKS = "<!--blocks-->"
"""Where the data of pictures and stories goes: no text can hold it, for every ``<`` of theirs is escaped."""
INSIDE, BESIDE = "data:", "data: 'self' file:"
"""Where images may come from: the file itself, or a folder beside it as well."""


def report_html(view: Mapping[str, Any], *, image_sources: str = INSIDE) -> str:
    """The page without its data, which replaces ``BLOCKS``. Every value of ``view`` is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined)
    style = asset("report.css") + "\n" + asset("story.css")
    script = asset("report.js")
    return environment.get_template("report.html.j2").render(
        **view,
        style=Markup(style),  # noqa: S704 - the package's own files
        script=Markup(script),  # noqa: S704
        style_hash=_hash(style),
        script_hash=_hash(script),
        image_sources=image_sources,
    )


def _hash(content: str) -> str:
    """The content as a security policy names it."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
