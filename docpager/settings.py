"""Every setting of an ingest and a run, with its unit in its name and one sentence below it.

The command line is made from these fields: a field ``max_steps`` is ``--max-steps``, ``DOCPAGER_MAX_STEPS`` and
``max_steps`` in a TOML file. Identity fields are those that can change an answer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from docpager.errors import UsageError

DEFAULT_ARCHIVE = "data/archive.lancedb"
DEFAULT_WINDOW = 8192
"""The window of a model of which nothing is known."""
AUTO = "auto"
"""A value that leaves the choice to docpager."""
LAYOUTS = LOG, MEMGPT = "log", "memgpt"
BASELINES = TOP_K, TRUNCATE, SUMMARIZE = "top-k", "truncate", "summarize"
PAGED = "paged"
STRATEGIES = (PAGED, *BASELINES, MEMGPT)
ORDERS = (AUTO, "input", "pages")
CACHE_USES = ("use", "refresh", "off")
SUMMARIES = (AUTO, "model", "extractive")
OCR_USES = (AUTO, "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """How sources become segments."""

    archive: str = DEFAULT_ARCHIVE
    """Where the archive is: a folder, made when it is not there."""
    include: tuple[str, ...] = ()
    """Only files whose relative path matches one of these glob patterns."""
    exclude: tuple[str, ...] = ()
    """No files whose relative path matches one of these glob patterns."""
    workers: int = 0
    """Worker processes that read documents; 0 means one a core."""
    file_timeout_seconds: float = 60
    """Wall-clock time one document may take to read."""
    file_memory_mib: int = 2048
    """Memory one worker process may take."""
    prune: bool = False
    """Removes documents whose files are gone from the named folders."""
    prune_force: bool = False
    """Prunes even when more than half of a folder's documents are gone."""
    retry_failed: bool = False
    """Reads unchanged files again that failed before."""
    force: bool = False
    """Reads every file again, changed or not."""
    pdf_reader: str = "auto"
    """auto (pdfium, and pypdf's layout mode for pages it cannot read), pdfium or pypdf."""
    ocr: str = "auto"
    """auto reads pictures, and PDF pages that are, where Tesseract is installed; off leaves them."""
    text_field: str | None = None
    """The field of a JSONL, CSV or Parquet record that holds its text; makes each record a document."""
    id_field: str | None = None
    """The field that names a record."""
    title_field: str | None = None
    """The field that titles a record."""
    language: str = "auto"
    """The documents' language as an ISO 639-1 code; auto finds it in the text, else takes the file's word."""
    embedder: str = "wordllama"
    """wordllama (offline, thousands of texts a second), bge-small (extra onnx, slow, better) or none (BM25 only)."""
    segment_tokens: int = 384
    """The most tokens of a segment's text."""
    lock_wait_seconds: float = 0
    """How long to wait for another process that writes the archive, before exit code 75."""
    strict: bool = False
    """Counts empty, needs_ocr and unsupported files as failures."""

    def __post_init__(self) -> None:
        if self.ocr not in OCR_USES:
            raise UsageError(f"ocr is one of {', '.join(OCR_USES)}, not {self.ocr!r}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """How one question is worked on. Every field is part of a run's identity."""

    model: str = "extractive"
    """The model's name; extractive is built in and needs no endpoint."""
    tool_protocol: str = "auto"
    """How the model calls tools: native (chat completions' own), json (JSON in its text), or auto, which tries once."""
    autonomy: str = "auto"
    """Who steers: full is the model; assisted is the built-in reader, for weak models; auto tries full first."""
    temperature: float = 0
    """How freely the model chooses its words; left out where the endpoint refuses it."""
    extra_body: str | None = None
    """More fields for each request to the endpoint, as a JSON object: {"reasoning_effort": "low"}."""
    strategy: str = "paged"
    """paged is the memory-paged loop; top-k, truncate, summarize and memgpt are usual set-ups, to compare with."""
    context_tokens: int | str = 8192
    """The window: the largest request plus the reply, in the model's tokens; auto grows with what a question needs."""
    window_tokens: int = 0
    """The model's own window in its tokens, up to which auto may grow; 0 means as the endpoint says, else 8,192."""
    reply_tokens: int = 0
    """Kept free for the reply; 0 means an eighth of the window, between 256 and 1,024 tokens."""
    read_tokens: int = 24000
    """The most tokens of document text shown for a question: pages, snippets, find, outline."""
    share_notes: bool = False
    """Lets recall find what other questions of the run remembered; answers then depend on the order of questions."""
    readahead: bool = False
    """Brings the next page of a document unasked when two in a row were paged in."""
    layout: str = "log"
    """log keeps the prompt's start for prompt caches; memgpt has notes in the system prompt and a FIFO queue."""
    summaries: str = "auto"
    """Who sums up what leaves the log: model, extractive (a line a call), or auto: the model, where it steers."""
    policy: str = "lru"
    """The replacement policy that chooses which page to evict."""
    max_steps: int = 40
    """The most model calls for a question."""
    question_timeout_seconds: float = 300
    """Wall-clock time a question may take."""
    question_tokens: int = 0
    """The most prompt and completion tokens a question may use before it ends with what is known; 0 is no limit."""
    question_cost: float = 0
    """The most US dollars a question may use before it ends with what is known; 0 is no limit."""
    log_share: float = 0.25
    """The share of the window that calls and results (not pages) may take."""
    low_watermark: float = 0.3
    """Reclaim stops below this share of capacity."""
    high_watermark: float = 0.9
    """Reclaim starts above this share of capacity."""
    pressure_watermark: float = 0.7
    """The model is warned above this share of capacity (MemGPT's figure)."""
    results_per_page: int = 10
    """Search results shown at once."""
    reranker: str = "none"
    """cross-encoder (extra onnx) reads a search's 20 best results and orders them anew, in about a second; or none."""
    abstain_threshold: float = 0.5
    """The extractive reader abstains when its confidence is below this."""
    vocabulary: str | None = None
    """A TOML table of concepts and what documents call them, added to the extractive reader's own."""

    def __post_init__(self) -> None:
        if isinstance(self.context_tokens, str) and self.context_tokens != AUTO:
            raise UsageError(f"context_tokens is a number of tokens or {AUTO}, not {self.context_tokens!r}.")
        if self.strategy == MEMGPT:
            object.__setattr__(self, "layout", MEMGPT)
        for name, known in (("strategy", STRATEGIES), ("layout", LAYOUTS), ("summaries", SUMMARIES)):
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is one of {', '.join(known)}, not {getattr(self, name)!r}.")

    @property
    def reads_as_given(self) -> bool:
        """Whether what the model reads is chosen before it is asked: it has no tools to look further."""
        return self.strategy in BASELINES

    @property
    def largest_window(self) -> int:
        """The most tokens a request and its reply may have together."""
        window = self.window_tokens or DEFAULT_WINDOW
        return window if isinstance(self.context_tokens, str) else self.context_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """How the model's endpoint is reached. No field is part of a run's identity."""

    base_url: str | None = None
    """The endpoint's address, as in http://127.0.0.1:8000/v1; else OPENAI_BASE_URL, else OpenAI where a key is set."""
    api_key_file: str | None = None
    """A file that holds the key; else DOCPAGER_API_KEY, else OPENAI_API_KEY."""
    header: tuple[str, ...] = ()
    """A header for each request, as in api-key: $AZURE_KEY; $NAME is read from the environment; repeatable."""
    request_timeout_seconds: float = 120
    """Wall-clock time one try of a model call may take."""
    give_up_after_seconds: float = 60
    """A call that fails is tried again for so long, and a run without any successful call ends after it."""
    prices: str | None = None
    """A TOML table of prices, added to docpager's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How a file of questions is worked through. Only ``for_each`` and ``where`` are part of a run's identity."""

    archive: str = DEFAULT_ARCHIVE
    """The archive to ask; which generation of it is part of the run's identity."""
    output: str | None = None
    """The run's folder; by default outputs/<question file's stem>-<UTC start>."""
    for_each: str | None = None
    """document asks each question of each document alone."""
    where: str | None = None
    """Limits --for-each to documents of which this is true, as in: path like 'contracts/%' and period = 'FY2023'."""
    concurrency: int | str = AUTO
    """Calls to the model at once; auto finds out how many the endpoint bears. Without an endpoint, questions."""
    rpm: float = 0
    """The most requests a minute; 0 is no limit."""
    tpm: float = 0
    """The most prompt and completion tokens a minute; 0 is no limit."""
    fresh: bool = False
    """Starts over in a folder that holds a run."""
    lock_wait_seconds: float = 0
    """How long to wait for another process that works on the same run, before exit code 75."""
    retry: tuple[str, ...] = ()
    """Asks rows with these exit statuses again, in the newest run of this identity; failed means the two errors."""
    keep_transcripts: str = "failed"
    """Whose exact messages and replies are kept: failed, all or none."""
    max_cost: float | None = None
    """US dollars the run may use over all its sittings; reached, it ends with exit code 4 and can be continued."""
    max_tokens: int | None = None
    """Prompt and completion tokens the run may use over all its sittings."""
    max_time_seconds: float = 0
    """Wall-clock time of one sitting; 0 is no limit."""
    order: str = AUTO
    """pages asks questions that need the same pages in turn; auto does with --for-each, but for budgets and notes."""
    limit: int | None = None
    """Asks only the first so many questions."""
    ids: tuple[str, ...] = ()
    """Asks only the questions with these ids."""
    sheet: str | None = None
    """The sheet of a workbook that holds the questions."""
    changed_only: bool = False
    """Carries answers over from the newest finished run of the same questions, where nothing they rest on changed."""
    since: str | None = None
    """The run that --changed-only compares with, instead of the newest."""
    changed_depth: int = 5
    """A new or changed segment among so many best results of a recorded search has its question asked again."""
    on_finish: str | None = None
    """A shell command for the end of the run; DOCPAGER_RUN, DOCPAGER_EXIT_CODE and DOCPAGER_COUNTS tell of it."""
    fail_on: tuple[str, ...] = ()
    """Further exit statuses that make the run end with exit code 3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSettings:
    """Which replies of the model are kept and found again. No field is part of a run's identity."""

    cache: str = "use"
    """use takes replies that any run asked for; refresh asks anew and keeps what comes; off keeps none."""
    cache_dir: str | None = None
    """The reply cache's folder; else docpager in XDG_CACHE_HOME, else ~/.cache/docpager."""
    cache_mib: int = 1024
    """The reply cache's largest size; beyond it, what was not used for longest leaves."""
    offline: bool = False
    """Asks no model: replays a run from the reply cache, and says which call is missing where one is."""

    def __post_init__(self) -> None:
        if self.cache not in CACHE_USES:
            raise UsageError(f"cache is one of {', '.join(CACHE_USES)}, not {self.cache!r}.")
        if self.offline and self.cache == "off":
            raise UsageError("--offline answers from the reply cache, which --cache off leaves out. Give one of them.")


def settings_sha256(settings: Any) -> str:
    """The SHA-256 of a settings record, field names sorted."""
    return hashlib.sha256(json.dumps(asdict(settings), sort_keys=True, default=str).encode()).hexdigest()


def differing_fields(a: Any, b: Any) -> list[str]:
    """Names of the fields in which two settings records of one kind differ."""
    return [f.name for f in fields(a) if getattr(a, f.name) != getattr(b, f.name)]
