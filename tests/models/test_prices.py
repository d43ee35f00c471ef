"""What model calls cost: known prices, names with versions, a user's own table, and unknown stays unknown."""

from __future__ import annotations

import pytest

from docpager.errors import MissingInputError, UsageError
from docpager.models.prices import Price, Prices
from docpager.records import Usage

NAMES = [
    ("gpt-4o", True),
    ("gpt-4o-2024-08-06", True),
    ("openai/gpt-4o-mini", True),
    ("claude-sonnet-4-20250514", True),
    ("mistral-large-latest", True),
    ("loopback", False),
    ("gpt-4o-realtime", False),
    ("", False),
]


@pytest.mark.parametrize(("name", "known"), NAMES)
def test_a_model_is_known_by_its_name_whoever_serves_it(name, known):
    assert (Prices.load().of(name) is not None) == known


def test_every_price_in_the_table_is_sound():
    prices = Prices.load()
    for name in ("gpt-5", "gpt-4.1", "o3", "gemini-2.5-flash"):
        price = prices.of(name)
        assert price is not None
        assert 0 < price.input < price.output
        assert price.cached_input is not None
        assert price.cached_input < price.input


def test_cached_input_has_a_price_of_its_own():
    price = Price(2.0, 8.0, cached_input=0.5)
    assert price.cost(Usage(1_000_000, 400_000, 500_000)) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.5 * 8)
    assert price.cost(Usage(1_000_000, None, 0)) == pytest.approx(2.0)
    assert Price(2.0, 8.0).cost(Usage(1_000_000, 400_000, 0)) == pytest.approx(2.0)


def test_what_was_not_counted_has_no_known_cost():
    assert Price(2.0, 8.0).cost(Usage()) is None


def test_the_model_that_replied_comes_before_the_one_that_was_asked_for():
    prices = Prices({"a": Price(1, 1), "b": Price(2, 2)})
    assert prices.of("b", "a") == Price(2, 2)
    assert prices.of("unknown", "a") == Price(1, 1)
    assert prices.of(None, None) is None


def test_a_users_table_adds_and_replaces(tmp_path):
    own = tmp_path / "prices.toml"
    own.write_text('["house-model"]\ninput = 0\noutput = 0\n["gpt-4o"]\ninput = 1\noutput = 2\n')
    prices = Prices.load(str(own))
    assert prices.of("house-model") == Price(0, 0)
    assert prices.of("gpt-4o") == Price(1, 2)
    assert prices.of("gpt-4o-mini") is not None


WRONG = [
    ("not toml =", "is no TOML"),
    ('["m"]\ninput = 1\n', "The price of 'm'"),
    ('["m"]\ninput = 1\noutput = -2\n', "The price of 'm'"),
    ('["m"]\ninput = 1\noutput = 2\nper = "hour"\n', "The price of 'm'"),
    ("m = 3\n", "The price of 'm'"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_table_that_is_not_understood_is_refused(tmp_path, text, message):
    own = tmp_path / "prices.toml"
    own.write_text(text)
    with pytest.raises(UsageError, match=message):
        Prices.load(str(own))


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(MissingInputError, match=r"no table of prices at nowhere\.toml"):
        Prices.load("nowhere.toml")
