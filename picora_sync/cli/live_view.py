"""The picture that renews itself on a terminal (rich)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from picora_sync.cli.live_model import Picture, progress, waiting
from picora_sync.cli.styles import STATE_STYLES
from picora_sync.cli.terminal import console
from picora_sync.cli.visibility import word_for
from picora_sync.cli.words import count, place, safe, size
from picora_sync.core.model import FileRef, FileState
from picora_sync.index.listing import Entry
from picora_sync.report import Transfer

_COLUMNS = tuple(state for state in FileState if state is not FileState.IGNORED)
_MOST_LINES = 8
_MOST_KEPT = 100
"""So many of the latest files are remembered, in case that some of them go."""
_MOST_TRANSFERS = 4
_LEAST_PATH_COLUMNS = 24
_VISIBILITY_COLUMNS = 10
_BAR_WIDTH = 30
_FRAME_LINES = 12
"""Lines that headings, bars and margins take, at the most."""


class LiveView:
    """Per folder how many files are in which state, transfers, the latest URLs, problems."""

    def __init__(self, stream: IO[str], title: str, *, passing: bool) -> None:
        self._console = console(stream)
        self._title = title
        self._latest = Latest()
        self._live = RichLive(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            transient=passing,
            vertical_overflow="crop",
        )
        self._live.start()

    def show(self, picture: Picture) -> None:
        """Draw it."""
        self._latest.learn(picture)
        self._live.update(render(picture, self._title, self._latest, _room(self._console, picture)), refresh=True)

    def close(self) -> None:
        """Let the last picture stand."""
        self._live.stop()


class Latest:
    """The files that were synced last, or became public or private, the newest first."""

    def __init__(self) -> None:
        self._seen: dict[FileRef, Entry] = {}

    def learn(self, picture: Picture) -> None:
        """Note which files are at a URL they were not at before, or are seen by others than before."""
        for ref in picture.gone:
            self._seen.pop(ref, None)
        for entry in picture.changed:
            before = self._seen.pop(entry.ref, None)
            if url := _url(entry):
                is_new = before is None or (_url(before), word_for(before)) != (url, word_for(entry))
                self._seen[entry.ref] = entry if is_new or before is None else before
        for ref in list(islice(self._seen, max(0, len(self._seen) - _MOST_KEPT))):
            del self._seen[ref]

    def __iter__(self) -> Iterator[Entry]:
        return reversed(self._seen.values())


@dataclass(frozen=True, slots=True)
class ListArea:
    """What the terminal has for the lists."""

    columns: int
    lines: int


def render(picture: Picture, title: str, latest: Latest, room: ListArea) -> RenderableType:
    """The whole picture."""
    parts: list[RenderableType] = [_heading(picture, title), _folders(picture), Text()]
    if picture.done < picture.total:
        parts += [_bar(picture), *_transfers(picture)]
    elif told := waiting(picture):
        parts += [Text(told, style="cyan"), Text()]
    for_urls = room.lines - min(len(picture.problems), room.lines // 2)
    urls = list(islice(latest, max(1, for_urls)))
    if urls and _stacked(urls, room):
        urls = urls[: max(1, for_urls // 2)]
    if urls:
        parts += [Text("Latest", style="bold"), _urls(urls, stacked=_stacked(urls, room)), Text()]
    if picture.problems:
        parts += [Text("Problems", style="bold red"), *_problems(picture, max(1, room.lines - len(urls)))]
    return Group(*parts)


def _room(screen: Console, picture: Picture) -> ListArea:
    taken = _FRAME_LINES + len(picture.states) + min(_MOST_TRANSFERS, len(picture.live.transfers))
    return ListArea(screen.width, max(2, min(2 * _MOST_LINES, screen.height - taken)))


def _heading(picture: Picture, title: str) -> Text:
    live = picture.live
    line = Text.assemble((safe(title), "bold"), "  ", (live.account, STATE_STYLES.get(live.account, "green")))
    if live.trouble:
        line.append(f"  {safe(live.trouble)}", style="yellow")
    return line


def _folders(picture: Picture) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("folder")
    shown = [state for state in _COLUMNS if state is FileState.SYNCED or _any(picture, state)]
    for state in shown:
        table.add_column(state.value, justify="right")
    table.add_column("watch")
    watches = {folder.name: folder for folder in picture.live.folders}
    for name, counts in picture.states.items():
        watch = watches.get(name)
        word = watch.watch if watch else ""
        cells = [
            Text(str(counts[state]), style=STATE_STYLES[state.value] if counts[state] else "dim") for state in shown
        ]
        note = Text(word, style=STATE_STYLES.get(word, "dim"))
        if watch and watch.why:
            note.append(f" {safe(watch.why)}")
        table.add_row(Text(safe(name)), *cells, note)
    return table


def _any(picture: Picture, state: FileState) -> int:
    return sum(counts[state] for counts in picture.states.values())


def _bar(picture: Picture) -> Table:
    grid = Table.grid(padding=(0, 1))
    # A file counts by its bytes and, so that many small notes move the bar too, by itself.
    done = picture.done_bytes + picture.done * 4096
    total = picture.total_bytes + picture.total * 4096
    grid.add_row(ProgressBar(total=max(1, total), completed=done, width=_BAR_WIDTH), Text(progress(picture)))
    return grid


def _transfers(picture: Picture) -> list[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    for transfer in _largest(picture):
        bar = ProgressBar(total=max(1, transfer.size_bytes), completed=transfer.sent_bytes, width=_BAR_WIDTH)
        amount = f"{size(transfer.sent_bytes)} of {size(transfer.size_bytes)}"
        grid.add_row(bar, Text(amount, style="dim"), Text(safe(f"{transfer.ref.folder}/{transfer.ref.path}")))
    more = len(picture.live.transfers) - _MOST_TRANSFERS
    return [grid, Text(f"and {count(more, 'smaller one')}" if more > 0 else "", style="dim"), Text()]


def _largest(picture: Picture) -> Sequence[Transfer]:
    by_size = sorted(picture.live.transfers, key=lambda transfer: -transfer.size_bytes)
    return by_size[:_MOST_TRANSFERS]


def _stacked(latest: Sequence[Entry], room: ListArea) -> bool:
    """Whether too little would be left of the paths beside the URLs."""
    return room.columns - _VISIBILITY_COLUMNS - max(len(_url(each)) for each in latest) < _LEAST_PATH_COLUMNS


def _urls(latest: Sequence[Entry], *, stacked: bool) -> Table:
    """URLs stay whole, to be copied or clicked; the path gives way, or stands above."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column()  # the only one that may shrink
    if not stacked:
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
    for entry in latest:
        path = Text(f"  {safe(entry.ref.path)}", no_wrap=True, overflow="ellipsis")
        seen = Text(word_for(entry), style=STATE_STYLES.get(word_for(entry), "dim"))
        link = Text(safe(_url(entry)), style="blue", no_wrap=True, overflow="ignore")
        if stacked:
            grid.add_row(Text.assemble("  ", seen, path, no_wrap=True, overflow="ellipsis"))
            grid.add_row(Text("  ") + link)
        else:
            grid.add_row(path, seen, link)
    return grid


def _problems(picture: Picture, lines: int) -> list[RenderableType]:
    shown = picture.problems[:lines]
    parts: list[RenderableType] = []
    for each in shown:
        where = f"  {safe(place(each.ref))}: " if each.ref.folder else "  "
        text = Text(where, style="red" if each.serious else "yellow", no_wrap=True)
        parts.append(text.append(safe(each.problem.message), style="default"))
    if len(picture.problems) > lines:
        parts.append(Text(f"  and {count(len(picture.problems) - lines, 'more problem')}", style="dim"))
    return parts


def _url(entry: Entry) -> str:
    return entry.object.url if entry.object is not None and entry.state is FileState.SYNCED else ""
