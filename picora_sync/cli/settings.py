"""From the global options to what commands work on: configuration, key, index, lock."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from picora_sync.cli.program import Invocation
from picora_sync.config.load import load_config
from picora_sync.config.locations import default_config_file
from picora_sync.config.model import Config
from picora_sync.errors import ConfigError
from picora_sync.index import Index
from picora_sync.index.listing import Moving
from picora_sync.index.lock import is_held
from picora_sync.report import INDEX_NAME, LIVE_NAME, Live


def config_file(ctx: click.Context) -> Path:
    """The file that ``--config`` names, else the platform's default."""
    return ctx.ensure_object(Invocation).config_file or default_config_file()


def configuration(ctx: click.Context) -> Config:
    """The configuration in force; raises ConfigError."""
    config = load_config(config_file(ctx), os.environ)
    _refuse_what_is_no_directory(config.state_dir)
    return config


def _refuse_what_is_no_directory(state_dir: Path) -> None:
    """One that is not there yet is made later. Raises ConfigError."""
    try:
        why = "" if stat.S_ISDIR(state_dir.stat().st_mode) else "it is no directory"
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
    if why:
        raise ConfigError(
            f"the state directory {state_dir} cannot be used: {why}",
            hint="choose another state_dir, in a directory of your own",
        )


@dataclass(frozen=True, slots=True)
class MirrorState:
    """What can be seen of a mirror from outside. ``live`` is the last snapshot, current only if ``running``."""

    config: Config
    index: Index
    running: bool
    live: Live | None

    @property
    def folders(self) -> frozenset[str]:
        """The names of the configured folders."""
        return frozenset(folder.name for folder in self.config.folders)

    @property
    def moving(self) -> Moving:
        """What the running process knows of files."""
        live = self.live if self.running else None
        if live is None:
            return Moving()
        return Moving(frozenset(live.settling), frozenset(transfer.ref for transfer in live.transfers))


@contextmanager
def look_at(ctx: click.Context) -> Iterator[MirrorState]:
    """Read the index, beside a running daemon or without one; an index that is not there yet is empty.

    Raises IndexDamaged, also from the block it opens.
    """
    config = configuration(ctx)
    index = Index.open_for_reading(config.state_dir / INDEX_NAME) or Index.in_memory()
    try:
        running = is_held(config.state_dir)
        with index.reading():
            yield MirrorState(config, index, running, Live.read(config.state_dir / LIVE_NAME))
    finally:
        index.close()
