"""``docpager search``: what the archive returns, without a model."""

from __future__ import annotations

import re

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, config_option, json_option, settings_options
from docpager.lines import line_spans
from docpager.records import SearchHit, Segment
from docpager.settings import AgentSettings, RunSettings

SNIPPET_CHARACTERS = 240
_WORD = re.compile(r"\w+")


@click.command()
@click.argument("words", nargs=-1, required=True)
@settings_options(RunSettings, only=["archive"])
@settings_options(AgentSettings, only=["reranker"])
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", default=10, show_default=True, help="The most results."
)
@click.option(
    "--offset", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Results to pass over."
)
@click.option(
    "--document",
    "documents",
    metavar="D",
    multiple=True,
    help="Only in documents with this path, path ending, title or id; repeatable.",
)
@click.option("--language", metavar="xx", help="Only in documents of this language, as an ISO 639-1 code.")
@click.option("--since", metavar="DATE", help="Only in documents published then or later: 2021, 2021-06, 2021-06-30.")
@click.option("--until", metavar="DATE", help="Only in documents published then or earlier.")
@click.option("--period", metavar="TEXT", help="Only in documents whose period holds this, as in FY2022.")
@click.option("--path", metavar="GLOB", help="Only in documents with such a path; * is any characters.")
@click.option("--title", metavar="TEXT", help="Only in documents whose title holds this.")
@json_option
@config_option("run")
@common_options
@click.pass_obj
def command(
    console: Console,
    words: tuple[str, ...],
    archive: str,
    reranker: str,
    limit: int,
    offset: int,
    documents: tuple[str, ...],
    as_json: bool,
    language: str | None,
    since: str | None,
    until: str | None,
    period: str | None,
    path: str | None,
    title: str | None,
) -> None:
    """Shows what the archive returns for words, without a model."""
    from docpager.wiring import open_archive, resolve_documents

    opened = open_archive(archive, reranker=reranker)
    query = " ".join(words)
    terms = {"language": language, "since": since, "until": until, "period": period, "path": path, "title": title}
    names = [*documents, *(f"{word}:{value}" for word, value in terms.items() if value)]
    doc_ids = [document.doc_id for document in resolve_documents(opened, names)] if names else None
    hits = opened.search(query, limit=limit, offset=offset, doc_ids=doc_ids)
    for hit in hits:
        if as_json:
            console.put_json(as_record(hit, query))
        else:
            _put(console, hit, query)
    if not hits:
        console.say(f"Nothing found for: {query}")


def as_record(hit: SearchHit, query: str) -> dict[str, object]:
    """A hit as ``--json`` writes it."""
    segment = hit.segment
    return {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "bm25": hit.bm25,
        "cosine": hit.cosine,
        "doc_id": segment.doc_id,
        "path": hit.document.path,
        "title": hit.document.title,
        "page_number": segment.page_number,
        "headings": list(segment.headings),
        "segment_id": segment.segment_id,
        "char_start": segment.char_start,
        "char_end": segment.char_end,
        "snippet": snippet(segment, query),
        "text": segment.text,
    }


def _put(console: Console, hit: SearchHit, query: str) -> None:
    where = f"{hit.document.path}, page {hit.segment.page_number}"
    headings = " > ".join(" ".join(heading.split()) for heading in hit.segment.headings)
    console.put(f"{hit.rank:>3}  {hit.score:.3f}  {where}" + (f"  [{headings}]" if headings else ""))
    console.put(f"            {emphasised(snippet(hit.segment, query), query)}")


def snippet(segment: Segment, query: str, characters: int = SNIPPET_CHARACTERS) -> str:
    """The run of the segment's lines that has most of the query's words, in one line of text."""
    lines = [" ".join(segment.text[start:end].split()) for start, end in line_spans(segment.text, segment.kind)]
    wanted = _stems(query)
    best, best_score = "", -1.0
    for first in range(len(lines)):
        taken = lines[first]
        for line in lines[first + 1 :]:
            if len(taken) + len(line) + 1 > characters:
                break
            taken = f"{taken} {line}"
        score = len(wanted & _stems(taken)) + len(wanted & _stems(lines[first])) / 100
        if score > best_score:
            best, best_score = taken, score
    return best if len(best) <= characters + 60 else best[:characters].rsplit(" ", 1)[0] + " ..."


def emphasised(text: str, query: str) -> str:
    """The query's words in bold; click drops the codes where stdout is no terminal."""
    wanted = _stems(query)
    return _WORD.sub(lambda word: click.style(word[0], bold=True) if _stems(word[0]) & wanted else word[0], text)


def _stems(text: str) -> set[str]:
    # Rough: enough to see that "ships" was asked for where "shipped" stands.
    return {word[:5] if len(word) > 5 else word for word in _WORD.findall(text.lower()) if len(word) > 2}
