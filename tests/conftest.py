"""What every test gets: no network but loopback, no telemetry, and ``--update-docs``."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")  # the same examples each time: a gate must not fail for luck


QUIET_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANCEDB_LOG": "error",
    "RAY_USAGE_STATS_ENABLED": "0",
}
FOREIGN_SETTINGS = ("DOCPAGER_", "OPENAI_")

# At import, before anything that reads these is imported; worker processes inherit them.
os.environ.update(QUIET_ENVIRONMENT)
for _name in [name for name in os.environ if name.startswith(FOREIGN_SETTINGS)]:
    del os.environ[_name]

REPOSITORY = Path(__file__).parent.parent
_NUMBERS = count()


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reply cache of the test's own, for this process and those it starts; made only when it is used."""
    folder = tmp_path_factory.getbasetemp() / f"reply-cache-{next(_NUMBERS)}"
    os.environ["DOCPAGER_CACHE_DIR"] = str(folder)
    return folder


class NetworkUsedError(AssertionError):
    """A test tried to leave the machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-docs", action="store_true", help="rewrite the generated blocks of README.md")
    parser.addoption("--full-counts", action="store_true", help="the fault tests as a release runs them: an hour")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture
def update_docs(request: pytest.FixtureRequest) -> bool:
    """Whether generated documentation is to be rewritten instead of checked."""
    return bool(request.config.getoption("--update-docs"))


def _stays_here(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = address[0]
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if not _stays_here(address):
            raise NetworkUsedError(f"A test tried to connect to {address!r}. Tests stay on this machine.")
        return method(self, address)

    return connect


def _guarded_lookup(host: Any, *rest: Any, **named: Any) -> Any:
    if not _stays_here((host or "",)):
        raise NetworkUsedError(f"A test tried to look up {host!r}. Tests stay on this machine.")
    return _LOOKUP(host, *rest, **named)


_LOOKUP = socket.getaddrinfo


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Makes every connection and look-up beyond loopback fail, loudly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup)
        yield
