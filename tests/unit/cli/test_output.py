from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest

from picora_sync.cli.logs import JsonLines
from picora_sync.cli.output import line, make_forgiving, write_json, write_json_list, write_rows, write_table
from picora_sync.cli.terminal import console
from picora_sync.cli.words import width


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


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


URL = "https://p.example/v1/docs/vjkOWyGFG3Z1Mzc3qg0F3/raw"
LONG_URL = f"https://p.example/{'u' * 80}"
ROWS = [
    ["synced", "notes/a.md", "[bold]:smile:", URL],
    ["blocked", "notes/a very long directory/and a very long name of a note.md", "A title that is long, too", URL],
    ["queued", "notes/b.md", "", ""],
    ["synced", "notes/" + "w" * 90, "红楼" * 30, LONG_URL],
]


@pytest.mark.parametrize("columns", range(40, 140, 4))
def test_a_url_is_never_broken_and_nothing_is_cut_however_narrow_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    write_table(["STATE", "PATH", "TITLE", "URL"], ROWS, folded=[1, 2], alone=[3])
    shown = terminal.getvalue().splitlines()
    assert sum(URL in each for each in shown) == 2
    assert sum(LONG_URL in each for each in shown) == 1
    assert all(width(each) <= columns for each in shown if LONG_URL not in each and URL not in each)
    assert all(width(each) <= columns for each in shown if URL in each and columns > len(URL))
    letters = "".join(sorted("".join(terminal.getvalue().split())))
    assert letters == "".join(
        sorted("".join("".join("".join(row) for row in [HEADINGS[columns > 400], *ROWS]).split()))
    )


HEADINGS = (["STATE", "PATH", "TITLE"], ["STATE", "PATH", "TITLE", "URL"])


def test_what_fits_and_what_is_wanted_wide_is_one_line_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    write_table(["A", "URL"], [["a", URL]], alone=[1], wide=True)
    monkeypatch.setenv("COLUMNS", "300")
    write_table(["A", "URL"], [["a", URL]], alone=[1])
    assert terminal.getvalue().splitlines() == ["A  URL", f"a  {URL}"] * 2


def test_a_second_url_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "70")
    write_table(["PATH", "URL", "INSTEAD OF"], [["a.md", URL, URL]], alone=[1, 2])
    assert terminal.getvalue().splitlines() == ["PATH", "a.md", f"  {URL}", f"  instead of {URL}"]


def test_on_a_terminal_long_sentences_are_folded_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "40")
    write_table(["OP", "WHY"], [["upload", "because " * 20]], folded=(1,))
    assert max(map(len, terminal.getvalue().splitlines())) <= 40
    assert terminal.getvalue().count("because") == 20


@pytest.mark.parametrize(
    ("variable", "value", "coloured"), [("TERM", "xterm", True), ("NO_COLOR", "1", False), ("TERM", "dumb", False)]
)
def test_a_terminal_gets_colours_if_it_shows_them_and_they_are_wanted(
    variable: str, value: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv(variable, value)
    write_table(["STATE"], [["synced"], ["private → PUBLIC"], ["ignored"], ["[red]other[/]"]])
    assert ("\x1b[32msynced" in terminal.getvalue()) is coloured
    assert ("\x1b" in terminal.getvalue()) is coloured
    assert "[red]other[/]" in terminal.getvalue()


def test_a_console_guesses_nothing() -> None:
    stream = io.StringIO()
    console(stream).print("[red]1[/] :smile:")
    assert stream.getvalue() == "[red]1[/] :smile:\n"


def test_what_the_locale_cannot_show_becomes_an_escape() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    make_forgiving([stream, io.StringIO()])
    stream.write("é → “x”…")
    stream.flush()
    assert stream.buffer.getvalue() == b'\\xe9 -> "x"...'  # type: ignore[attr-defined]  # the BytesIO from above
    assert sys.stdout is not stream


@pytest.mark.parametrize("columns", [20, 40, 80])
def test_a_sentence_is_folded_between_words_and_keeps_its_indent(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    line(f"  Hint: look at {LONG_URL}, and then at the rest of it")
    line("short")
    shown = terminal.getvalue().splitlines()
    assert " ".join(terminal.getvalue().split()) == f"Hint: look at {LONG_URL}, and then at the rest of it short"
    assert all(width(each) <= columns for each in shown if LONG_URL not in each)
    assert all(each.startswith("  ") for each in shown[:-1])
