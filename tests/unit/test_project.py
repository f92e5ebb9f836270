"""The project's own files keep what they promise: samples and set-up."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import mutagen
import pytest

from picora_sync.cli.manual import manual

ROOT = Path(__file__).parents[2]
VAULT = ROOT / "examples" / "vault"
PODCAST = ROOT / "examples" / "podcast"
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
EPISODES = sorted(file for file in PODCAST.rglob("*.*") if file.is_file())
SIGNATURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".svg": b"<svg "}


def test_the_podcast_has_one_short_episode_in_each_format() -> None:
    assert sorted(file.suffix for file in EPISODES) == [".flac", ".m4a", ".mp3", ".ogg", ".wav"]
    assert max(file.stat().st_size for file in EPISODES) <= 60_000


@pytest.mark.parametrize("file", EPISODES, ids=lambda file: file.suffix)
def test_each_episode_has_a_length_and_a_title(file: Path) -> None:
    sound = mutagen.File(file, easy=file.suffix != ".wav")
    title = sound["TIT2"].text[0] if file.suffix == ".wav" else sound["title"][0]
    assert title
    assert sound.info.length == pytest.approx(2.0, abs=0.2)


def test_the_formats_that_may_carry_a_cover_do() -> None:
    assert mutagen.File(next(PODCAST.rglob("*.mp3"))).tags.getall("APIC")[0].data.startswith(SIGNATURES[".jpg"])
    assert mutagen.File(next(PODCAST.rglob("*.flac"))).pictures[0].data.startswith(SIGNATURES[".png"])


def test_each_picture_of_the_vault_is_what_its_name_says() -> None:
    for file in (VAULT / "attachments").iterdir():
        assert file.read_bytes().startswith(SIGNATURES[file.suffix]), file


def test_the_vault_holds_what_obsidian_users_write() -> None:
    notes = {file.relative_to(VAULT).as_posix(): file.read_bytes() for file in VAULT.rglob("*.md")}
    text = b"".join(notes.values()).decode()
    for wanted in (
        "![[chart.png\\|120]]",
        "[!tip]",
        "%% ",
        "```",
        "publish: true",
        'public: "yes"',
        "\ufeff",
        "红楼梦",
    ):
        assert wanted in text, wanted
    digests = [hashlib.sha256(data).hexdigest() for data in notes.values()]
    assert len(digests) - len(set(digests)) == 1, "exactly two notes have the same text"
    assert (VAULT / ".obsidian").is_dir()
    assert "drafts/" in (VAULT / ".picoraignore").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_hashes_and_names_no_place(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r"://|^--|@ |/(opt|home|root|tmp|work)/", text, flags=re.MULTILINE)
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_the_pins_hold_every_declared_dependency(file: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = ["server", "dev"] if file.name == "dev.txt" else ["server"]
    declared = [
        *project["dependencies"],
        *(each for extra in extras for each in project["optional-dependencies"][extra]),
    ]
    names = {re.split(r"[<>=\[ ]", each)[0].lower() for each in declared}
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", file.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert names - pinned == set(), "run: make requirements"


def test_ci_runs_lint_and_the_readmes_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-2] == "make lint"
    command = "python3 scripts/dev.py test"
    assert lines[-1].endswith(command)
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_an_unknown_word_gets_the_list_of_what_can_be_run() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "dev.py"), "tset"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    assert "dev.py test" in result.stderr


def test_the_wheel_holds_what_messages_point_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        assert wheel.read("picora_sync/config.example.yaml") == (ROOT / "config.example.yaml").read_bytes()
        page = next(name for name in names if name.endswith(".data/data/share/man/man1/picora-sync.1"))
        assert wheel.read(page).decode() == manual()
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "picora_sync").rglob("*.py")}
    assert modules - names == set()


def make(*words: str) -> str:
    # Without what an outer make says to an inner one.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *words]
    result = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=True)
    return result.stdout


def test_make_alone_lists_the_targets() -> None:
    assert {"help", "demo", "test", "check", "fix", "bench"} <= set(re.findall(r"make ([a-z]+) ", make()))


def test_check_ends_with_the_tests_so_that_their_closing_line_is_last() -> None:
    assert make("-n", "check").splitlines()[-1].endswith("scripts/dev.py test")


def test_every_decision_stands_in_the_list() -> None:
    directory = ROOT / "docs" / "decisions"
    index = directory / "0001-record-decisions.md"
    pages = sorted(page for page in directory.glob("*.md") if page != index)
    titles = [page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages]
    expected = [f"- {title[:4]} [{title[6:]}]({page.name})" for title, page in zip(titles, pages, strict=True)]
    assert [line for line in index.read_text(encoding="utf-8").splitlines() if line.startswith("- 0")] == expected


def test_every_decision_has_one_form() -> None:
    pages = [page for page in (ROOT / "docs" / "decisions").glob("*.md") if not page.name.startswith("0001")]
    form = r"# \d{4}\. \S[^\n]*\n.*^\*\*Context\.\*\* .*^\*\*Decision\.\*\* .*^\*\*Consequence\.\*\* "
    odd = [page.name for page in pages if not re.match(form, page.read_text("utf-8"), re.DOTALL | re.MULTILINE)]
    assert odd == []


def test_the_page_of_promises_names_files_that_exist() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|.*", page, flags=re.MULTILINE)
    assert [int(number) for number in rows] == [*range(1, 11)] * 2, "two tables, and each promise in both"
    named = re.findall(r"`((?:picora_sync|tests)/[^`]*)`", page)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_no_wing_of_the_reconciler_holds_more_than_eight_modules() -> None:
    wings = [each for each in (ROOT / "picora_sync" / "reconciler").iterdir() if (each / "__init__.py").exists()]
    sizes = {wing.name: len([*wing.glob("*.py")]) - 1 for wing in wings}
    assert len(sizes) == 7
    assert {name: size for name, size in sizes.items() if size > 8} == {}


def test_one_word_means_one_thing() -> None:
    """No two classes or types of the client share a name; the embedded Picora is a tower of its own."""
    where: dict[str, list[str]] = {}
    for file in (ROOT / "picora_sync").rglob("*.py"):
        module = file.relative_to(ROOT / "picora_sync").as_posix()
        named = re.findall(
            r"^(?:class )?([A-Z]\w*[a-z]\w*)(?=[:(]| = (?!TypeVar))", file.read_text("utf-8"), flags=re.MULTILINE
        )
        for name in set(named) if not module.startswith("server/") else ():
            where.setdefault(name, []).append(module)
    assert {name: modules for name, modules in where.items() if len(modules) > 1} == {}
