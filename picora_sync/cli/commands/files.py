"""``ls``, ``url`` and ``history``: which file is where."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice

import click
from click.shell_completion import CompletionItem

from picora_sync.cli.documents import file_document, history_document
from picora_sync.cli.failures import OK, CommandFailed
from picora_sync.cli.options import json_option, wide_option
from picora_sync.cli.output import line, note, write_json, write_json_list, write_rows, write_table
from picora_sync.cli.paths import absolute, choose, roots_of
from picora_sync.cli.settings import MirrorState, look_at
from picora_sync.cli.shells import PATH
from picora_sync.cli.visibility import PRIVATE, UNKNOWN, word, word_for
from picora_sync.core.history import HistoryEntry, Turn, chronicle
from picora_sync.core.model import FileRef, FileState, kind_of
from picora_sync.errors import PicoraSyncError
from picora_sync.index.listing import Entry, Subtree, entries, old_versions, readable

_MOST_NAMES = 1000
"""So many names are offered to a shell at most."""


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001  # click's signature
    """FOLDER/PATH of what is known, a directory at a time, and what is on disk."""
    if incomplete[:1] in ("/", ".", "~"):
        return [CompletionItem(incomplete, type="file")]
    folder, slash, prefix = incomplete.partition("/")
    try:
        with look_at(ctx) as look:
            roots = [folder.root for folder in look.config.folders]
            known = look.index.files
            if slash:
                names = {f"{folder}/{name}" for name in islice(known.names(folder, prefix), _MOST_NAMES)}
            else:
                begun = (name for name in look.folders if name.startswith(incomplete))
                names = {f"{name}/" for name in begun if next(known.names(name, ""), None) is not None}
    except PicoraSyncError:
        return []
    names |= set(_on_disk(incomplete, roots))
    return [CompletionItem(name, type=PATH) for name in sorted(names) if name.isprintable()]


def _on_disk(incomplete: str, roots: Collection[str]) -> Iterator[str]:
    """What begins like this in the working directory, and is in a mirrored folder or leads to one."""
    above = incomplete.rpartition("/")[0]
    try:
        with os.scandir(above or ".") as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return
    for entry in found:
        name = f"{above}/{entry.name}" if above else entry.name
        path = absolute(name, os.getcwd())  # noqa: PTH109  # as text, like every path here
        inside = any(f"{path}/".startswith(f"{root}/") for root in roots)
        if not name.startswith(incomplete):
            continue
        if entry.is_dir() and (inside or any(root.startswith(f"{path}/") for root in roots)):
            yield f"{name}/"
        elif inside and kind_of(name) is not None:
            yield name


@click.command("ls", epilog="Example: picora-sync ls notes/2026")
@click.argument("path", required=False, shell_complete=_complete)
@click.option("--public", "public_only", is_flag=True, help="Only what everybody can read, or may be able to.")
@wide_option
@json_option
@click.pass_context
def ls_command(ctx: click.Context, path: str | None, *, public_only: bool, wide: bool, as_json: bool) -> int:
    """List files, with their state and URL.

    A file that is gone is listed as long as Picora still has it, and so is an old version that it refused to delete.
    PATH is a file or directory on disk, or FOLDER/PATH; without it, all files are listed. With --public also old
    versions that are kept for a while.
    """
    with look_at(ctx) as look:
        place = None if path is None else _place(look, path)
        list_them = _public if public_only else _all
        known = next(_all(look, place), None) is not None
        if as_json:
            write_json_list(map(file_document, list_them(look, place)))
        elif next(list_them(look, place), None) is not None:
            headings, rows = ["STATE", "PATH", "TITLE", "VISIBILITY", "URL"], map(_row, list_them(look, place))
            write_rows(headings, rows, folded=[1, 2], alone=[4], wide=wide)
        else:
            line("Nothing is public." if known else "No file is known yet: run `picora-sync sync`.")
    return OK


@click.command("url", epilog="Example: curl -O $(picora-sync url ~/Podcast/episode-1.mp3)")
@click.argument("path", shell_complete=_complete)
@json_option
@click.pass_context
def url_command(ctx: click.Context, path: str, *, as_json: bool) -> int:
    """Print the URL of a file.

    PATH is a file on disk, or FOLDER/PATH.
    """
    with look_at(ctx) as look:
        found = entries(look.index, _place(look, path), look.moving)
        entry, more = next(found, None), sum(1 for _ in found)
        if entry is None or more:
            number = more + (entry is not None)
            raise CommandFailed(f"{path} stands for {number} files", hint="name one of those that `ls` shows")
        rule = _rule(look, entry)
    if as_json:
        write_json(file_document(entry))
    elif entry.object is not None:
        line(entry.object.url)
    _note_privacy(entry)
    if entry.object is None:
        why = entry.problem.message if entry.problem else rule or f"its state is {entry.state.value}"
        raise CommandFailed(f"{path} has no URL: {why}", hint=entry.problem.hint if entry.problem else "")
    return OK


def _rule(look: MirrorState, entry: Entry) -> str:
    if entry.state is not FileState.IGNORED or entry.object is not None:
        return ""
    from picora_sync.cli.unknown import why_ignored  # noqa: PLC0415  # as in _place

    rule = why_ignored(look, entry.ref)
    return f"it is ignored: {rule}" if rule else "it is not selected: only published notes of this folder are mirrored"


def _note_privacy(entry: Entry) -> None:
    """Say on standard error who cannot open the URL."""
    if entry.object is None or entry.object.public:
        return
    why = f" ({entry.unclear.message})" if entry.unclear is not None else ""
    told = UNKNOWN if entry.object.public is None else PRIVATE
    note(f"{told}{why}")


@click.command("history", epilog="Example: picora-sync history notes/welcome.md")
@click.argument("path", required=False, shell_complete=_complete)
@click.option(
    "--public", "public_only", is_flag=True, help="Only URLs that everybody can open today, or may be able to."
)
@wide_option
@json_option
@click.pass_context
def history_command(ctx: click.Context, path: str | None, *, public_only: bool, wide: bool, as_json: bool) -> int:
    """Show which URLs files had, and when, oldest first.

    An edited note gets a new id, and so a new URL: what it replaced is named beside it. NOW says who can open a URL
    today.
    PATH is a file or directory on disk, or FOLDER/PATH; files that are gone are remembered, too.
    """
    with look_at(ctx) as look:
        told = _history(look, path)
        now = {item.id: item.public for item in look.index.objects.all()}
    turns = list(chronicle(told))
    if public_only:
        turns = [turn for turn in turns if now.get(turn.entry.object_id, False) is not False]
    if as_json:
        write_json(history_document(turns, now))
    elif turns:
        rows = [_turn(turn, now) for turn in turns]
        write_table(["TIME", "EVENT", "PATH", "NOW", "URL", "INSTEAD OF"], rows, folded=[2], alone=[4, 5], wide=wide)
    else:
        line("Nothing of it is public." if told else "Nothing was sent yet.")
    return OK


def _turn(turn: Turn, now: Mapping[str, bool | None]) -> list[str]:
    entry = turn.entry
    path = f"{entry.ref.folder}/{entry.ref.path}"
    seen = word(now[entry.object_id]) if entry.object_id in now else "-"
    return [_time(entry.at), turn.why, path, seen, entry.url, turn.before.url if turn.before else ""]


def _all(look: MirrorState, place: Subtree | None) -> Iterator[Entry]:
    yield from entries(look.index, place, look.moving)
    yield from old_versions(look.index, place, look.moving)


def _public(look: MirrorState, place: Subtree | None) -> Iterator[Entry]:
    return readable(look.index, place, look.moving)


def _place(look: MirrorState, path: str) -> Subtree:
    return _chosen(look, path, lambda place: next(_all(look, place), None) is not None, look.index.files.refs)


def _history(look: MirrorState, path: str | None) -> list[HistoryEntry]:
    known = look.index.objects
    if path is None:
        return known.history()
    refs = lambda: {event.ref for event in known.history()}  # noqa: E731  (one expression)
    place = _chosen(look, path, lambda place: known.has_history(place.folder, place.path), refs)
    return known.history(place.folder, place.path)


def _chosen(
    look: MirrorState, path: str, knows: Callable[[Subtree], bool], refs: Callable[[], Iterable[FileRef]]
) -> Subtree:
    cwd = os.getcwd()  # noqa: PTH109  # as text, like every path here
    place = choose(path, roots_of(look.config.folders), knows, cwd)
    if place is None:
        from picora_sync.cli.unknown import unknown  # noqa: PLC0415  # rules for files: only where something is unknown

        raise unknown(look, path, refs(), cwd)
    return place


def _row(entry: Entry) -> list[str]:
    item = entry.object
    path = f"{entry.ref.folder}/{entry.ref.path}"
    if item is None:
        return [entry.state.value, path, "", "", ""]
    return [entry.state.value, path, item.title or "", word_for(entry), item.url]


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
