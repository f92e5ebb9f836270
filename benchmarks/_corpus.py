"""Folders of notes as people have them, and an index that says that Picora holds them all.

Nested about fifty to a directory, with log-normal sizes of 0.2 to 20 KB; the same number makes the same notes.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject, Wanted
from picora_sync.core.policy import Folder
from picora_sync.core.ports import Derived
from picora_sync.index import Index

A_DIRECTORY = 50
_MEDIAN_BYTES, _SPREAD = 1200.0, 1.1
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "wizards", "brew")


def names(number: int) -> Iterator[str]:
    """``a03/b07/note-000123.md``, in order."""
    for each in range(number):
        directory = each // A_DIRECTORY
        yield f"a{directory // 50:02}/b{directory % 50:02}/note-{each:06}.md"


def note(each: int) -> str:
    """The text of one note."""
    source = random.Random(each)  # noqa: S311  # no secret
    size = min(20_000, max(200, int(math.exp(math.log(_MEDIAN_BYTES) + _SPREAD * source.gauss(0, 1)))))
    lines = [f"# Note {each}", ""]
    left = size
    while left > 0:
        lines.append(" ".join(source.choice(_WORDS) for _ in range(12)))
        left -= len(lines[-1])
    return "\n".join(lines) + "\n"


def make(root: Path, number: int, *, since_s: float = 100.0) -> None:
    """Write the notes; they were last changed so long ago."""
    then = time.time() - since_s
    made = set()
    for each, name in enumerate(names(number)):
        path = root / name
        if path.parent not in made:
            made.add(path.parent)
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(note(each), encoding="utf-8")
        os.utime(path, (then, then))


def know(index: Index, folder: Folder, number: int) -> None:
    """Write into the index what a first mirror of these notes leaves there, as far as a look at them can tell."""
    root, now = Path(folder.root), time.time() + 3600.0  # hashed well after they were made
    with index.transaction():
        index.set_meta(f"settings:{folder.name}", folder.shaping)
        for each, name in enumerate(names(number)):
            stat = (root / name).stat()
            stamp = Fingerprint(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
            sha256 = hashlib.sha256(name.encode()).hexdigest()
            ref, title = FileRef(folder.name, name), f"Note {each}"
            wanted = Wanted(Kind.DOC, sha256, stat.st_size, Path(name).name, title)
            index.files.present(ref, Derived(wanted, sha256, stamp, None), now, stat.st_ctime_ns)
            object_id = f"{each:032x}"
            url = f"http://127.0.0.1:1/raw/{object_id}"
            item = RemoteObject(object_id, Kind.DOC, url, title, public=False, size_bytes=stat.st_size, sha256=sha256)
            index.objects.store(item)
            index.objects.bind(ref, item, now)
        index.folder_scanned(folder.name, now)
