"""What each command may import: an import that nobody needs is paid for with every call (design §14, budget 9)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

READING = {"click", "msgspec", "platformdirs", "yaml"}
ASKING = READING | {"certifi", "h11", "httpcore", "httpx", "tenacity", "anyio", "idna"}
SENDING = ASKING | {"frontmatter", "pyromark"}
MAY_IMPORT = {
    "": set(),  # --version and --help
    "completion": {"click"},
    "status": READING,
    "files": READING,
    "problems": READING,
    "config": ASKING,
    "control": ASKING,
    "approve": ASKING,
    "service": READING,
    "init": SENDING,
    "doctor": SENDING,
    "sync": SENDING,
    "run": SENDING,
}
"""Module of a command → libraries. What a library brings along, and what is part of Python, stands in the others."""
BROUGHT_ALONG = {"_cffi_backend", "attr", "cython_runtime", "typing_extensions", "sniffio", "colorama"}
NEVER = {"asyncio", "importlib.metadata", "multiprocessing", "unittest", "rich", "pygments", "filelock", "pathspec"}
"""Slow, and wanted by nobody before there is a terminal, a lock or a pattern that needs them."""

_CODE = """
import os, sys
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        if name:
            import picora_sync.cli.program
            __import__(f"picora_sync.cli.commands.{name}")
        else:
            from picora_sync.cli import front
            assert front.answer(["--help"]) and front.answer(["--version"])
        print(name, *(module for module, loaded in sys.modules.items() if loaded), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.fixture(scope="module")
def imported() -> dict[str, list[str]]:
    command = [sys.executable, "-P", "-c", _CODE, *MAY_IMPORT]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=True)
    return {line.split(" ")[0]: line.split(" ")[1:] for line in ran.stdout.splitlines()}


@pytest.mark.skipif(not hasattr(sys.modules["os"], "fork"), reason="each command is imported in a process of its own")
@pytest.mark.parametrize("command", MAY_IMPORT, ids=lambda name: name or "version and help")
def test_a_command_imports_what_it_needs_and_nothing_else(command: str, imported: dict[str, list[str]]) -> None:
    modules = set(imported[command])
    tops = {name.partition(".")[0] for name in modules}
    libraries = {name for name in tops if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert libraries - {"picora_sync"} - BROUGHT_ALONG <= MAY_IMPORT[command]
    assert not modules & NEVER


def test_version_and_help_need_hardly_anything_of_python_either(imported: dict[str, list[str]]) -> None:
    assert not {"re", "typing", "dataclasses", "pathlib", "json", "inspect", "click"} & set(imported[""])
