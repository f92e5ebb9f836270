"""The guides, followed word for word in a bare home against a real Picora; what needs a service manager is left out."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from picora_sync.cli.program import run
from picora_sync.config.load import parse_config
from tests.e2e.harness import Server
from tests.guides import GUIDES, blocks, follow, lines

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PAGES = sorted(GUIDES.glob("*.md"))
NOT_HERE = "exit 0 # "
"""Installing with pipx takes the network, a service takes its manager."""


def without_managers(page: Path) -> dict[str, str]:
    return {line: NOT_HERE + line for line in lines(page) if line.startswith(("pipx ", "picora-sync service"))}


def home_of(directory: Path, server: Server) -> dict[str, str]:
    """A new user's home: a vault, a podcast, a key, and the program on the PATH."""
    shutil.copytree(EXAMPLES / "vault", directory / "Vault")
    shutil.copytree(EXAMPLES / "podcast", directory / "Podcast")
    (directory / "picora.key").write_text(server.key)
    tool = directory / ".local" / "bin" / "picora-sync"
    tool.parent.mkdir(parents=True)
    tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m picora_sync "$@"\n')
    tool.chmod(0o700)
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return {
        "HOME": str(directory),
        "PATH": f"{tool.parent}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        **coverage,
    }


def typed(page: str, directory: Path, server: Server) -> dict[str, tuple[int, str]]:
    guide = GUIDES / page
    environ = home_of(directory, server)
    words = {**without_managers(guide), "https://api.picora.me": server.url}
    return {line: (code, said) for line, code, said in follow(guide, words, environ, directory)}


def test_a_vault_and_a_podcast_are_on_picora_after_their_guides(server: Server, tmp_path: Path) -> None:
    """Both at once: most of it is waiting until files have settled."""
    with ThreadPoolExecutor(2) as readers:
        for name in ("v", "p"):
            (tmp_path / name).mkdir()
        vault = readers.submit(typed, "obsidian.md", tmp_path / "v", server)
        podcast = readers.submit(typed, "podcast.md", tmp_path / "p", server)
    for line, (code, said) in {**vault.result(), **podcast.result()}.items():
        # Nothing runs that `status` could find.
        allowed = {0, 3} if line.endswith("status") else {0}
        assert code in allowed, f"{line}\n{said}"
    assert "Welcome.md" in vault.result()["picora-sync ls --public"][1]
    assert "Salary" not in vault.result()["picora-sync ls --public"][1]
    assert len(server.docs()) > 10
    assert sum(item["type"] == "audio" for item in server.audio()) == 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_guide_is_one(page: Path) -> None:
    commands = [shlex.split(line.removeprefix("runuser -u picora -- ")) for line in lines(page)]
    ours = [words[1:] for words in commands if words[0] == "picora-sync"]
    assert len(ours) > 4
    assert [words for words in ours if run([*words, "--help"]) != 0] == []


@pytest.mark.parametrize("page", [*PAGES, GUIDES.parents[1] / "README.md"], ids=lambda page: page.stem)
def test_every_configuration_of_a_page_can_be_used(page: Path) -> None:
    for text in blocks(page, "yaml"):
        assert isinstance(yaml.safe_load(text), dict)
        parse_config(text, Path("/home/ada/config.yaml"), {"HOME": "/home/ada"})


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_units_of_the_guides(tmp_path: Path) -> None:
    for text in blocks(GUIDES / "team.md", "ini"):
        unit = tmp_path / "picora.service"
        unit.write_text(text.replace("/opt/picora-sync/bin/picora-sync", "/bin/true"))
        command = ["systemd-analyze", "verify", "--man=no", str(unit)]
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (said.returncode, said.stderr) == (0, "")
