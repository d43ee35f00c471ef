"""Where to look next: which searches a question deserves, in which order, and which of their results to read.

A search is made when what the searches before it found has been read, so that the results in the context are always
those that are being worked through. Searches take turns: each gets a page of its results read before one gets two.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docpager.models.figure_rows import STATEMENT_WORDS, title_words
from docpager.models.question_words import QuestionWords
from docpager.models.situation import Situation
from docpager.records.views import DocumentView, HeadingView, OutlineView

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
SCOPE_NOTE = "The question names "
MOST_SCOPE = 6
"""A question that names more documents than this names none in particular."""
MOST_RESULT_PAGES = 12
"""No search is turned further than so many pages of results."""
MOST_CONCEPTS = 3
"""So many concepts get a search of their own."""
MOST_OF_ONE_PAPER_PAGE = 2
"""Further pages of memory from one paper page wait until others have been read."""
OUTLINED_DOCUMENTS = 2
"""The outlines of so many of the named documents are looked through for statements."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search, as often as its results are turned."""

    query: str
    scope: tuple[str, ...]

    def call(self, first: int) -> dict[str, Any]:
        """The arguments that ask for its results from a rank on."""
        arguments: dict[str, Any] = {"query": self.query}
        if self.scope:
            arguments["documents"] = list(self.scope)
        if first > 1:
            arguments["first"] = first
        return arguments


@dataclass(frozen=True, slots=True)
class Candidate:
    """A page that could be read next."""

    handle: str
    token_count: int
    paper_page: tuple[str, int]


class ReadingPlan:
    """What could be looked at for a question, as the situation stands."""

    def __init__(self, situation: Situation, words: QuestionWords) -> None:
        self._at = situation
        self._words = words
        self.scope = self._scope()
        self.year = self._year()

    def outlines(self) -> list[dict[str, Any]]:
        """Outlines of the named documents that would show where the question's statements stand, one of each."""
        if not 0 < len(self.scope) <= OUTLINED_DOCUMENTS:
            return []
        asked = {(str(a.get("document")), str(a.get("words"))) for a in self._at.asked("outline")}
        wanted = [(handle, _heading_words(titles)) for titles in self._words.statements for handle in self.scope]
        return [{"document": handle, "words": words} for handle, words in wanted if (handle, words) not in asked]

    def unread(self) -> list[Candidate]:
        """Pages that were listed and never read: statements first, then hits in the order they were listed."""
        listed = {c.handle: c for c in [*self._statement_pages(), *self._hits()]}
        fresh = [c for handle, c in listed.items() if handle not in self._at.read_handles]
        read = Counter(page.paper_page for page in self._read_pages())
        first: list[Candidate] = []
        later: list[Candidate] = []
        for candidate in fresh:
            enough = read[candidate.paper_page] >= MOST_OF_ONE_PAPER_PAGE
            (later if enough else first).append(candidate)
            read[candidate.paper_page] += 1
        return first or later

    def has_unread_statements(self) -> bool:
        """Whether a page of a statement that the question needs was listed and not read."""
        return any(page.handle not in self._at.read_handles for page in self._statement_pages())

    def finds(self) -> list[dict[str, Any]]:
        """Exact searches for the question's identifiers that were not made yet."""
        asked = {str(arguments.get("text")) for arguments in self._at.asked("find")}
        scope: dict[str, Any] = {"documents": list(self.scope)} if self.scope else {}
        return [{"text": text, **scope} for text in self._words.identifiers if text not in asked]

    def next_searches(self, most: int) -> list[dict[str, Any]]:
        """The searches whose turn it is, so many at once; none when all are worked through."""
        made = Counter(self._search_of(arguments) for arguments in self._at.asked("search"))
        open_searches = [s for s in self._searches() if made[s] < MOST_RESULT_PAGES and not self._is_exhausted(s)]
        turns = sorted(open_searches, key=lambda search: made[search])
        return [search.call(self._next_rank(search)) for search in turns[:most]]

    # Searches

    def _searches(self) -> list[Search]:
        """The question's own words; its concepts by the names documents give them; its words in all documents."""
        searches = [Search(self._without_names() if self.scope else self._words.query, self.scope)]
        for concept in self._words.concepts[:MOST_CONCEPTS]:
            phrases = " ".join(dict.fromkeys(concept.phrases[-3:]))
            searches.append(Search(f"{phrases} {concept.statement}".strip(), self.scope))
        if self.scope:
            searches.append(Search(self._words.query, ()))
        return list(dict.fromkeys(search for search in searches if search.query))

    def _without_names(self) -> str:
        """The question's words but those that only name the document."""
        named = {_letters(word) for name in self._words.names for word in name.split()}
        kept = [word for word in self._words.query.split() if _letters(word) not in named]
        return " ".join(kept) or self._words.query

    @staticmethod
    def _search_of(arguments: Mapping[str, Any]) -> Search:
        return Search(str(arguments.get("query", "")), tuple(arguments.get("documents") or ()))

    def _is_exhausted(self, search: Search) -> bool:
        _, more = self._at.reached.get((search.query, search.scope), (0, True))
        return not more

    def _next_rank(self, search: Search) -> int:
        """The rank behind the last result that was shown."""
        last, _ = self._at.reached.get((search.query, search.scope), (0, True))
        return last + 1

    # Pages

    def _hits(self) -> list[Candidate]:
        return [Candidate(hit.handle, hit.token_count, (hit.document, hit.page_number)) for hit in self._at.hits()]

    def _statement_pages(self) -> list[Candidate]:
        """The pages of the statements the question needs, from the outlines in the context; their own titles first."""
        wanted = [set(title_words(title)) for titles in self._words.statements for title in titles]
        found = [(view, row) for view in self._at.outlines for row in view.rows if row.headings]
        titled = [(view, row) for view, row in found if _is_titled(row, wanted)]
        ordered = sorted(titled, key=lambda pair: not STATEMENT_WORDS & set(title_words(pair[1].headings[-1])))
        return [_candidate(view, row) for view, row in ordered]

    def _read_pages(self) -> list[Candidate]:
        shown = [Candidate(p.handle, 0, (p.document, p.page_number)) for p in self._at.tail.pages]
        hits = [c for c in self._hits() if c.handle in self._at.read_handles]
        return list({c.handle: c for c in [*hits, *shown]}.values())

    # Documents

    def scope_note(self) -> str | None:
        """What to note of the scope before the list of documents leaves the context; None where nothing is to."""
        if not self.scope or self._noted_scope() is not None:
            return None
        return SCOPE_NOTE + " ".join(self.scope) + (f" of {self.year}" if self.year else "")

    def _noted_scope(self) -> tuple[str, ...] | None:
        note = self._scope_note()
        return tuple(note.partition(" of ")[0].split()) if note else None

    def _scope_note(self) -> str:
        texts = [note.text for note in self._at.tail.notes if note.text.startswith(SCOPE_NOTE)]
        return texts[0].removeprefix(SCOPE_NOTE) if texts else ""

    def _year(self) -> str:
        """The latest year of the documents that the question names: by their periods, else by their names."""
        noted = self._scope_note()
        if noted:
            return noted.partition(" of ")[2]
        rows = [row for view in self._at.documents for row in view.documents if row.handle in self.scope]
        return max((year for row in rows for year in _YEAR.findall(row.period or row.document)), default="")

    def _scope(self) -> tuple[str, ...]:
        """The documents that the question names; none where no name of one stands in it."""
        noted = self._noted_scope()
        if noted is not None:
            return noted
        rows = [row for view in self._at.documents for row in view.documents]
        names = _letters(" ".join(self._words.names))
        scored = [(self._naming(row, names), row) for row in rows]
        best = max((score for score, _ in scored), default=0.0)
        named = [row.handle for score, row in scored if score == best]
        return tuple(named) if best >= 1 and len(named) <= MOST_SCOPE else ()

    def _naming(self, row: DocumentView, names: str) -> float:
        """1 and more where a name of the document stands in the question's names; years decide among those."""
        stem_of_path = row.document.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        parts = [p for p in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", stem_of_path) if len(p) >= 3 and p.isalpha()]
        named = [part for part in parts if _letters(part) in names]
        if not named:
            return 0.0
        share = sum(map(len, named)) / sum(map(len, parts))
        return 1 + share + sum(0.5 for year in self._words.years if year in f"{row.document} {row.title} {row.period}")


def _heading_words(titles: Sequence[str]) -> str:
    """What to look for in headings: each word of the titles once."""
    return " ".join(dict.fromkeys(["consolidated", *" ".join(titles).split()]))


def _is_titled(row: HeadingView, titles: Sequence[set[str]]) -> bool:
    words = set(title_words(row.headings[-1]))
    return any(title <= words for title in titles)


def _candidate(view: OutlineView, row: HeadingView) -> Candidate:
    document = f"{view.document_handle} {view.document}"
    return Candidate(row.handle, row.token_count, (document, row.page_number))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
