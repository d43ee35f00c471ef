"""Ingests files with another program; run by that program's own Python, so nothing of docpager is imported here.

``python peer_ingest.py NAME SCRATCH PATH...`` prints one JSON object. No model is asked: paper-qa gets citations from a
manifest and makes no vectors, LlamaIndex's vectors are its constant ones.
"""

from __future__ import annotations

import asyncio
import csv
import importlib
import importlib.metadata
import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

SEGMENT_TOKENS = 384
"""As docpager's own default."""
SEGMENT_CHARACTERS = 1_500
"""About as many tokens."""


def main(name: str, scratch: str, *paths: str) -> None:
    """Ingests and prints how many documents and segments there are, which are lost, and the peaks of memory."""
    files = sorted(f for p in map(Path, paths) for f in (p.rglob("*") if p.is_dir() else [p]) if f.is_file())
    peer = {"paperqa": _paperqa, "llamaindex": _llamaindex}[name]
    package = {"paperqa": "paper-qa", "llamaindex": "llama-index-core"}[name]
    segments, kept = peer(files, Path(scratch))
    ours, worker = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = {
        "version": importlib.metadata.version(package),
        "documents": len(files),
        "lost": [str(file) for file in files if str(file) not in kept],
        "segments": segments,
        "peak_mib": ours // 1024,
        "worker_mib": worker // 1024,
    }
    sys.stdout.write("\n" + json.dumps(told) + "\n")


def _llamaindex(files: Sequence[Path], scratch: Path) -> tuple[int, set[str]]:
    """A directory reader, a splitter of sentences, constant vectors, a vector index kept on disk."""
    core = importlib.import_module("llama_index.core")
    ingestion = importlib.import_module("llama_index.core.ingestion")
    splitters = importlib.import_module("llama_index.core.node_parser")
    embeddings = importlib.import_module("llama_index.core.embeddings")

    embedding = embeddings.MockEmbedding(embed_dim=256)
    documents = core.SimpleDirectoryReader(input_files=list(map(str, files)), raise_on_error=False).load_data()
    splitter = splitters.SentenceSplitter(chunk_size=SEGMENT_TOKENS, chunk_overlap=0)
    nodes = ingestion.IngestionPipeline(transformations=[splitter, embedding]).run(documents=documents)
    core.VectorStoreIndex(nodes, embed_model=embedding).storage_context.persist(str(scratch))
    return len(nodes), {node.metadata["file_path"] for node in nodes}


def _paperqa(files: Sequence[Path], scratch: Path) -> tuple[int, set[str]]:
    """paper-qa's index of a folder, which links to the files."""
    papers = scratch / "papers"
    papers.mkdir()
    linked = {f"{number}-{file.name}": file for number, file in enumerate(files)}
    for name, file in linked.items():
        (papers / name).symlink_to(file.absolute())
    manifest = scratch / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as written:
        rows = csv.writer(written)
        rows.writerow(["file_location", "title", "citation", "docname"])
        rows.writerows([name, name, name, name] for name in linked)
    return asyncio.run(_paperqa_index(linked, papers, manifest, scratch))


async def _paperqa_index(linked: dict[str, Path], papers: Path, manifest: Path, scratch: Path) -> tuple[int, set[str]]:
    configuration = importlib.import_module("paperqa.settings")
    search = importlib.import_module("paperqa.agents.search")
    settings = configuration.Settings(embedding="sparse")
    settings.parsing.use_doc_details = False
    settings.parsing.multimodal = False
    settings.parsing.defer_embedding = True
    settings.parsing.reader_config = {"chunk_chars": SEGMENT_CHARACTERS, "overlap": 0}
    settings.agent.index.paper_directory = papers
    settings.agent.index.index_directory = scratch / "index"
    settings.agent.index.manifest_file = manifest
    index = await search.get_directory_index(settings)
    found = await index.index_files
    kept = {name for name, state in found.items() if state != search.FAILED_DOCUMENT_ADD_ID}
    segments = 0
    for name in kept:
        segments += len((await index.get_saved_object(name)).texts)
    return segments, {str(linked[name]) for name in kept}


if __name__ == "__main__":
    main(*sys.argv[1:])
