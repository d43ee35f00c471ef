"""What the benchmarks that ask questions have in common: options, an archive made of the data, tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeVar

import click

from docpager.cli.console import Console, duration, plural
from docpager.cli.ingest import DocumentsShown
from docpager.cli.options import common_options, config_option, json_option, settings_options
from docpager.cli.progress import Progress
from docpager.errors import UsageError
from docpager.settings import AgentSettings, ConnectionSettings, IngestSettings

if TYPE_CHECKING:
    from docpager.analysis.bench_asking import Asked, Chosen
    from docpager.analysis.intervals import Share
    from docpager.archive.lance import LanceArchive
    from docpager.records import Question

Command = TypeVar("Command", bound=Callable[..., Any])


def asking_options(*, without: Sequence[str] = (), **defaults: object) -> Callable[[Command], Command]:
    """The options of a benchmark that asks; ``defaults`` are this benchmark's own for the agent's settings."""
    names = [field.name for field in fields(AgentSettings) if field.name not in without]

    def decorate(command: Command) -> Command:
        for option in reversed(
            [
                click.argument("data", type=click.Path(path_type=Path)),
                click.option("--every", type=_COUNT, default=1, metavar="N", help="Asks every Nth question."),
                click.option("--skip", type=click.IntRange(min=0), default=0, metavar="N", help=_SKIP),
                click.option("--limit", type=_COUNT, metavar="N", help="Asks the first so many of them."),
                click.option("--workers", type=click.IntRange(min=0), default=0, metavar="N", help=_WORKERS),
                click.option("--archive", "kept", metavar="URI", help=_ARCHIVE),
                click.option("--rows", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help=_ROWS),
                settings_options(AgentSettings, only=names, defaults=defaults),
                settings_options(ConnectionSettings),
                json_option,
                config_option("run"),
                common_options,
            ]
        ):
            command = option(command)
        return command

    return decorate


PERFECT = "perfect"
"""The model's name that stands for the reader which knows the answers and has to find them."""
_COUNT = click.IntRange(min=1)
_SKIP = "Begins behind so many questions."
_WORKERS = "Worker processes that ingest and ask; 0 means one a core."
_ARCHIVE = "Keeps the archive here for the next time; else it is thrown away."
_NOT_ALONE = (
    "The archive {uri} holds {others} besides the benchmark's: figures would not be comparable. "
    "Name an archive of its own with --archive."
)
_ROWS = "Writes a JSON line for each question to this file."


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark's command: where it speaks, which questions it asks, how."""

    console: Console
    connection: ConnectionSettings
    every: int
    skip: int
    limit: int | None
    workers: int
    kept: str | None
    rows: Path | None
    as_json: bool

    @property
    def choose(self) -> Chosen:
        """Chooses among the data's questions."""
        from docpager.analysis.bench_asking import every

        return lambda questions: every(questions, self.every, self.limit, self.skip)

    @contextmanager
    def archive_of(self, source: Path, **settings: Any) -> Iterator[LanceArchive]:
        """The archive that holds a file or folder and nothing else, made where it is not there.

        Raises ``UsageError`` for one that holds other documents too.
        """
        from docpager.wiring import ingest_folder, open_archive

        with TemporaryDirectory(prefix="docpager-bench-") as folder:
            uri = self.kept or str(Path(folder) / "archive.lancedb")
            _refuse_others(uri, source)
            ingest = IngestSettings(archive=uri, workers=self.workers, **settings)
            with Progress(self.console, "documents") as progress:
                report = ingest_folder(source, ingest, progress=DocumentsShown(progress))
            archive = open_archive(uri)
            held = sum(1 for _ in archive.documents())
            if held != report.documents:  # the same files, once read from elsewhere
                raise UsageError(_NOT_ALONE.format(uri=uri, others=plural(held - report.documents, "document")))
            yield archive

    def ask_all(
        self, archive: LanceArchive, gold: Iterable[Mapping[str, Any]] = ()
    ) -> Callable[[Sequence[Question], AgentSettings], list[Asked]]:
        """Asks questions of an archive in worker processes, and shows how far that is.

        ``gold`` are rows of a gold file for ``--model perfect``: an endpoint on this machine that knows the answers.
        """
        from docpager.workers import ask_in_processes

        rows = list(gold)

        def ask(questions: Sequence[Question], settings: AgentSettings) -> list[Asked]:
            done = 0

            def asked() -> None:
                nonlocal done
                done += 1
                progress.show(done, len(questions))

            with (
                self._connected(settings, rows) as connection,
                Progress(self.console, "questions", total=len(questions)) as progress,
            ):
                return ask_in_processes(
                    questions,
                    settings,
                    archive=archive.uri,
                    connection=connection,
                    workers=self.workers,
                    progress=asked,
                )

        return ask

    @contextmanager
    def _connected(self, settings: AgentSettings, gold: Sequence[Mapping[str, Any]]) -> Iterator[ConnectionSettings]:
        """How the model is reached; the perfect reader is served for as long as it is asked."""
        if settings.model != PERFECT:
            yield self.connection
            return
        from docpager.testing import Endpoint, Gold, GoldAnswer, PerfectReader

        with Endpoint(PerfectReader(Gold(map(GoldAnswer.read, gold)))) as endpoint:
            yield replace(self.connection, base_url=endpoint.base_url)

    def put_rows(self, records: Iterable[dict[str, Any]]) -> None:
        """A JSON line for each question: to ``--rows``, and to stdout with ``--json``."""
        from docpager.cli.console import json_line

        lines = [json_line(record) for record in records]
        if self.rows is not None:
            self.rows.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if self.as_json:
            for line in lines:
                self.console.put(line)

    def put_shares(self, shares: Iterable[tuple[str, Share]]) -> None:
        """A table of shares with their intervals."""
        self.console.put_table(["", "share", "of", "95 % interval"], [share_row(*pair) for pair in shares])

    def put_costs(self, answers: Sequence[Asked], more: Mapping[str, Sequence[float]] | None = None) -> None:
        """A table of what questions were shown and cost."""
        rows = cost_rows({**costs(answers), **(more or {})})
        self.console.put_table(["per question", "mean", "p95", "largest"], rows)

    def put_failures(self, answers: Sequence[Asked], most: int = 5) -> None:
        """The first errors, so that nobody takes a broken run for a figure."""
        broken = [asked.answer for asked in answers if asked.answer.error_message]
        for answer in broken[:most]:
            self.console.warn(f"Question {answer.question_id}: {answer.exit_status}: {answer.error_message}")
        if len(broken) > most:
            self.console.warn(f"and {plural(len(broken) - most, 'question')} more with an error")


def _refuse_others(uri: str, source: Path) -> None:
    """Raises ``UsageError``, before anything is written, for an archive with documents that are not the source's."""
    from docpager.errors import MissingArchiveError
    from docpager.wiring import open_archive

    try:
        paths = [document.path for document in open_archive(uri).documents()]
    except MissingArchiveError:
        return
    folder, prefix = source.is_dir(), f"{source.name}#"
    others = [path for path in paths if not ((source / path).exists() if folder else path.startswith(prefix))]
    if others:
        raise UsageError(_NOT_ALONE.format(uri=uri, others=f"{plural(len(others), 'document')} ({others[0]}, ...)"))


def share_row(name: str, share: Share) -> tuple[str, str, int, str]:
    """A share as a row of a table."""
    low, high = share.interval
    return name, "-" if share.value is None else f"{share.value:.3f}", share.of, f"{low:.3f}-{high:.3f}"


def costs(answers: Sequence[Asked]) -> dict[str, list[float]]:
    """What each question was shown and cost, by name."""
    return {
        "document text shown, tokens": [asked.shown_tokens for asked in answers],
        "prompt tokens": [asked.answer.usage.prompt_tokens for asked in answers],
        "completion tokens": [asked.answer.usage.completion_tokens for asked in answers],
        "cost-weighted prompt tokens": [asked.cost_tokens for asked in answers],
        "largest request, tokens": [asked.answer.paging.context_peak_tokens for asked in answers],
        "steps": [asked.answer.paging.steps for asked in answers],
        "refaults": [asked.answer.paging.refaults for asked in answers],
        "seconds": [asked.seconds for asked in answers],
        "of them the model's": [asked.model_seconds for asked in answers],
    }


def cost_rows(costs: Mapping[str, Sequence[float]]) -> list[tuple[str, str, str, str]]:
    """Rows of mean, 95th percentile and largest."""
    from docpager.analysis.intervals import Spread

    rows = []
    for name, numbers in costs.items():
        spread = Spread.of(numbers)
        form = "{:,.0f}" if name.endswith("tokens") else "{:,.2f}"
        rows.append((name, form.format(spread.mean), form.format(spread.p95), form.format(spread.largest)))
    return rows


def cost_record(
    answers: Sequence[Asked], more: Mapping[str, Sequence[float]] | None = None
) -> dict[str, dict[str, float]]:
    """The same for JSON."""
    from docpager.analysis.intervals import Spread

    found = {name: Spread.of(numbers) for name, numbers in {**costs(answers), **(more or {})}.items()}
    return {
        name: {"mean": round(s.mean, 3), "p95": round(s.p95, 3), "largest": round(s.largest, 3)}
        for name, s in found.items()
    }


def headline(asked: int, archive: LanceArchive, settings: AgentSettings, seconds: float, window: str = "") -> str:
    """What was asked of what, and how."""
    stats = archive.stats()
    documents = sum(stats.documents.values())
    return (
        f"{plural(asked, 'question')} of {plural(documents, 'document')} ({plural(stats.segments, 'segment')}, "
        f"{stats.tokens:,} tokens): {settings.model}, window {window or settings.context_tokens}, at most "
        f"{settings.read_tokens:,} tokens read; {duration(seconds)}"
    )
