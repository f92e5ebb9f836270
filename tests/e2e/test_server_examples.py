"""Every curl line of docs/server.md, run with curl against a real server, in the order of the page."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.contract import samples
from tests.e2e.harness import Server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "server.md"
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_EXAMPLE = re.compile(r"(?P<command>.*\bcurl .*\S)  # (?P<status>[0-9]{3})")
KINDS = {"/v1/docs": "DOC", "/v1/audio": "AUDIO", "/v1/images": "IMAGE"}


def lines() -> list[str]:
    return [line for block in _BLOCK.findall(PAGE.read_text("utf-8")) for line in block.splitlines()]


EXAMPLES = [match for line in lines() if (match := _EXAMPLE.fullmatch(line))]


@dataclass
class Reader:
    """Somebody who types the page's lines into a shell, and keeps the ids that were answered."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def type(self, command: str) -> tuple[int, bytes]:
        ended = subprocess.run(
            ["/bin/sh", "-c", command.replace("curl ", "curl -sS -w '\\n%{http_code}' --noproxy '*' ", 1)],
            cwd=self.home,
            env={**os.environ, **self.env},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        body, _, status = ended.stdout.rpartition(b"\n")
        if status == b"201":
            path = re.search(r'"\$URL(/v1/[a-z]+)"', command)
            made = json.loads(body)["data"]
            assert path
            self.env[KINDS[path[1]]] = made["id"]
            self.env["MEDIA_URL"] = made.get("url", "")
        return int(status), body


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    home = tmp_path_factory.mktemp("home")
    server = Server(home / "picora").start()
    (home / "rain.mp3").write_bytes(samples.AUDIO["mp3"].data)
    (home / "cover.png").write_bytes(samples.png(b"cover"))
    (home / "long.md").write_text("# Long\n\n" + "word " * 60_000)
    yield Reader(home, {"URL": server.url, "KEY": server.key})
    server.stop()


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{n}-{match['status']}" for n, match in enumerate(EXAMPLES)])
def test_an_example_of_the_page_answers_as_it_says(reader: Reader, example: re.Match[str]) -> None:
    """§5: the status behind the line; errors come in the envelope."""
    status, body = reader.type(example["command"])
    assert status == int(example["status"]), body[:500]
    if status >= 400:
        assert json.loads(body)["code"]


def test_the_downloads_of_the_examples_are_what_was_uploaded(reader: Reader) -> None:
    """§10: run after the examples; the copies they made are the files, and the range is its part."""
    rain = (reader.home / "rain.mp3").read_bytes()
    assert (reader.home / "copy.mp3").read_bytes() == rain
    assert (reader.home / "start.mp3").read_bytes() == rain[:1024]
    assert (reader.home / "copy.png").read_bytes() == (reader.home / "cover.png").read_bytes()


def test_every_curl_line_of_the_page_is_an_example() -> None:
    """The page can hold no line that nobody runs."""
    assert [line for line in lines() if "curl" in line and not _EXAMPLE.fullmatch(line)] == []
    assert len(EXAMPLES) >= 30
