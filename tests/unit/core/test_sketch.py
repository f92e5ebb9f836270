"""How much of a text is in another."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.sketch import MOST_BYTES, similarity, sketch

MOST = 0.5
LONG = " ".join(f"word{n}" for n in range(3000))
CHINESE = "我们在这里写下关于这个主题的许多文字以便能够认出它来"
IMAGE = f"![](data:image/png;base64,{'iVBORw0KGgo+' * 500})"

ALIKE = {
    "equal": ("A note about trees.", "A note about trees."),
    "a line more": ("text a", "text a\n\nedited"),
    "a link rewritten": (f"{LONG} [[Note 7]]", f"{LONG} [[Archive/Note 7|Note 7]]"),
    "case and blanks": ("One Two\nThree four", "one  two three\n\n\nfour"),
    "an image taken out": (f"Some words about trees {IMAGE}", "Some words about trees"),
    "no blanks between words": (CHINESE, CHINESE.replace("主题", "题目")),
    "the last quarter rewritten": (LONG, LONG[: len(LONG) * 3 // 4]),
}
UNLIKE = {
    "other words": ("A note about trees.", "Shopping: milk, bread and some butter"),
    "the same words in another order": (LONG, " ".join(sorted(LONG.split(), reverse=True))),
    "the same image": (f"Trees {IMAGE} in the wood", f"Bread {IMAGE} from the shop"),
    "nothing": ("", ""),
    "something and nothing": ("A note", ""),
    "only signs": ("--- *** ---", "--- *** ---"),
    "no blanks, other words": (CHINESE, "今天买牛奶面包黄油还要去邮局寄信然后回家做饭"),
}


@pytest.mark.parametrize(("one", "other"), ALIKE.values(), ids=ALIKE.keys())
def test_most_of_these_texts_is_equal(one: str, other: str) -> None:
    assert similarity(sketch(one), sketch(other)) >= MOST


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE.keys())
def test_these_texts_share_little(one: str, other: str) -> None:
    assert similarity(sketch(one), sketch(other)) < 0.2


@given(st.text(), st.text())
def test_a_sketch_is_small_and_being_alike_has_no_direction(one: str, other: str) -> None:
    a, b = sketch(one), sketch(other)
    assert max(len(a), len(b)) <= MOST_BYTES <= 150
    assert 0.0 <= similarity(a, b) == similarity(b, a) <= 1.0
    assert similarity(a, a) == (1.0 if a else 0.0)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.8])
def test_it_estimates_how_many_words_were_replaced(share: float) -> None:
    dice = random.Random(1)  # noqa: S311  (a test)
    words = [f"word{n}" for n in range(5000)]
    edited = [f"new{n}" if dice.random() < share else word for n, word in enumerate(words)]
    kept = (1 - share) ** 2  # a pair is kept if both its words are
    expected = kept / (2 - kept)
    assert abs(similarity(sketch(" ".join(words)), sketch(" ".join(edited))) - expected) < 0.2
