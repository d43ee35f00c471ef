"""The guard of conftest.py: tests stay on this machine."""

from __future__ import annotations

import os
import socket

import pytest


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 443, 0, 0), ("example.invalid", 80)])
def test_a_connection_beyond_this_machine_fails_loudly(address):
    family = socket.AF_INET6 if len(address) == 4 else socket.AF_INET
    with socket.socket(family) as client, pytest.raises(AssertionError, match="Tests stay on this machine"):
        client.connect(address)


def test_a_name_is_not_looked_up():
    with pytest.raises(AssertionError, match=r"look up 'example\.invalid'"):
        socket.create_connection(("example.invalid", 80), timeout=1)


def test_loopback_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        accepted.close()


def test_telemetry_is_off_and_foreign_settings_are_gone():
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert not [name for name in os.environ if name.startswith("OPENAI_")]
