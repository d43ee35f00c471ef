"""What a prompt cache would have served, told by prompts."""

from hypothesis import given
from hypothesis import strategies as st
from worlds import WordCounter

from docpager.testing.prefix_cache import PrefixCache, PromptCounter, _common_letters


def cache(**more):
    return PrefixCache(PromptCounter(WordCounter()), **{"block_tokens": 1, **more})


def test_the_longest_common_beginning_counts_whichever_prompt_it_is_of():
    known = cache()
    first, second = ("system" * 40, "question one", "log" * 20), ("system" * 40, "question two")
    assert known.look_up(first) == 0
    assert known.look_up(second) == (240 // 4 + 4) + 3
    assert known.look_up((*first, "more")) == sum(len(piece) // 4 + 4 for piece in first)


def test_whole_blocks_are_served():
    known = cache(block_tokens=16)
    known.look_up(("x" * 100,))
    assert known.look_up(("x" * 100, "y")) == 16


def test_the_prompt_sent_longest_ago_is_forgotten():
    known = cache(prompts=2)
    for prompt in ("a" * 40, "b" * 40, "a" * 40, "c" * 40):
        known.look_up((prompt,))
    assert known.look_up(("a" * 40,)) == 14
    assert known.look_up(("b" * 40,)) == 0


@given(st.text(alphabet="ab"), st.text(alphabet="ab"))
def test_common_letters_are_all_and_no_more(old, new):
    count = _common_letters(old, new)
    assert old[:count] == new[:count]
    assert count == min(len(old), len(new)) or old[count] != new[count]
