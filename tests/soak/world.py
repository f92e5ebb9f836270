"""Two folders of notes and small audio, and somebody who never stops editing them. One seed gives one life story."""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

OPEN = "open"
"""The folder whose ``visibility`` is public."""
CLOSED = "closed"
"""The folder whose ``visibility`` is private."""
SECRET = "Secret"  # noqa: S105  # a word in titles
"""What is titled so never wants to be public."""

_NAMES = ("Tea", "Zürich", "a b", "Over [x] & y", "日記", "plan 100%", "d'été", "x")
FRAME = b"\xff\xfb\x90\x00"
"""The head of an MP3 frame of 417 bytes."""


def seeded(seed: object) -> random.Random:
    return random.Random(str(seed))  # noqa: S311  # repeats a run; no secret


class World:
    """The folders, and the single edits that can befall them. All methods are called by one thread at a time."""

    def __init__(self, where: Path, rng: random.Random, *, most: int = 100) -> None:
        self.roots = {name: where / name for name in (OPEN, CLOSED)}
        self.edits = 0
        self._rng = rng
        self._most = most
        self._number = 0
        self._old: list[bytes] = []
        for root in self.roots.values():
            (root / "sub" / "deep").mkdir(parents=True, exist_ok=True)

    def files(self) -> list[Path]:
        """What is to be mirrored, in a stable order."""
        found = (path for root in self.roots.values() for path in root.rglob("*"))
        return sorted(path for path in found if path.suffix in (".md", ".mp3") and path.is_file())

    def fill(self, number: int) -> None:
        """The first files."""
        for _ in range(number):
            self._write_new()

    def edit(self) -> None:
        """One random edit."""
        files = self.files()
        if len(files) < self._most // 3:
            self._write_new()
        else:
            calm = self._CALM if len(files) < self._most else self._SHRINKING
            self._rng.choice(calm)(self, files)
        self.edits += 1

    # --- single edits -----------------------------------------------------------------------------------------------

    def _create(self, _files: list[Path]) -> None:
        self._write_new()

    def _rewrite(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        path.write_bytes(self._content(path))

    def _append(self, files: list[Path]) -> None:
        path = self._rng.choice(_notes(files) or files)
        with path.open("ab") as file:
            file.write(b"one more line\n" if path.suffix == ".md" else FRAME + bytes(413))

    def _save_atomically(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        scratch = path.with_name(f".{path.name}.tmp")
        scratch.write_bytes(self._content(path))
        scratch.replace(path)

    def _save_like_vim(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        backup = path.with_name(f"{path.name}~")
        path.replace(backup)
        path.write_bytes(self._content(path))
        backup.unlink()

    def _rename(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        shutil.move(path, self._free(path.parent, path.suffix, secret=_is_secret(path)))

    def _change_case(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        target = path.with_name(path.stem.swapcase() + path.suffix)
        if not target.exists() and not _is_secret(path):
            path.rename(target)

    def _move(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        name = CLOSED if _is_secret(path) else self._rng.choice((OPEN, CLOSED))
        shutil.move(path, self._free(self._directory(name), path.suffix, secret=_is_secret(path)))

    def _move_directory(self, _files: list[Path]) -> None:
        deep = self.roots[self._rng.choice((OPEN, CLOSED))] / "sub"
        away = deep.with_name("sub 2")
        if not away.exists():
            deep.rename(away)
            return
        (deep / "deep").mkdir(parents=True, exist_ok=True)
        for path in sorted(away.rglob("*")):
            if path.is_file():
                shutil.move(path, self._free(deep / "deep", path.suffix, secret=_is_secret(path)))
        for path in sorted(away.rglob("*"), reverse=True):
            path.rmdir()
        away.rmdir()

    def _delete(self, files: list[Path]) -> None:
        self._rng.choice(files).unlink()

    def _swap(self, files: list[Path]) -> None:
        plain = [path for path in files if not _is_secret(path)]
        first, second = self._rng.choice(plain), self._rng.choice(plain)
        if first.suffix == second.suffix and first != second:
            between = first.with_name(f".{first.name}.tmp")
            shutil.move(first, between)
            shutil.move(second, first)
            shutil.move(between, second)

    def _flip(self, files: list[Path]) -> None:
        """A note goes public, or private."""
        path = self._rng.choice(_notes(files) or files)
        if path.suffix != ".md" or _is_secret(path):
            return
        text = path.read_bytes()
        if b"public: true" in text:
            path.write_bytes(text.replace(b"public: true", b"public: false"))
        elif b"public: false" in text:
            path.write_bytes(text.replace(b"public: false", b"public: true"))
        else:
            line = b"---\npublic: " + self._rng.choice((b"true", b"false")) + b"\n"
            path.write_bytes(line + (text[4:] if text.startswith(b"---\n") else b"---\n" + text))

    def _copy(self, files: list[Path]) -> None:
        path = self._rng.choice(files)
        if not _is_secret(path):
            target = self._free(self._directory(self._rng.choice((OPEN, CLOSED))), path.suffix, secret=False)
            target.write_bytes(path.read_bytes())

    def _restore(self, files: list[Path]) -> None:
        """An older version of some note comes back."""
        notes = [path for path in _notes(files) if not _is_secret(path)]
        if self._old and notes:
            self._rng.choice(notes).write_bytes(self._rng.choice(self._old))

    def _touch(self, files: list[Path]) -> None:
        os.utime(self._rng.choice(files))

    _CALM: tuple[Callable[[World, list[Path]], None], ...] = (
        *(_create, _create, _rewrite, _rewrite, _append, _save_atomically, _save_atomically, _save_like_vim),
        *(_rename, _rename, _change_case, _move, _move, _move_directory, _delete, _delete),
        *(_swap, _swap, _flip, _flip, _flip, _copy, _restore, _touch),
    )
    _SHRINKING = (_delete, _delete, _rename, _rewrite, _swap, _flip, _move)

    # --- what is written --------------------------------------------------------------------------------------------

    def _write_new(self) -> None:
        secret = self._rng.random() < 0.15
        suffix = ".mp3" if self._rng.random() < 0.2 else ".md"
        folder = CLOSED if secret else self._rng.choice((OPEN, CLOSED))
        path = self._free(self._directory(folder), suffix, secret=secret)
        path.write_bytes(self._content(path))

    def _directory(self, folder: str) -> Path:
        places = [path for path in sorted(self.roots[folder].rglob("*")) if path.is_dir() and path.name[0] != "."]
        return self._rng.choice([self.roots[folder], *places])

    def _free(self, directory: Path, suffix: str, *, secret: bool) -> Path:
        self._number += 1
        first = SECRET if secret else self._rng.choice(_NAMES)
        return directory / f"{first} {self._number}{suffix}"

    def _content(self, path: Path) -> bytes:
        self._number += 1
        if path.suffix == ".mp3":
            frames = self._rng.randrange(8, 400)
            return b"".join(FRAME + self._rng.randbytes(413).replace(b"\xff", b"\x00") for _ in range(frames))
        if _is_secret(path):
            return f"---\npublic: false\n---\n# {SECRET} {self._number}\n\n{self._body()}\n".encode()
        head = self._rng.choice(("", "", f"# Heading {self._number}\n\n"))
        fields = list(self._fields())
        front = "---\n" + "".join(f"{line}\n" for line in fields) + "---\n" if fields else ""
        content = f"{front}{head}{self._body()}\n".encode()
        self._old = [*self._old[-20:], content]
        return content

    def _fields(self) -> Iterator[str]:
        if self._rng.random() < 0.5:
            yield self._rng.choice(("public: true", "public: false"))
        if self._rng.random() < 0.2:
            yield f"title: Titled {self._number}"
        if self._rng.random() < 0.3:
            yield "tags: [soak, t" + str(self._number % 7) + "]"

    def _body(self) -> str:
        return f"text {self._number} " + "word " * self._rng.randrange(400)


def _notes(files: Iterable[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".md"]


def _is_secret(path: Path) -> bool:
    return path.name.startswith(SECRET)


class Mutator:
    """Edits a world in a thread of its own, except while paused."""

    def __init__(self, world: World, rng: random.Random, *, longest_pause_s: float = 0.15) -> None:
        self.error: BaseException | None = None
        self._world = world
        self._rng = rng
        self._longest_pause_s = longest_pause_s
        self._stop = threading.Event()
        self._editing = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)
        if self.error is not None:
            raise self.error

    def pause(self) -> threading.Lock:
        """``with mutator.pause(): …``: no edit happens inside the block."""
        return self._editing

    def _run(self) -> None:
        while not self._stop.wait(self._rng.uniform(0.01, self._longest_pause_s)):
            try:
                with self._editing:
                    self._world.edit()
            except BaseException as error:  # noqa: BLE001  # raised again where the mutator is left
                self.error = error
                return
