"""A note with images is known again in what Picora stores of it, and another one is not."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.note_match import Proof, mould, proofs_for

ONE, TWO = b"first picture", b"second picture"


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def proof(url: str, data: bytes) -> Proof:
    return Proof(url, len(data), hashlib.sha256(data).hexdigest())


SENT = f'# Trip\n\n![a]({uri(ONE)})\nthen\n![b](<{uri(TWO)}> "t")\n![c]({uri(ONE)})\nend https://x.test/a.png\n'
STORED = '# Trip\n\n![a](https://m/1.png)\nthen\n![b](<https://m/2.png> "t")\n![c](https://m/1.png)\nend https://x.test/a.png\n'


def test_each_image_is_to_be_proven_once() -> None:
    assert proofs_for(mould(SENT), STORED) == (proof("https://m/1.png", ONE), proof("https://m/2.png", TWO))


def test_an_image_that_was_left_inside_needs_no_proof() -> None:
    stored = STORED.replace("<https://m/2.png>", f"<{uri(TWO)}>")
    assert proofs_for(mould(SENT), stored) == (proof("https://m/1.png", ONE),)
    assert proofs_for(mould(SENT), SENT) == ()


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(STORED + "more", id="more text"),
        pytest.param(STORED[:-1], id="less text"),
        pytest.param(STORED.replace("# Trip", "# Trap"), id="another beginning"),
        pytest.param(STORED.replace("then", "than"), id="another middle"),
        pytest.param(STORED.replace("https://m/1.png", "1.png"), id="a local image"),
        pytest.param(STORED.replace("https://m/2.png", uri(ONE)), id="another image inside"),
        pytest.param("", id="nothing"),
    ],
)
def test_another_text_is_none_of_it(stored: str) -> None:
    assert proofs_for(mould(SENT), stored) is None


def test_a_text_without_images_is_only_itself() -> None:
    assert proofs_for(mould("plain"), "plain") == ()
    assert proofs_for(mould("plain"), "plainer") is None


def test_what_is_no_base64_stays_text() -> None:
    odd = "![x](data:image/png;base64,abc)"
    assert mould(odd).pictures == ()
    assert proofs_for(mould(odd), odd) == ()


def test_a_mould_knows_the_hash_of_the_text_and_the_least_that_is_stored_of_it() -> None:
    made = mould(f"ü{uri(ONE)}ü")
    assert made.sha256 == hashlib.sha256(f"ü{uri(ONE)}ü".encode()).hexdigest()
    assert made.least_bytes == 4


texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="<>()\"'\\ "), max_size=20)


@given(st.lists(st.tuples(texts, st.binary(min_size=1, max_size=20)), max_size=4), texts)
def test_whatever_the_text_its_rewritten_form_is_recognised(parts: list[tuple[str, bytes]], end: str) -> None:
    sent = "".join(f"{text} ({uri(data)})" for text, data in parts) + end
    stored = "".join(f"{text} (https://m/{hashlib.md5(data).hexdigest()}.png)" for text, data in parts) + end  # noqa: S324  # a name
    found = proofs_for(mould(sent), stored)
    assert found is not None
    assert {p.sha256 for p in found} == {hashlib.sha256(data).hexdigest() for _, data in parts}
