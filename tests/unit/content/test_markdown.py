"""The parser names what may be edited by its offsets, and never takes the program down."""

from __future__ import annotations

import time

import pytest

from picora_sync.content.markdown import Span, Unparsable, count_data_uris, edited, merged, panics_as_unparsable, parse


class PanicException(BaseException):
    """What pyo3 raises for a panic, by its name."""

    __module__ = "pyo3_runtime"


def test_a_panic_of_the_parser_is_an_ordinary_failure() -> None:
    with pytest.raises(Unparsable, match="index out of bounds"), panics_as_unparsable():
        raise PanicException("index out of bounds")


def test_an_interrupt_is_no_panic() -> None:
    with pytest.raises(KeyboardInterrupt), panics_as_unparsable():
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    "text",
    [
        *("[[" * 50_000, "![[a|" * 50_000, "![](" * 50_000, "`" * 50_001),
        *("<img " * 50_000, "$a" * 50_000, "%%" * 50_000, "> " * 2_000),
    ],
    ids=["wikilinks", "embeds", "images", "ticks", "tags", "math", "comments", "quotes"],
)
def test_a_text_made_to_exhaust_the_parser_is_parsed_soon(text: str) -> None:
    before = time.process_time()
    parse(text)
    assert time.process_time() - before < 5.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("![](data:image/png;base64,AA==) ![](DATA:image/gif;base64,AA==)", 2),
        ("![a][r] ![r] [r]\n\n[r]: data:image/png;base64,AA==", 2),
        ("<img src='data:image/png;base64,AA=='> <IMG SRC=data:image/png;base64,AAAA>", 2),
        ("`![](data:image/png;base64,AA==)` [x](data:image/png;base64,AA==)", 0),
        ("![](https://x/y.png)", 0),
    ],
    ids=["inline", "references", "HTML", "code and link", "remote"],
)
def test_data_uris_are_counted_as_the_server_counts_them(text: str, count: int) -> None:
    assert count_data_uris(text) == count


def test_of_two_edits_that_overlap_the_outer_one_wins() -> None:
    assert edited(b"abcdef", [(1, 3, "x"), (0, 4, "y"), (5, 6, "z")]) == "yez"


def test_stretches_are_merged_in_order() -> None:
    assert merged([Span(5, 7), Span(0, 3), Span(1, 2), Span(3, 4), Span(6, 9)]) == [Span(0, 3), Span(3, 4), Span(5, 9)]
