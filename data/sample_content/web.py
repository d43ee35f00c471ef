"""Writes sources as web pages: a site's head, navigation and footer around the text."""

from __future__ import annotations

from pathlib import Path

from sample_content.blocks import Block, Source, inline_html, is_number, plain

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="author" content="{author}">
<meta name="date" content="{date}">
<style>
body {{ font: 17px/1.55 Georgia, serif; color: #1d2b36; max-width: 44rem; margin: 0 auto; padding: 0 1rem; }}
nav, footer {{ font: 14px Helvetica, Arial, sans-serif; padding: .8rem 0; color: #2f7f8f; }}
h1, h2, h3 {{ font-family: Helvetica, Arial, sans-serif; color: #17365c; line-height: 1.2; }}
table {{ border-collapse: collapse; font: 15px Helvetica, Arial, sans-serif; margin: 1rem 0; }}
caption {{ text-align: left; font-weight: bold; padding: .3rem 0; }}
th, td {{ border-bottom: 1px solid #b9cbd3; padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; }}
td.figure {{ text-align: right; }}
.notice {{ display: none; }}
</style>
</head>
<body>
<nav><a href="/">{site}</a> &middot; <a href="/timetable">Timetable</a> &middot; <a href="/fares">Fares</a>
&middot; <a href="/news">News</a> &middot; <a href="/cooperative">The cooperative</a></nav>
<main>
{body}
</main>
<footer>{footer}</footer>
</body>
</html>
"""


def write_html(source: Source, path: Path) -> None:
    """Writes one source as a page of the cooperative's site, or of the site it names."""
    facts = source.facts
    page = PAGE.format(
        title=inline_html(facts["title"]),
        author=inline_html(facts.get("author", "Sallow Isles Ferry Cooperative")),
        date=facts["date"],
        site=inline_html(facts.get("site", "Sallow Isles Ferries")),
        footer=inline_html(facts.get("footer", "Sallow Isles Ferry Cooperative, 2 Ropewalk, Port Averil")),
        body="\n".join(_element(block) for block in source.blocks),
    )
    path.write_text(page, encoding="utf-8", newline="\n")


def _element(block: Block) -> str:
    if block.kind == "heading":
        return f"<h{block.level}>{inline_html(block.text)}</h{block.level}>"
    if block.kind == "hidden":
        return f'<div class="notice" aria-hidden="true">{inline_html(block.text)}</div>'
    if block.kind in ("bullets", "numbers"):
        tag = "ul" if block.kind == "bullets" else "ol"
        items = "\n".join(f"<li>{inline_html(item)}</li>" for item in block.items)
        return f"<{tag}>\n{items}\n</{tag}>"
    if block.kind == "table":
        return _table(block)
    return f"<p>{inline_html(block.text)}</p>"


def _table(block: Block) -> str:
    caption = f"<caption>{inline_html(block.text)}</caption>\n" if block.text else ""
    head = "".join(f"<th>{inline_html(cell)}</th>" for cell in block.rows[0])
    rows = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in block.rows[1:])
    return f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _cell(cell: str) -> str:
    figure = ' class="figure"' if plain(cell) and is_number(cell) else ""
    return f"<td{figure}>{inline_html(cell)}</td>"
