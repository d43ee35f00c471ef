"""What is made of runs that are there: verified, scored, reported."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import DocpagerError, UsageError
from docpager.settings import AgentSettings, ConnectionSettings
from docpager.wiring import endpoint_model, open_archive

if TYPE_CHECKING:
    from docpager.analysis.eval_figures import Evaluation
    from docpager.analysis.eval_rows import EvalRow
    from docpager.analysis.verify import VerifyReport
    from docpager.archive.lance import LanceArchive
    from docpager.batch.manifest import Manifest
    from docpager.reporting.writing import WrittenReport


def verify_run(run: str | Path, *, archive: str | None = None) -> VerifyReport:
    """Checks a run's citations against the archive it asked, or another; raises ``MissingInputError``.

    >>> report = verify_run("outputs/captains")
    >>> report.checked, report.failed, report.exit_code
    (2, [], 0)
    """
    from docpager.analysis import verify
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run

    folder = resolve_run(run)
    with closing(open_archive(archive or read_manifest(folder).archive)) as opened:
        return verify.verify_run(folder, opened)


def write_report(
    run: str | Path,
    *,
    pictures: str = "crop",
    against: str | Path | None = None,
    archive: str | None = None,
    output: str | Path | None = None,
) -> WrittenReport:
    """Writes a run's report as one HTML file, ``report.html`` in its folder unless told.

    ``pictures`` of cited PDF pages are ``crop`` (what stands around the quotes), ``all`` (whole pages) or ``none``;
    ``against`` is an earlier run to compare with. Raises ``MissingInputError`` where there is no run,
    ``TemporaryError`` where the file cannot be written.

    >>> report = write_report("outputs/captains")
    >>> print(report.path, report.questions, report.citations)
    outputs/captains/report.html 2 2
    """
    from docpager.batch.executors.processes import ProcessExecutor
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run
    from docpager.reporting import writing

    if pictures not in writing.PICTURES:
        raise UsageError(f"No pictures {pictures!r}. Use one of: {', '.join(writing.PICTURES)}.")
    folder = resolve_run(run)
    opened, note = _archive_of_run(read_manifest(folder), archive)
    with nullcontext() if opened is None else closing(opened), ProcessExecutor() as executor:
        return writing.write_report(
            folder,
            folder / "report.html" if output is None else Path(output),
            opened,
            executor,
            pictures=pictures,
            against=None if against is None else resolve_run(against),
            archive_note=note,
        )


def evaluate_run(
    run: str | Path,
    gold: str | Path,
    *,
    judge: str | None = None,
    connection: ConnectionSettings | None = None,
    archive: str | None = None,
    progress: Callable[[int, int | None], object] = lambda _done, _total: None,
) -> Evaluation:
    """Scores a run against a gold file and writes ``eval.parquet`` beside the run's tables.

    ``judge`` names a model behind ``connection``'s endpoint; ``progress`` is told of the answers it has judged.
    Raises ``MissingInputError``, ``QuestionFileError``, ``UsageError`` or ``ConfigurationError`` before anything is
    written.

    >>> found = evaluate_run("outputs/captains", "captains.gold.csv")
    >>> found.figures["correct"].value, found.figures["any_gold_read"].value
    (1.0, 1.0)
    """
    from docpager.analysis.eval_gold import read_gold
    from docpager.analysis.evaluation import evaluate
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run

    folder, golds = resolve_run(run), read_gold(Path(gold))
    asked = None if judge is None else _judge(judge, connection, progress)
    opened, _ = _archive_of_run(read_manifest(folder), archive)
    with closing(opened) if opened is not None else nullcontext():
        return evaluate(folder, golds, opened, asked)


def _judge(
    name: str, connection: ConnectionSettings | None, progress: Callable[[int, int | None], object]
) -> Callable[[Sequence[EvalRow]], list[EvalRow]]:
    from docpager.analysis.eval_judge import judged
    from docpager.models.extractive import ExtractiveModel

    if name == ExtractiveModel.name:
        raise UsageError(f"{name} judges nothing: it finds lines. Name a model behind an endpoint with --judge.")
    model = endpoint_model(AgentSettings(model=name), connection)

    def ask(rows: Sequence[EvalRow]) -> list[EvalRow]:
        total, done = sum(bool(row.gold_answers) and row.answer is not None for row in rows), 0

        def told() -> None:
            nonlocal done
            done += 1
            progress(done, total)

        async def ask_all() -> list[EvalRow]:
            try:
                return await judged(rows, model, name, told)
            finally:
                await model.close()

        return asyncio.run(ask_all())

    return ask


def _archive_of_run(manifest: Manifest, uri: str | None) -> tuple[LanceArchive | None, str]:
    """The archive as the run saw it, else as it is now, else none; and what a reader must know of that."""
    if uri is not None:
        return open_archive(uri), ""
    try:
        return open_archive(manifest.archive, generation=manifest.archive_generation), ""
    except DocpagerError:
        pass
    try:
        opened = open_archive(manifest.archive)
    except DocpagerError as error:
        return None, f"Sources are shown as the run kept them, for its archive cannot be opened: {error}"
    return opened, "The archive has changed since the run; sources are shown as it has them now."
