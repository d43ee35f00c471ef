"""A run beside the right answers: opens what scoring it takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.errors import UsageError
from docpager.settings import AgentSettings, ConnectionSettings
from docpager.wiring import archive_of_run, endpoint_model

if TYPE_CHECKING:
    from docpager.analysis.eval_figures import Evaluation


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
    """
    from docpager.analysis.eval_gold import read_gold
    from docpager.analysis.eval_judge import Judge
    from docpager.analysis.evaluation import evaluate
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run

    folder, golds = resolve_run(run), read_gold(Path(gold))
    if judge == AgentSettings().model:
        raise UsageError(f"{judge} judges nothing: it finds lines. Name a model behind an endpoint with --judge.")
    model = None if judge is None else endpoint_model(AgentSettings(model=judge), connection)
    asked = None if model is None else Judge(model, model.name, model.close, progress)
    opened, _ = archive_of_run(read_manifest(folder), archive)
    with nullcontext() if opened is None else closing(opened):
        return evaluate(folder, golds, opened, asked)
