from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docpager.ingest.broken_words import MOST_JOINED, BrokenWords


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an inter-\nnational maker", ["international"]),
        ("an inter-\n   national maker", ["international"]),
        ("an inter-national maker", ["international"]),
        ("an inter\u2010\nnational maker", ["international"]),
        ("an inter\u00ad\nnational maker", ["international"]),
        ("Manu-\nfacturers and Inter-\nnational trade", ["Manufacturers", "International"]),
        ("eine Wirtschafts-\nprüfung", ["Wirtschaftsprüfung"]),
        ("long-\nterm debt of a long and a short term", []),
        ("an under-\nstanding under a bridge, standing there; the understanding", ["understanding"]),
        ("an under-\nstanding under a bridge, standing there", []),
        ("plans for 2019-\n2020", []),
        ("Mary-\nAnn", []),
        ("state-of-the-art", []),
        ("a dash -\nand more", []),
        ("no hyphen at all", []),
        ("", []),
    ],
)
def test_words_that_a_line_end_broke_are_joined(text: str, expected: list[str]) -> None:
    assert BrokenWords([text]).joined(text) == expected


def test_another_page_tells_what_is_a_word() -> None:
    page, other = "An over-\ntime rate.", "Overtime is paid. Time is over."
    assert BrokenWords([page, other]).joined(page) == ["overtime"]
    assert BrokenWords([page, "Time is over."]).joined(page) == []


def test_a_word_is_joined_once_and_only_so_many() -> None:
    text = " ".join(f"quo{chr(97 + n % 26)}{chr(97 + n // 26)}-\nrum" for n in range(100)) * 2
    assert len(BrokenWords([text]).joined(text)) == MOST_JOINED


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("abAB12-\u2010\u00ad \n.ß_"), max_size=80))
def test_joined_words_are_letters_of_the_text_without_hyphens(text: str) -> None:
    bare = "".join(c for c in text if c not in "-\u2010\u00ad \n")
    assert all(word.isalpha() and word in bare for word in BrokenWords([text]).joined(text))
