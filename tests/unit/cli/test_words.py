from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.cli.words import count, duration, safe, safe_lines, size, utf8, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain name.md", "plain name.md", id="plain"),
        pytest.param("红楼梦 é 🎙.md", "红楼梦 é 🎙.md", id="other-scripts"),
        pytest.param("👨\u200d👩\u200d👧.md", "👨\u200d👩\u200d👧.md", id="joined-emoji"),
        pytest.param("a\u3000b", "a\u3000b", id="wide-space"),
        pytest.param("a\nb", "a\\nb", id="newline"),
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape-sequence"),
        pytest.param("a\u202etxt.exe", "a\\u202etxt.exe", id="right-to-left-override"),
        pytest.param("bad\udcffname", "bad\\xffname", id="byte-that-is-no-utf8"),
        pytest.param("lone\ud800", "lone\\ud800", id="lone-surrogate"),
        pytest.param("[bold]:smile:", "[bold]:smile:", id="markup-is-text"),
    ],
)
def test_a_name_is_shown_so_that_it_cannot_steer_a_terminal(text: str, shown: str) -> None:
    assert safe(text) == shown


@given(st.text(st.characters(codec=None)))
def test_whatever_is_shown_can_be_written_as_utf8_on_one_line(text: str) -> None:
    shown = safe(text)
    shown.encode()
    assert "\x1b" not in shown
    assert len(shown.splitlines()) <= 1


@given(st.text(st.characters(codec=None)))
def test_whatever_goes_into_json_is_valid_utf8(text: str) -> None:
    json.dumps(utf8(text), ensure_ascii=False).encode()


def test_text_on_several_lines_keeps_its_lines() -> None:
    assert safe_lines("one\n\x07two") == "one\n\\x07two"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KB"),
        (5 * 1024**2, "5.0 MB"),
        (3 * 1024**4, "3.0 TB"),
        (2 * 1024**5, "2048.0 TB"),
    ],
)
def test_sizes(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_times(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_one_file_is_not_two_files() -> None:
    assert (count(1, "file"), count(2, "file")) == ("1 file", "2 files")


@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("红楼", 4), ("e\u0301", 1)], ids=["ascii", "wide", "combining"]
)
def test_wide_characters_take_two_columns(text: str, columns: int) -> None:
    assert width(text) == columns
