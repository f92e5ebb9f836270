"""What ``serve`` says to a person who starts it: lines that can be copied, the key once, warnings where they belong."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

WAIT_S = 60
LAST_LINE = "Ctrl-C ends it.\n"


@dataclass
class Said:
    """Both streams of a server that was started and ended, its curl line, and what that answered meanwhile."""

    out: str
    err: str
    code: int
    curl: str
    answer: str


def start(data: Path, *options: str) -> Said:
    command = [sys.executable, "-m", "picora_sync", "serve", "--port", "0", "--data", str(data), *options]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    out = ""
    while not out.endswith(LAST_LINE):
        line = process.stdout.readline()
        assert line, (out, process.communicate(timeout=WAIT_S))
        out += line
    curl = re.search(r"^  (curl .*)$", out, re.MULTILINE)
    assert curl
    answer = ask(curl[1]) if " http://127.0.0.1:" in curl[1] else ""
    process.terminate()
    rest, err = process.communicate(timeout=WAIT_S)
    return Said(out + rest, err, process.returncode, curl[1], answer)


def ask(curl: str) -> str:
    """What a curl line prints in a shell."""
    direct = curl.replace("curl ", "curl -sS --noproxy '*' ", 1)
    return subprocess.run(["/bin/sh", "-c", direct], capture_output=True, text=True, timeout=WAIT_S, check=False).stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A place whose name a shell and YAML have to be careful with."""
    return tmp_path / "Ada's data, #1"


def configuration(said: Said) -> Any:
    """What its lines for ``config.yaml`` mean."""
    lines = [line[2:] for line in said.out.splitlines() if line.startswith(("  account:", "  folders:"))]
    return yaml.safe_load("\n".join(lines))


def test_the_first_start_shows_the_key_and_lines_that_work_as_they_are(data: Path) -> None:
    first = start(data)
    key = (data / "key").read_text().strip()
    assert (first.code, first.err) == (0, "")
    assert first.out.count(key) == 1
    assert f"  data   {data}\n" in first.out
    assert "  plan   pro_plus, rate limits on\n" in first.out
    assert '"valid":true' in first.answer
    url = first.out.splitlines()[0].removeprefix("Picora runs at ")
    assert configuration(first)["account"] == {"url": url, "key_file": str(data / "key")}


def test_a_later_start_says_where_the_key_is_and_does_not_show_it(data: Path) -> None:
    start(data)
    later = start(data)
    assert (data / "key").read_text().strip() not in later.out
    assert f"  key    in {data / 'key'}\n" in later.out
    assert '"valid":true' in later.answer


def test_a_key_that_was_given_is_not_shown(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICORA_API_KEY", "sk_live_" + "g" * 32)
    given = start(data, "--key", "sk_live_" + "g" * 32)
    assert "g" * 32 not in given.out
    assert '"valid":true' in given.answer
    assert set(configuration(given)["account"]) == {"url"}


def test_behind_a_proxy_both_addresses_are_told(data: Path) -> None:
    said = start(data, "--public-url", "https://picora.example.org/")
    assert re.match(
        r"Picora runs at https://picora\.example\.org, behind a proxy to http://127\.0\.0\.1:\d+\n", said.out
    )
    assert said.curl.endswith(" https://picora.example.org/v1/auth/verify")


@pytest.mark.parametrize(
    ("options", "warnings"),
    [
        (["--host", "127.0.0.1"], 0),
        (["--host", "0.0.0.0", "--allow-remote"], 2),  # noqa: S104 - what is warned of
        (["--host", "0.0.0.0", "--allow-remote", "--public-url", "https://picora.example.org"], 1),  # noqa: S104 - same
    ],
    ids=["loopback", "all addresses", "all addresses and a public URL"],
)
def test_whoever_opens_it_to_the_network_is_warned(data: Path, options: list[str], warnings: int) -> None:
    said = start(data, *options)
    assert said.err.count("Warning: ") == said.err.count("\n") == warnings
