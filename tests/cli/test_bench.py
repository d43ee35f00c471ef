"""``docpager bench``: figures measured now, beside the peers in the same run."""

import json
import sys

import pytest
from reportlab.pdfgen.canvas import Canvas


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        canvas = Canvas(str(tmp_path / f"{name}.pdf"))
        for number in range(3):
            canvas.drawString(72, 700, f"Page {number} of {name} speaks of ferries.")
            canvas.showPage()
        canvas.save()
    (tmp_path / "note.txt").write_text("No PDF.")
    return tmp_path


def test_ingest_is_measured_beside_bare_extraction_with_each_number_of_workers(docpager, folder):
    ended = docpager("bench", "ingest", folder, "--workers", "1,2", "--json")
    figures = json.loads(ended.out)
    assert ended.code == 0
    assert figures["documents"] == 2
    assert figures["pypdf"]["pages"] == 2
    assert (figures["loading"]["pages"], figures["loading"]["cpu_seconds"] > 0) == (1, True)
    assert [run["workers"] for run in figures["runs"]] == [1, 2]
    for run in figures["runs"]:
        assert run["pdfium"]["pages"] == 6
        assert run["ingest"]["pages"] == 7
        stages = run["cpu_seconds"]
        assert set(stages) == {"pdfium", "read", "segment", "count", "embed", "write", "other"}
        assert sum(stages.values()) >= run["ingest"]["cpu_seconds"] * 0.99
        ours = stages["read"] + stages["segment"] + stages["other"]
        assert run["ours_share"] == pytest.approx(ours / run["ingest"]["cpu_seconds"])
        assert 0 < run["workers_busy"] < 1
        assert run["share_of_pdfium"] > 0
        assert run["second_ingest_seconds"] < run["ingest"]["seconds"]


def test_lines_name_each_rate(docpager, folder):
    out = docpager("bench", "ingest", folder / "a.pdf", "--workers", 1).out
    for name in ("PDFium alone", "pypdf alone", "whole ingest", "CPU seconds by stage", "ours", "busy", "peak memory"):
        assert name in out


@pytest.mark.parametrize("workers", ["0", "1,x", ","])
def test_numbers_of_workers_that_cannot_be_are_refused(docpager, folder, workers):
    ended = docpager("bench", "ingest", folder, "--workers", workers)
    assert (ended.code, "--workers" in ended.err) == (2, True)


def test_folder_without_pdfs_is_refused(docpager, tmp_path):
    ended = docpager("bench", "ingest", tmp_path)
    assert (ended.code, ended.err) == (66, f"Error: There is no PDF in {tmp_path}.\n")


@pytest.mark.slow
def test_growth_tells_of_each_number_and_size_in_a_process_of_its_own(docpager):
    ended = docpager("bench", "ingest", "--growth", "1,8", "--workers", 1, "--json")
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert [one["what"] for one in found[:2]] == ["1 documents", "8 documents"]
    assert [one["statuses"] for one in found[:2]] == [{"indexed": 1}, {"indexed": 8}]
    assert found[-1]["statuses"] == {"indexed": 1}
    assert all(one["peak_mib"] > 50 and one["worker_mib"] > 20 and one["cpu_seconds"] > 0 for one in found)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--growth"),
        (["--growth", "0"], "--growth"),
        (["--peer", "paperqa=python"], "files or folders"),
        (["x.pdf", "--peer", "other=python"], "paperqa or llamaindex"),
        (["x.pdf", "--peer", "paperqa"], "paperqa=PYTHON"),
    ],
)
def test_growth_and_peers_that_cannot_be_are_refused(docpager, options, said):
    ended = docpager("bench", "ingest", *options)
    assert (ended.code, said in ended.err) == (2, True)


def test_peer_that_is_not_installed_is_told(docpager, folder):
    ended = docpager("bench", "ingest", folder, "--workers", 1, "--peer", f"llamaindex={sys.executable}")
    assert ended.code == 2
    assert "llama_index" in ended.err
