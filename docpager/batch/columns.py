"""The columns of a run's three tables: name, type and one sentence each. The Parquet schemas and README come from here.

``?`` after a type says that the value can be null, which means unknown or not applicable, never zero.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SCHEMA_VERSION = "1"
"""Changes when a column changes its meaning or its type; added columns leave it as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``type`` is spelled as Arrow does: ``list<string>``, ``timestamp``, ``map<string, string>``."""

    name: str
    type: str
    description: str
    nullable: bool = True


def _columns(table: str) -> tuple[Column, ...]:
    # A line that begins with blanks goes on with the sentence above it.
    lines = re.sub(r"\n +", " ", table.strip()).splitlines()
    rows = [[cell.strip() for cell in line.split("|", 2)] for line in lines]
    return tuple(Column(name, kind.rstrip("?"), sentence, kind.endswith("?")) for name, kind, sentence in rows)


CITATION_STRUCT = (
    "struct<n: int32, doc_id: string, doc_path: string, page_number: int32, quote: string, verify_status: string>"
)

ANSWER_COLUMNS = _columns(f"""
run_id                | string              | The run this row belongs to.
question_id           | string              | As in the question file, else 16 hex digits made from the question's text.
doc_id                | string?             | The document asked about, in a run that asks each document alone.
row                   | int32               | Position in the question file, from 0.
question              | string              | The question as asked.
exit_status           | string              | How work on the question ended.
answer                | string?             | The answer in words, with [n] after each statement that has a citation;
                                              one statement a line for a list, Yes, No or the choice first where the
                                              statements say which.
answer_value          | float64?            | The answer as a number, where one was asked for: as stated, in
                                              answer_unit, never scaled; negative where it is printed in parentheses;
                                              null where the statements leave a choice.
answer_unit           | string?             | The unit of answer_value: a currency (USD, crowns), % or what is counted,
                                              and the scale it is stated in, as in USD million or crowns thousand; null
                                              where none is stated.
answer_date           | date?               | The answer as a date, where one was asked for and day, month and year are
                                              stated; else null.
conflicts             | list<string>        | Where sources disagree: the model's words, or what code found in two
                                              citations that say the same but for one number, as "what: later value
                                              (path, date) [n]; earlier value (path, date) [m]".
abstain_reason        | string?             | Why there is no answer.
error_type            | string?             | The kind of error that ended the work.
error_message         | string?             | What went wrong, and why a row is invalid.
confidence            | float64?            | The model's or reader's own confidence, from 0 to 1.
citations             | list<{CITATION_STRUCT}> | The citations in short; citations.parquet has them in full.
n_citations           | int32               | Citations in all.
n_verified            | int32               | Citations that are exact or normalized.
n_documents           | int32               | Different documents cited.
steps                 | int32?              | Model calls.
searches              | int32?              | Searches of the archive.
page_ins              | int32?              | Pages brought into the context.
page_outs             | int32?              | Pages the model let go.
evictions             | int32?              | Pages that left because room was needed.
faults                | int32?              | References to pages that were not resident.
refaults              | int32?              | Faults on pages that had been resident before.
prefetches            | int32?              | Pages brought in before they were asked for.
context_peak_tokens   | int64?              | The largest request: all messages and tool schemas.
capacity_tokens       | int64?              | Room for pages in the context.
attempts              | int32?              | How often the question was started.
cited_segment_ids     | list<string>        | Segments cited, in the order of the citations, each once.
read_segment_ids      | list<string>?       | Segments that were in the context.
ranked_segment_ids    | list<string>?       | Segments that search ranked.
ranked_unread         | int32?              | Segments that search listed and that were never read.
evidence_sha256       | string?             | SHA-256 over segment_id and quote of every citation, in order.
stop_reason           | string?             | Why reading stopped: all_read (nothing that search listed is unread),
                                              read_limit (no unread one fits the reading budget), answered, abstained,
                                              step_limit, token_limit, cost_limit, time_limit, thrashing or model_error.
prompt_tokens         | int64?              | Tokens sent to the model.
cached_tokens         | int64?              | Those of them that the endpoint had cached.
cacheable_tokens      | int64?              | Those of them that repeat the start of the request before.
completion_tokens     | int64?              | Tokens the model wrote.
reasoning_tokens      | int64?              | Those of them that were reasoning.
embed_tokens          | int64?              | Tokens embedded for searches.
cost_usd              | float64?            | Cost of the model calls in US dollars, where prices are known.
latency_seconds       | float64?            | Wall-clock time from start to answer.
instructions_found    | int32?              | Lines read that speak to the model as if they were orders.
model                 | string?             | The model that was asked for.
model_reported        | string?             | The model that the endpoint says replied.
settings_sha256       | string              | SHA-256 of the settings that can change an answer.
archive               | string              | The archive that was asked.
archive_version       | string              | The archive's generation.
from_cache            | bool                | Whether every reply came from the cache, as others had asked for it.
carried_from_run_id   | string?             | The run this row was carried over from.
started_at            | timestamp?          | When work on the question began.
finished_at           | timestamp?          | When it ended.
input                 | map<string, string> | The question file's other columns.
doc_path              | string?             | The path of doc_id in the archive.
queries               | list<string>?       | The queries that ran, in order, each once: words searched for, find:
                                              before an exact text, find regex: before a pattern, and the documents it
                                              was limited to behind " in ".
counted_tokens        | int64?              | Our own count of the requests of which the endpoint reported its count.
count_error           | float64?            | How far the two counts were apart in the worst of these requests, as a
                                              share of the endpoint's.
replayed_tokens       | int64?              | Prompt and completion tokens of replies that came from the cache, and that
                                              other runs or questions had paid for.
tool_protocol         | string?             | How the model called tools: native, or json in its text.
autonomy              | string?             | Who steered: the model (full), or the built-in reader for it (assisted).
""")

CITATION_COLUMNS = _columns("""
run_id          | string       | The run this row belongs to.
question_id     | string       | The question whose answer cites.
citation_id     | string       | Names the citation.
n               | int32        | The number in square brackets in the answer, from 1.
claim           | string?      | The statement the citation is for.
doc_id          | string?      | The document cited.
doc_path        | string?      | Its path in the archive.
doc_title       | string?      | Its title.
doc_sha256      | string?      | SHA-256 of the file as it was read.
page_number     | int32?       | The paper page, from 1; 1 in formats without pages.
page_label      | string?      | The number printed on the paper page, as in iv.
headings        | list<string> | The headings above the quote, outermost first.
segment_id      | string?      | The segment the quote was copied from.
char_start      | int64?       | Where the quote begins in the text of the paper page, in characters.
char_end        | int64?       | Where it ends.
quote           | string       | The text cited, copied from the archive; where it stands in no document, as the model
                                 typed it.
context_before  | string?      | The text before the quote.
context_after   | string?      | The text after the quote.
verify_status   | string       | exact or normalized (the same letters and digits, on lines that were shown), relocated
                                 (elsewhere in that document), misattributed (in another one), not_found or stale.
match_score     | float64?     | How much the source and the quote as it was given have in common, from 0 to 1.
supported       | bool?        | Whether every number, date and name of the claim stands in the quotes of its statement
                                 (with their headings, the document's name; a number may be rounded, or a result of
                                 calculate) and one of them in this quote; null where the claim has none. A check of
                                 words, not of meaning.
page_in_step    | int32?       | The step that brought the quote into the context.
retrieval_rank  | int32?       | The best rank search gave the segment.
retrieval_score | float64?     | The score at that rank.
asked_doc_id    | string?      | The document asked about, in a run that asks each document alone.
found_doc_path  | string?      | Where a relocated or misattributed quote stands.
found_page_number | int32?     | The paper page it stands on.
""")

TRACE_COLUMNS = _columns("""
run_id            | string       | The run this row belongs to.
question_id       | string       | The question that was worked on.
step              | int32        | The model call it belongs to, from 1; 0 before the first.
event             | string       | What happened.
page_ids          | list<string> | The segments it happened to.
page_tokens       | list<int64>  | Their tokens.
arguments         | string?      | What else there is to know, as JSON.
tokens_before     | int64?       | Resident tokens before.
tokens_after      | int64?       | Resident tokens after.
capacity          | int64?       | Room for resident pages.
prompt_tokens     | int64?       | Tokens of this model call's request.
cached_tokens     | int64?       | Those of them that the endpoint had cached.
completion_tokens | int64?       | Tokens of its reply.
cost_usd          | float64?     | Its cost in US dollars.
milliseconds      | float64?     | How long it took.
at                | timestamp?   | When it happened.
doc_id            | string?      | The document asked about, in a run that asks each document alone.
""")

TABLES = {"answers": ANSWER_COLUMNS, "citations": CITATION_COLUMNS, "trace": TRACE_COLUMNS}
"""The tables of a run by the stem of their file."""
