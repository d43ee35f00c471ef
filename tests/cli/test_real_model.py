"""A real language model of 135 million parameters, too weak to steer: its answers may be poor, the run is not."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from local_model import served_model
from worlds import FERRIES

from docpager.settings import AgentSettings, ConnectionSettings
from docpager.wiring import chat_model

CACHE = Path(__file__).parents[2] / ".pytest_cache" / "models"
FLAWLESS = {"answered", "abstained", "unverified", "step_limit", "token_limit", "thrashing", "model_error"}


@pytest.fixture(scope="module")
def base_url():
    with served_model(CACHE) as url:
        yield url


@pytest.mark.slow
def test_run_with_a_real_small_model_has_a_row_for_every_question_and_no_invented_citation(
    docpager, base_url, tmp_path
):
    folder = tmp_path / "docs"
    folder.mkdir()
    for document in FERRIES.documents():
        [page] = FERRIES.paper_pages(document.doc_id)
        (folder / document.path.replace("/", "-")).write_text(page.text)
    (tmp_path / "q.csv").write_text(
        "question_id,question\nq1,Who is the harbour master?\nq2,Who retired in May 2023?\n"
    )
    docpager("ingest", folder, "--archive", tmp_path / "a.lancedb")
    ended = docpager(
        *("run", tmp_path / "q.csv", "--archive", tmp_path / "a.lancedb", "-o", tmp_path / "run"),
        *("--base-url", base_url, "--model", "smollm2", "--context-tokens", 4096, "--max-steps", 6),
    )
    assert ended.code in (0, 3)
    rows = pq.read_table(tmp_path / "run" / "answers.parquet").to_pylist()
    assert [row["question_id"] for row in rows] == ["q1", "q2"]
    for row in rows:
        assert row["exit_status"] in FLAWLESS
        assert row["error_type"] in (None, "ModelError")
        assert row["prompt_tokens"] > 0
        assert row["context_peak_tokens"] <= 4096
        assert row["cost_usd"] is None
        assert all(c["verify_status"] in ("exact", "normalized") for c in row["citations"] if c["quote"])
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["identity_parts"]["model"] == "smollm2"


@pytest.mark.slow
def test_window_is_what_the_server_says(base_url):
    import asyncio

    model = chat_model(AgentSettings(model="smollm2"), ConnectionSettings(base_url=base_url))
    assert asyncio.run(model.stated_window()) == 8192
