"""Options are made of settings: every field has its flag, variable, type, default and sentence."""

from __future__ import annotations

from dataclasses import dataclass, fields

import click
import pytest

from docpager.cli.options import Duration, Words, config_option, sentences, settings_from, settings_options
from docpager.errors import UsageError
from docpager.settings import AgentSettings, IngestSettings, RunSettings

RECORDS = [IngestSettings, AgentSettings, RunSettings]


def made_from(record, arguments=(), table=None, environment=None, monkeypatch=None):
    def body(**_):
        """Nothing."""

    body = settings_options(record)(body)
    command = click.command(config_option(table)(body) if table else body)
    for name, value in (environment or {}).items():
        monkeypatch.setenv(name, value)
    with command.make_context("probe", list(arguments)) as context:
        return settings_from(record, context.params)


@pytest.mark.parametrize("record", RECORDS)
def test_without_flags_the_settings_are_the_defaults(record):
    assert made_from(record) == record()


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_has_a_sentence_and_its_option_shows_it(record):
    assert set(sentences(record)) == {field.name for field in fields(record)}
    assert all(sentence.endswith(".") for sentence in sentences(record).values())

    @click.command()
    @settings_options(record)
    def command(**_):
        """Nothing."""

    helps = {parameter.name: parameter.help for parameter in command.params if isinstance(parameter, click.Option)}
    assert helps == sentences(record)


FLAGS = [
    (IngestSettings, ["--file-timeout", "5m"], {"file_timeout_seconds": 300.0}),
    (IngestSettings, ["--include", "*.pdf", "--include", "*.docx, *.md"], {"include": ("*.pdf", "*.docx", "*.md")}),
    (IngestSettings, ["--prune", "--prune-force", "--strict"], {"prune": True, "prune_force": True, "strict": True}),
    (IngestSettings, ["--workers", "3", "--text-field", "body"], {"workers": 3, "text_field": "body"}),
    (AgentSettings, ["--question-timeout", "2h"], {"question_timeout_seconds": 7200.0}),
    (AgentSettings, ["--policy", "fifo", "--context-tokens", "4096"], {"policy": "fifo", "context_tokens": 4096}),
    (AgentSettings, ["--context-tokens", "AUTO", "--readahead"], {"context_tokens": "auto", "readahead": True}),
    (AgentSettings, ["--log-share", "0.5"], {"log_share": 0.5}),
    (RunSettings, ["-o", "outputs/x", "--ids", "a,b"], {"output": "outputs/x", "ids": ("a", "b")}),
    (RunSettings, ["--fail-on", "abstained,unverified"], {"fail_on": ("abstained", "unverified")}),
    (RunSettings, ["--limit", "5", "--keep-transcripts", "all"], {"limit": 5, "keep_transcripts": "all"}),
]


@pytest.mark.parametrize(("record", "flags", "changed"), FLAGS)
def test_flags_become_fields(record, flags, changed):
    assert made_from(record, flags) == record(**changed)


VARIABLES = [
    (IngestSettings, {"DOCPAGER_FILE_TIMEOUT": "90s"}, {"file_timeout_seconds": 90.0}),
    (IngestSettings, {"DOCPAGER_FILE_TIMEOUT_SECONDS": "90"}, {"file_timeout_seconds": 90.0}),
    (IngestSettings, {"DOCPAGER_EXCLUDE": "drafts/*, old papers/*"}, {"exclude": ("drafts/*", "old papers/*")}),
    (IngestSettings, {"DOCPAGER_STRICT": "1"}, {"strict": True}),
    (AgentSettings, {"DOCPAGER_MAX_STEPS": "7"}, {"max_steps": 7}),
]


@pytest.mark.parametrize(("record", "environment", "changed"), VARIABLES)
def test_variables_become_fields(record, environment, changed, monkeypatch):
    assert made_from(record, environment=environment, monkeypatch=monkeypatch) == record(**changed)


def test_flags_win_over_the_environment_over_the_file_over_defaults(tmp_path, monkeypatch):
    file = tmp_path / "nightly.toml"
    file.write_text('[run]\nmax_steps = 11\npolicy = "fifo"\nread-tokens = 900\nids = "a"\nquestion_timeout = "2m"\n')
    environment = {"DOCPAGER_MAX_STEPS": "22", "DOCPAGER_READ_TOKENS": "800"}
    flags = ["--config", str(file), "--max-steps", "33"]
    made = made_from(AgentSettings, flags, "run", environment, monkeypatch)
    assert made == AgentSettings(max_steps=33, read_tokens=800, policy="fifo", question_timeout_seconds=120.0)
    assert made_from(RunSettings, flags[:2], "run") == RunSettings(ids=("a",))


BAD_FLAGS = [
    (IngestSettings, ["--file-timeout", "soon"], "'soon' is not a duration. Write 60s, 5m or 2h."),
    (IngestSettings, ["--pdf-reader", "mupdf"], "'mupdf' is not one of 'auto', 'pdfium', 'pypdf'."),
    (AgentSettings, ["--policy", "newest"], "'newest' is not one of "),
    (AgentSettings, ["--context-tokens", "0"], "'0' is neither a whole number from 1 nor auto."),
    (AgentSettings, ["--context-tokens", "most"], "'most' is neither a whole number from 1 nor auto."),
    (AgentSettings, ["--max-steps", "0"], "0 is not in the range x>=1."),
    (AgentSettings, ["--high-watermark", "1.5"], "1.5 is not in the range 0<=x<=1."),
    (RunSettings, ["--fail-on", "lost"], "'lost' is not one of answered, unverified, abstained"),
]


@pytest.mark.parametrize(("record", "flags", "message"), BAD_FLAGS)
def test_what_cannot_be_is_refused(record, flags, message):
    with pytest.raises(click.BadParameter) as caught:
        made_from(record, flags)
    assert message in caught.value.format_message()


BAD_FILES = [
    ("[run]\nmax_step = 3\n", "Unknown key max_step in [run] of {file}. Did you mean max_steps?"),
    ("[runs]\nmax_steps = 3\n", "Unknown table [runs] in {file}. Did you mean run?"),
    ("run = 3\n", "run in {file} is not a table. Write [run] and its keys below it."),
    ("[run\n", "Cannot read the configuration file {file}: "),
    ("[ingest]\nxyzzy = 1\n", "Unknown key xyzzy in [ingest] of {file}. Known: archive, "),
]


@pytest.mark.parametrize(("text", "message"), BAD_FILES)
def test_a_bad_file_is_a_usage_error_that_names_the_key(text, message, tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        made_from(AgentSettings, ["--config", str(file)], "run")
    assert str(caught.value).startswith(message.format(file=file))


@dataclass(frozen=True)
class Time:
    text: str
    seconds: float


@pytest.mark.parametrize(
    "case", [Time("60s", 60), Time("5m", 300), Time("2h", 7200), Time("1.5 H", 5400), Time("9", 9)]
)
def test_durations_carry_their_unit(case):
    assert Duration().convert(case.text, None, None) == case.seconds


def test_words_drop_blanks_and_empty_ones():
    assert Words().convert(" a, ,b c ", None, None) == ("a", "b c")
