"""Names and kinds of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import Fingerprint, Kind, kind_of, suffix_of
from picora_sync.core.policy import AUDIO_SETTLE, DOC_SETTLE, Folder

SUFFIXES = {
    "a.md": ".md",
    "d/B.MD": ".md",
    "a.b.Mp3": ".mp3",
    "a": "",
    "": "",
    ".md": "",
    "d/.md": "",
    "d.md/a": "",
    "a.": ".",
    "a. md": ". md",
    "\udcff.flac": ".flac",
}


@pytest.mark.parametrize(("path", "suffix"), SUFFIXES.items(), ids=[ascii(path) for path in SUFFIXES])
def test_suffix_of(path: str, suffix: str) -> None:
    assert suffix_of(path) == suffix


KINDS = {
    **dict.fromkeys(["a.md", "a.markdown", "d/A.MD"], Kind.DOC),
    **dict.fromkeys(["a.mp3", "a.m4a", "a.WAV", "a.flac", "a.ogg"], Kind.AUDIO),
    **dict.fromkeys(["a.txt", "a", ".md", "a.md~", "a.mp3.part", "a.png"], None),
}


@pytest.mark.parametrize(("path", "kind"), KINDS.items(), ids=KINDS.keys())
def test_kind_of(path: str, kind: Kind | None) -> None:
    assert kind_of(path) is kind


@given(st.text())
def test_any_name_has_a_suffix_or_none(path: str) -> None:
    assert suffix_of(path) == "" or suffix_of(path).startswith(".")


@pytest.mark.parametrize(
    ("said", "doc", "audio"), [(None, False, True), (True, True, True), (False, False, False)], ids=str
)
def test_the_default_visibility_of_each_kind(said: bool | None, doc: bool, audio: bool) -> None:
    folder = Folder("n", "/n", public=said)
    assert (folder.default_public(Kind.DOC), folder.default_public(Kind.AUDIO)) == (doc, audio)


def test_attachments_settle_as_notes_do() -> None:
    folder = Folder("n", "/n")
    assert (folder.settle(Kind.AUDIO), folder.settle(Kind.DOC), folder.settle(None)) == (
        AUDIO_SETTLE,
        DOC_SETTLE,
        DOC_SETTLE,
    )


@dataclass(frozen=True)
class Stat:
    st_size: int
    st_mtime_ns: int
    st_ctime_ns: int
    st_ino: int
    st_dev: int


HUGE: Final = 1 << 63


def test_a_fingerprint_is_what_stat_says() -> None:
    assert Fingerprint.of(Stat(1, -2, HUGE - 1, 4, -HUGE)) == (1, -2, HUGE - 1, 4, -HUGE)


@given(st.lists(st.integers(-2 * HUGE, 2 * HUGE - 1), min_size=5, max_size=5))
def test_every_number_of_a_fingerprint_has_64_bits_with_a_sign(numbers: list[int]) -> None:
    assert all(-HUGE <= number < HUGE for number in Fingerprint.of(Stat(*numbers)))


def test_inodes_that_differ_stay_different() -> None:
    inodes = (0, 5, HUGE - 1, HUGE, HUGE + 5, 2 * HUGE - 1)
    assert len({Fingerprint.of(Stat(1, 1, 1, inode, 1)) for inode in inodes}) == len(inodes)
