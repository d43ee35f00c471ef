import os
import pickle
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import ConfigurationError
from docpager.models.tokens import EstimatedCounter, TiktokenCounter, _encoding, counter_for_model, counter_named
from docpager.protocols import TokenCounter

COUNTERS = [TiktokenCounter(), TiktokenCounter("cl100k_base"), TiktokenCounter("o200k_harmony"), EstimatedCounter()]
PROSE = "Net sales rose 4.2% to $1,577 million in 2018, driven by volume growth in the Americas segment. " * 8


@pytest.fixture(params=COUNTERS, ids=lambda counter: counter.name)
def counter(request) -> TokenCounter:
    return request.param


def test_a_counter_meets_the_protocol(counter):
    assert isinstance(counter, TokenCounter)


def test_empty_text_has_no_tokens(counter):
    assert counter.count("") == 0


def test_special_token_text_counts_as_ordinary_text(counter):
    assert counter.count("<|endoftext|><|im_start|>") > 2


def test_a_counter_survives_pickling(counter):
    copy = pickle.loads(pickle.dumps(counter))
    assert (copy.name, copy.count(PROSE)) == (counter.name, counter.count(PROSE))


def test_a_counter_is_found_by_its_name(counter):
    assert counter_named(counter.name).count(PROSE) == counter.count(PROSE)


@given(st.text(min_size=1, max_size=200), st.text(max_size=200))
def test_more_text_never_counts_much_less(first, second):
    for counter in COUNTERS:
        assert 1 <= counter.count(first) <= 2 * len(first.encode("utf-8", "surrogatepass")) + 1
        assert counter.count(first + second) >= counter.count(first) // 2
        assert counter.count(first + second) <= counter.count(first) + counter.count(second) + 3


@pytest.mark.parametrize("text", [" " * 400_000, "\n" * 200_000, "a" * 200_000, "=" * 200_000, "\ud800" * 10])
def test_awkward_text_is_counted_not_a_crash(counter, text):
    assert counter.count(text) >= 1


def test_known_counts():
    assert TiktokenCounter("o200k_base").count("hello world") == 2
    assert TiktokenCounter("cl100k_base").count("tiktoken is great!") == 6


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PROSE, "prose"),
        ("Revenue | 32,136 | 31,657 | 30,109\nCost of sales | (16,682) | (16,055) | (15,040)\n" * 10, "table"),
        ("本公司于二零二三年六月三十日止六个月的收入为人民币十二亿元。" * 10, "Chinese"),
        ('{"id": 17, "name": "Acme", "tags": ["a", "b"]}\n' * 15, "JSON"),
    ],
    ids=lambda value: value if len(value) < 10 else "",
)
def test_the_estimate_is_rarely_below_the_truth_and_never_twice_it(text, kind):
    truth = TiktokenCounter().count(text)
    assert truth <= EstimatedCounter().count(text) <= 2 * truth


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o-mini", "o200k_base"),
        ("gpt-4", "cl100k_base"),
        ("gpt-oss-20b", "o200k_harmony"),
        ("text-davinci-003", "o200k_base"),
        ("qwen3-8b", "o200k_base"),
        ("extractive", "o200k_base"),
    ],
)
def test_each_model_gets_its_encoding(model, encoding):
    assert counter_for_model(model).name == encoding


def test_an_unknown_encoding_is_refused_by_name():
    with pytest.raises(ConfigurationError) as refusal:
        TiktokenCounter("r50k_base")
    assert str(refusal.value) == (
        "No token encoding 'r50k_base' is here. Use one of: cl100k_base, o200k_base, o200k_harmony."
    )


COUNT_IN_A_FRESH_PROCESS = """
import socket
def refuse(*args, **kwargs): raise AssertionError("the network was tried")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from docpager.models.tokens import counter_for_model
print(counter_for_model("gpt-4o").count("hello world"), counter_for_model("gpt-4").name)
"""


def counted_in_a_fresh_process(**variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "TIKTOKEN_CACHE_DIR"} | variables
    done = subprocess.run(
        [sys.executable, "-c", COUNT_IN_A_FRESH_PROCESS], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "XDG_CACHE_HOME"])
def test_ranks_are_placed_once_and_counted_without_a_network(tmp_path, variable):
    assert counted_in_a_fresh_process(**{variable: str(tmp_path)}) == "2 cl100k_base"
    placed = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert len(placed) == 2
    assert counted_in_a_fresh_process(**{variable: str(tmp_path)}) == "2 cl100k_base"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == placed


def test_a_torn_rank_file_is_replaced(tmp_path):
    counted_in_a_fresh_process(TIKTOKEN_CACHE_DIR=str(tmp_path))
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:1000])
    assert counted_in_a_fresh_process(TIKTOKEN_CACHE_DIR=str(tmp_path)) == "2 cl100k_base"


def test_a_cache_folder_that_cannot_be_made_does_not_stop_the_count(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert counted_in_a_fresh_process(TIKTOKEN_CACHE_DIR=str(tmp_path / "file" / "below")) == "2 cl100k_base"
    assert stat.S_ISREG(Path(tmp_path / "file").stat().st_mode)


BREAKS = ["\n", "\r\n", " ", "\t", "\r"]
PARTS = [
    *BREAKS,
    "7",
    "12",
    "1,204.5",
    "p7:1",
    " A",
    "rye",
    "It's",
    "...",
    "/",
    "//",
    "'s",
    "(",
    "²",
    "漢字",
    "\u0301",
    "🙂",
]


@pytest.mark.parametrize("encoding", ["cl100k_base", "o200k_base", "o200k_harmony"])
@given(text=st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PARTS), max_size=40).map("".join)))
def test_what_is_counted_piece_by_piece_is_what_the_whole_has(encoding, text):
    text = text.encode("utf-8", "replace").decode()
    assert TiktokenCounter(encoding).count(text) == len(_encoding(encoding).encode_ordinary(text))
