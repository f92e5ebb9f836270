"""Who asks a file system that does not answer waits only so long, and is told so at once from then on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from picora_sync.core.model import Fingerprint
from picora_sync.core.ports import Absent, Present, Unknown
from picora_sync.core.silence import DISK_SILENT
from picora_sync.disk import patience
from picora_sync.disk.patience import Patience, PatientContent, PatientDisk
from tests.fakes.content import FakeContent
from tests.fakes.disk import FakeDisk
from tests.fakes.mirror import NOTES

WAIT_S = 10.0


class Folder:
    """A disk that hangs while ``answers`` is not set."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.changes: list[str] = []
        self.changed = threading.Event()
        self.is_over = False
        self.asking = Patience("/notes", lambda: self.is_over, self._heed)
        self._fake = FakeDisk(lambda: 0.0)
        self._fake.write("a.md", b"public: false")
        self.disk = PatientDisk(self, self.asking)  # type: ignore[arg-type]  # what it lacks is not asked for
        self.content = PatientContent(Hanging(FakeContent(NOTES, self._fake), self.answers), self.asking)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._fake, name)

        def when_it_answers(*arguments: object) -> object:
            self.answers.wait()
            return method(*arguments)

        return when_it_answers

    def _heed(self, why: str) -> None:
        self.changes.append(why)
        self.changed.set()


class Hanging(FakeContent):
    """Content of such a disk."""

    def __init__(self, content: FakeContent, answers: threading.Event) -> None:
        self._content = content
        self._answers = answers

    def wants_private(self, path: str) -> bool:
        self._answers.wait()
        return self._content.wants_private(path)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    monkeypatch.setattr(patience, "SILENT_S", 0.05)
    made = Folder()
    yield made
    made.answers.set()
    made.asking.close()


def test_what_answers_is_asked_as_ever(folder: Folder) -> None:
    assert isinstance(folder.disk.look("a.md"), Present)
    assert folder.disk.look("b.md") == Absent()
    assert folder.disk.check_root() is None
    assert folder.disk.is_written("a.md") is None
    assert folder.content.wants_private("a.md")
    assert folder.changes == []


def test_of_what_does_not_answer_nothing_is_known_and_nobody_waits_for_it_twice(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.answers.clear()
    first = folder.disk.look("a.md")
    assert isinstance(first, Unknown)
    assert (first.problem.code, first.of_root) == (DISK_SILENT, True)
    monkeypatch.setattr(patience, "SILENT_S", 3600.0)
    assert folder.disk.look("b.md") == first
    assert folder.disk.check_root() == first.problem
    assert folder.disk.is_written("a.md") is None
    assert not folder.content.wants_private("a.md")
    assert folder.changes == ["its file system does not answer"]


def test_once_it_answers_it_is_asked_again(folder: Folder) -> None:
    folder.answers.clear()
    folder.disk.look("a.md")
    folder.changed.clear()
    folder.answers.set()
    assert folder.changed.wait(WAIT_S)
    assert folder.changes[-1] == "its file system answers again"
    assert isinstance(folder.disk.look("a.md"), Present)


def test_what_a_question_raises_reaches_who_asked(folder: Folder) -> None:
    def fail() -> Fingerprint:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        folder.asking.ask(fail, lambda _: None)  # type: ignore[arg-type, return-value]
    assert folder.disk.check_root() is None


def test_while_the_program_ends_nobody_waits(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "SILENT_S", 3600.0)
    folder.is_over = True
    folder.answers.clear()
    assert isinstance(folder.disk.look("a.md"), Unknown)


def test_several_threads_may_ask_at_once(folder: Folder) -> None:
    heard: list[object] = []
    threads = [threading.Thread(target=lambda: heard.append(folder.disk.look("a.md"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(heard) == len(threads)
