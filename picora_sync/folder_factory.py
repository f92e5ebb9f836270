"""A configured folder → what the reconciler works with: its policy, disk and content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from picora_sync.content.folder import FolderContent
from picora_sync.content.vault import vault_root
from picora_sync.core.model import FileRef, PlanLimits
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Digest, StableFile
from picora_sync.disk.folder import FolderDisk
from picora_sync.disk.reading import StableReader
from picora_sync.reconciler.context import Pulse, Unit
from picora_sync.reconciler.dispatch.bandwidth import Meter


def make_unit(
    folder: Folder,
    state_dir: Path,
    meter: Meter,
    limits: Callable[[], PlanLimits],
    on_block: Callable[[], None] = lambda: None,
    pulse: Pulse | None = None,
) -> tuple[Unit, FolderDisk]:
    """``limits`` is asked each time, since they are known only when Picora was reached; ``on_block`` is called after
    each MiB of audio that is hashed, ``pulse`` beats at each file of a scan.
    """
    pulse = pulse or Pulse()
    reader = StableReader(folder.follow_symlinks, inside=lambda: (folder.root, vault_root(folder)), on_block=on_block)
    disk = FolderDisk(folder, state_paths=[str(state_dir)], on_entry=pulse.beat)
    content = FolderContent(
        folder,
        reader,
        limits=limits,
        mirrored=disk.mirrors,
        ignored=lambda path: disk.why_ignored(path) is not None,
    )

    def open_audio(path: str, digest: Digest) -> StableFile:
        return meter.watch(FileRef(folder.name, path), reader.open(f"{folder.root}/{path}", digest))

    return Unit(folder, disk, content, open_audio, pulse), disk
