from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
from collections.abc import Iterator

import pytest

from picora_sync.cli.logs import JsonLines
from picora_sync.cli.output import line, make_forgiving, write_json, write_json_list, write_rows, write_table
from picora_sync.cli.terminal import console, print_table


def test_json_is_one_line_of_utf8_whatever_the_locale(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_json({"path": "红\udcff\n", "list": ["\ud800"], "n": 1, "none": None})
    out = capfdbinary.readouterr().out
    assert json.loads(out.decode("utf-8")) == {"path": "红\\udcff\n", "list": ["\\ud800"], "n": 1, "none": None}
    assert out.count(b"\n") == 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_list_is_written_item_by_item_as_it_would_be_whole(
    number: int, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    items = [{"path": f"红{each}"} for each in range(number)]
    write_json_list(iter(items))
    streamed = capfdbinary.readouterr().out
    write_json(items)
    assert streamed == capfdbinary.readouterr().out


def test_a_long_table_is_written_in_parts_of_which_one_is_in_memory(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []

    def rows() -> Iterator[list[str]]:
        for each in range(2500):
            if each in (1000, 2499):
                seen.append(capsys.readouterr().out.count("\n"))
            yield [str(each), "x" * (1 + each // 1000 * 4), "end"]

    write_rows(["N", "WIDE", "LAST"], rows())
    assert seen == [1001, 1000]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.split() == ["2499", "x" * 9, "end"]


EVERYTHING = "".join(map(chr, (*range(0x3100), *range(0xFE00, 0x10000), *range(0xE0000, 0xE0080))))
STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\U000e0001]")


def test_json_reads_back_the_same_and_holds_nothing_that_steers_a_terminal(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    document = {EVERYTHING: [EVERYTHING, {"n": EVERYTHING}]}
    write_json(document)
    out = capfdbinary.readouterr().out.decode()
    assert json.loads(out) == document
    assert not STEERS.search(out.removesuffix("\n"))


def test_a_json_log_line_holds_nothing_that_steers_a_terminal() -> None:
    told = JsonLines().format(logging.LogRecord("x", logging.ERROR, "", 0, EVERYTHING, (), None))
    assert json.loads(told)["message"] == EVERYTHING
    assert not STEERS.search(told)


def test_tables_and_lines_hold_nothing_that_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(["A"], [[EVERYTHING]])
    line(EVERYTHING)
    lines = capsys.readouterr().out.split("\n")
    assert len(lines) == 4
    assert not any(map(STEERS.search, lines))


def test_lines_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    line("a\x1bb")
    assert capsys.readouterr().out == "a\\x1bb\n"


def test_a_table_in_a_pipe_has_one_whole_line_per_row(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(["A", "B"], [["红楼", "x" * 300], ["a\nb", "y"]])
    assert capsys.readouterr().out.splitlines() == ["A     B", f"红楼  {'x' * 300}", "a\\nb  y"]


def test_a_table_without_rows_is_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    write_table(["A", "B"], [])
    assert capsys.readouterr().out == "A  B\n"


def test_on_a_terminal_names_are_not_taken_for_markup_and_urls_are_not_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout", stream := io.StringIO())
    url = f"https://p.example/{'u' * 60}"
    print_table(["PATH", "URL"], [["[bold]:smile:", url]], ())
    assert f"[bold]:smile:  {url}" in stream.getvalue()


def test_on_a_terminal_long_sentences_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("sys.stdout", stream := io.StringIO())
    print_table(["OP", "WHY"], [["upload", "because " * 20]], (1,))
    assert max(map(len, stream.getvalue().splitlines())) <= 40
    assert stream.getvalue().count("because") == 20


def test_a_terminal_gets_the_table_of_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stdout", terminal)
        monkeypatch.setenv("TERM", "xterm")
        write_table(["STATE"], [["synced"]])
        terminal.flush()
        shown = os.read(ours, 4096)
    os.close(ours)
    assert b"\x1b[32msynced" in shown


def test_a_console_guesses_nothing() -> None:
    stream = io.StringIO()
    console(stream).print("[red]1[/] :smile:")
    assert stream.getvalue() == "[red]1[/] :smile:\n"


def test_what_the_locale_cannot_show_becomes_an_escape() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    make_forgiving([stream, io.StringIO()])
    stream.write("é")
    stream.flush()
    assert stream.buffer.getvalue() == b"\\xe9"  # type: ignore[attr-defined]  # the BytesIO from above
    assert sys.stdout is not stream
