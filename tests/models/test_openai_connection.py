"""Where keys and addresses come from, and that none of them is ever shown."""

from __future__ import annotations

import pytest

from docpager.errors import ConfigurationError, CredentialsError
from docpager.models.openai import Connection
from docpager.models.openai.retries import LONGEST_WAIT, backoff
from docpager.redaction import header_without_value, hide, without_secrets
from docpager.settings import ConnectionSettings

LOCAL = "http://127.0.0.1:8000/v1"


def of(environment: dict[str, str] | None = None, **settings: object) -> Connection | None:
    return Connection.of(ConnectionSettings(**settings), environment or {})


WHERE = [
    ({}, {}, None),
    ({}, {"base_url": LOCAL}, (LOCAL, "none")),
    ({"OPENAI_BASE_URL": LOCAL}, {}, (LOCAL, "none")),
    ({"OPENAI_BASE_URL": "http://other/v1"}, {"base_url": LOCAL}, (LOCAL, "none")),
    ({"OPENAI_API_KEY": "k"}, {}, ("https://api.openai.com/v1", "k")),
    ({"OPENAI_API_KEY": " "}, {}, None),
    ({"OPENAI_API_KEY": "k", "DOCPAGER_API_KEY": "own"}, {"base_url": LOCAL}, (LOCAL, "own")),
]


@pytest.mark.parametrize(("environment", "settings", "found"), WHERE)
def test_address_and_key_come_from_settings_and_environment(environment, settings, found):
    connection = of(environment, **settings)
    assert (connection and (connection.base_url, connection.key)) == found


def test_a_key_file_comes_before_the_environment(tmp_path):
    file = tmp_path / "key"
    file.write_text("sk-from-file\n")
    connection = of({"OPENAI_API_KEY": "k"}, api_key_file=str(file))
    assert connection is not None
    assert connection.key == "sk-from-file"


@pytest.mark.parametrize("content", [b"", b"two\nlines", b"\xff\xfe", "schlüssel".encode()])
def test_a_key_file_without_a_key_is_refused(tmp_path, content):
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(CredentialsError, match="key file") as caught:
        of(api_key_file=str(file))
    assert "lines" not in str(caught.value)


def test_a_key_file_that_is_not_there_is_named():
    with pytest.raises(CredentialsError, match="Cannot read the key file nowhere/key: No such file"):
        of(api_key_file="nowhere/key")


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://x/v1", "http://", "not an address", "https:///v1"])
def test_what_is_no_address_is_refused_before_anything_is_sent(address):
    with pytest.raises(ConfigurationError, match="is no address of an endpoint"):
        of(base_url=address)


def test_headers_take_secrets_from_the_environment():
    connection = of({"AZURE": "a-secret"}, base_url=LOCAL, header=("api-key: $AZURE", "X-A: b, c"))
    assert connection is not None
    assert connection.headers == {"api-key": "a-secret", "X-A": "b, c"}


@pytest.mark.parametrize("header", ["no colon", ": x", "a b: c", "X: $NOT_SET", "X: zwölf", "X: a\nY: b"])
def test_a_header_that_cannot_be_sent_is_refused_without_its_value(header):
    with pytest.raises(ConfigurationError) as caught:
        of(base_url=LOCAL, header=(header,))
    assert "zwölf" not in str(caught.value)


def test_a_connection_shows_no_secret():
    connection = of(
        {"OPENAI_API_KEY": "sk-123456789"},
        base_url="https://user:passw0rd@host.example/v1?api-version=1&sig=topsecret",
        header=("X-Token: tok-abcdef",),
    )
    assert connection is not None
    secrets = ("sk-123456789", "passw0rd", "topsecret", "tok-abcdef")
    shown = connection.shown + connection.hide("told: " + " ".join(secrets))
    assert not [secret for secret in secrets if secret in shown]
    assert connection.shown == "https://host.example/v1"


HOSTS = [
    ("https://api.openai.com/v1", True),
    ("https://eu.api.openai.com/v1", True),
    ("https://team.openai.azure.com/openai/v1", True),
    ("https://notopenai.com/v1", False),
    ("http://127.0.0.1:8000/v1", False),
]


@pytest.mark.parametrize(("address", "theirs"), HOSTS)
def test_openais_own_endpoints_are_known(address, theirs):
    assert Connection(address).is_openai is theirs


def test_an_address_with_a_query_keeps_it_behind_the_path():
    client = Connection("https://h.example/deployments/x?api-version=7", "k").client()
    assert str(client.base_url) == "https://h.example/deployments/x/"
    assert client.default_query == {"api-version": "7"}
    assert client.max_retries == 0


def test_waits_grow_up_to_a_limit_and_are_spread():
    longest = [backoff(n, lambda: 0.0) for n in range(12)]
    assert longest[:4] == [0.5, 1.0, 2.0, 4.0]
    assert longest[-1] == LONGEST_WAIT
    assert backoff(2, lambda: 1.0) == 1.0
    assert len({backoff(3) for _ in range(9)}) > 1


def test_what_is_hidden_is_hidden_everywhere():
    assert hide("a sk-12345678 b sk-12345678", ["sk-12345678", "short", ""]) == "a *** b ***"
    assert header_without_value("Authorization: Bearer x") == "Authorization: ***"
    assert header_without_value("api-key: $AZURE") == "api-key: $AZURE"
    assert without_secrets("no address") == "no address"
