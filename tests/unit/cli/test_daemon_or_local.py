"""Who carries a command out: the daemon, or, where none runs, the command itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from picora_sync.cli import daemon_or_local
from picora_sync.config.model import AccountConfig, Config
from picora_sync.control.messages import Resume
from picora_sync.errors import AnotherInstance


class Client:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, _request: object, _kind: object) -> str:
        return "asked"


@pytest.mark.parametrize(("later", "outcome"), [(Client(), ("asked", True)), (None, None)])
def test_a_daemon_that_begins_between_the_look_and_the_lock_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, later: Client | None, outcome: object
) -> None:
    found: list[Any] = [None, later]
    monkeypatch.setattr(daemon_or_local, "find_daemon", lambda _config: found.pop(0))

    def locked(*_: object) -> None:
        raise AnotherInstance("another picora-sync works here", hint="stop it first")

    monkeypatch.setattr(daemon_or_local, "_carried_out", locked)
    config = Config(AccountConfig(), (), tmp_path)
    if outcome is None:
        with pytest.raises(AnotherInstance):
            daemon_or_local.ask(config, Resume(folder=None), str)  # type: ignore[type-var]
    else:
        assert daemon_or_local.ask(config, Resume(folder=None), str) == outcome  # type: ignore[type-var]
    assert found == []
