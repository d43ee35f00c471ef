"""Reads a run's tables back, a few rows at a time, each page against its checksum; writes tables of figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docpager.batch.rows import Row
from docpager.errors import DocpagerError, MissingInputError, QuestionFileError

_ROWS_AT_ONCE = 512


def read_answers(run: Path, columns: Sequence[str] | None = None, question_id: str | None = None) -> Iterator[Row]:
    """The rows of a run's ``answers.parquet`` in order; all columns and all questions unless told."""
    return read_table(run, "answers", columns, question_id)


def read_citations(run: Path, columns: Sequence[str] | None = None, question_id: str | None = None) -> Iterator[Row]:
    """The rows of a run's ``citations.parquet`` in order, of all questions or of one."""
    return read_table(run, "citations", columns, question_id)


def read_trace(run: Path, columns: Sequence[str] | None = None, question_id: str | None = None) -> Iterator[Row]:
    """The rows of a run's ``trace.parquet`` in order, of all questions or of one."""
    return read_table(run, "trace", columns, question_id)


def read_table(
    run: Path, table: str, columns: Sequence[str] | None = None, question_id: str | None = None
) -> Iterator[Row]:
    """Rows as dictionaries, ``input`` as one too; a column that an older run does not have is None.

    Raises ``MissingInputError`` or ``DocpagerError`` where there is no whole file.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    path = run / f"{table}.parquet"
    if not path.exists():
        raise MissingInputError(f"{run} has no {path.name}. Run the same command again to finish the run.")
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            absent = dict.fromkeys(set(columns or ()) - set(file.schema_arrow.names))
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
                if question_id is not None:
                    batch = batch.filter(pc.equal(batch["question_id"], question_id))
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    yield absent | row
    except (pa.ArrowException, OSError) as error:
        raise DocpagerError(f"{path} is damaged: {error}. Run the same command again with --fresh.") from error


def read_footer(run: Path, table: str) -> dict[str, str]:
    """The metadata in a table's footer, ``docpager.run_id`` among it."""
    import pyarrow.parquet as pq

    metadata = pq.read_schema(run / f"{table}.parquet").metadata or {}
    return {name.decode(): value.decode() for name, value in metadata.items() if name.startswith(b"docpager.")}


def read_records(path: Path) -> Iterator[Row]:
    """The rows of any Parquet file as dictionaries; raises ``QuestionFileError`` where it is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                yield from batch.to_pylist(maps_as_pydicts="lossy")
    except (pa.ArrowException, OSError) as error:
        raise QuestionFileError(f"Cannot read {path} as Parquet: {error}.") from error


def write_records(
    path: Path,
    records: Sequence[Mapping[str, Any]],
    types: Mapping[str, str] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Writes records as a table of their own, whole or not at all; columns are those of the first record.

    ``types`` are the columns and their types as ``docpager.batch.columns`` spells them, for columns that may hold
    nothing but nulls; ``metadata`` goes into the footer.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    schema = None
    if types is not None:
        from docpager.batch.schemas import TYPES

        schema = pa.schema([pa.field(name, TYPES[kind]) for name, kind in types.items()], metadata=dict(metadata or {}))
    table = pa.Table.from_pylist([dict(record) for record in records], schema=schema)
    pq.write_table(table, unfinished, compression="zstd", write_page_checksum=True)
    unfinished.replace(path)
