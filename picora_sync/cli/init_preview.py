"""What a configuration would mirror, shown before it is written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from picora_sync.cli.output import line
from picora_sync.cli.visibility import headline
from picora_sync.cli.words import count, duration, size
from picora_sync.config.model import Config
from picora_sync.content.frontmatter import LIMIT_CHARS, parse_frontmatter
from picora_sync.content.publishers import foreign_keys
from picora_sync.core.model import Kind, kind_of
from picora_sync.core.policy import Folder
from picora_sync.report import Planned, PlanReport

MOST_SHOWN = 10
_DRAWING = ".excalidraw.md"


@dataclass(frozen=True, slots=True)
class FolderPreview:
    """What a folder comes to: how many files of each kind, how many bytes, and what is left at home or does not count.

    ``foreign`` are the notes that say something to another publisher, by key.
    """

    folder: Folder
    notes: int
    audio: int
    number_bytes: int
    drawings: int
    foreign: Counter[str]


def preview(config: Config, report: PlanReport) -> list[FolderPreview]:
    """Read what the plan is about once more: sizes, and keys that do not count."""
    return [_of(folder, [each for each in report.actions if each.folder == folder.name]) for folder in config.folders]


def _of(folder: Folder, planned: Sequence[Planned]) -> FolderPreview:
    sent = {each.path for each in planned if each.op in ("upload", "replace", "rebind")}
    kinds = Counter(map(kind_of, sent))
    return FolderPreview(
        folder=folder,
        notes=kinds[Kind.DOC],
        audio=kinds[Kind.AUDIO],
        number_bytes=sum(_size(f"{folder.root}/{path}") for path in sent),
        drawings=_drawings(folder.root),
        foreign=Counter(key for path in sent if kind_of(path) is Kind.DOC for key in _foreign(f"{folder.root}/{path}")),
    )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116  # names that are no UTF-8 must survive
    except OSError:
        return 0


def _foreign(path: str) -> Iterable[str]:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:  # noqa: PTH123
            return foreign_keys(parse_frontmatter(stream.read(LIMIT_CHARS)))
    except OSError:
        return ()


def _drawings(root: str) -> int:
    return sum(name.lower().endswith(_DRAWING) for _, _, names in os.walk(root) for name in names)


def print_preview(report: PlanReport, folders: Sequence[FolderPreview], templates: Sequence[Sequence[str]]) -> None:
    """What would be sent, what of it everybody can read, what stays at home, and what it takes."""
    line()
    line("This would be mirrored:")
    for each, left_out in zip(folders, templates, strict=True):
        _print_folder(each, left_out)
    line()
    line(headline(report.actions))
    opened = [each for each in report.actions if each.public_after]
    for planned in opened[:MOST_SHOWN]:
        line(f"  {planned.folder}/{planned.path}")
    if len(opened) > MOST_SHOWN:
        line(f"  and {len(opened) - MOST_SHOWN} more: `picora-sync plan` lists them all before the first `sync`")
    for name, problem in report.away:
        line(f"Note: {problem.message}: nothing is known of {name}.")
    for ref, problem in report.unclear[:MOST_SHOWN]:
        line(f"Private, since it is unclear: {ref.folder}/{ref.path}: {problem.message}")
    for ref, problem in report.blocked[:MOST_SHOWN]:
        line(f"Not sent as it is: {ref.folder}/{ref.path}: {problem.message}")
    more = max(0, len(report.unclear) - MOST_SHOWN) + max(0, len(report.blocked) - MOST_SHOWN)
    if more:
        line(f"and {more} more: `picora-sync plan` lists them all")
    takes = f", about {duration(report.eta_s)} within Picora's rate limits" if report.eta_s >= 1 else ""
    line(f"This takes {count(sum(report.requests.values()), 'request')}{takes}.")


def _print_folder(each: FolderPreview, templates: Sequence[str]) -> None:
    files = " and ".join(
        count(number, noun) for number, noun in ((each.notes, "note"), (each.audio, "audio file")) if number
    )
    line(f"  {each.folder.root}: {files or 'nothing'}" + (f", {size(each.number_bytes)}" if files else ""))
    for path in templates:
        line(f"    left out: {path}/, where Obsidian keeps templates")
    if each.drawings:
        line(f"    left out: {count(each.drawings, 'Excalidraw drawing')}")
    for key, number in sorted(each.foreign.items()):
        line(f"    {count(number, 'note')} with `{key}:`, which does not count here: only `public: true` does")


def templates_below(folder: Path, vault: Path, directories: Sequence[str]) -> tuple[str, ...]:
    """The vault's directories of templates, as paths below a folder of it; others are not mirrored anyway."""
    below = []
    for each in directories:
        try:
            path = (vault / each).relative_to(folder)
        except ValueError:
            continue
        if path.parts:
            below.append(path.as_posix())
    return tuple(below)
