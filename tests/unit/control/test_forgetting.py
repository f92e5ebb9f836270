"""Forgetting a folder that was taken out of the configuration: exactly what was shown (design §5)."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from picora_sync.control.messages import Forget, Forgotten, Known, ShowKnown
from picora_sync.control.orders import Orders
from picora_sync.core.model import FileRef, FileState, Kind
from picora_sync.core.policy import Folder
from picora_sync.errors import CommandRefused, OutcomeUnknown, ScopeMissing
from tests.fakes.mirror import Mirror

KEPT = Folder("kept", "/kept", public=True)
OLD = Folder("old", "/old", public=True)


@dataclass
class Case:
    mirror: Mirror

    @property
    def orders(self) -> Orders:
        return Orders(self.mirror.reconciler)

    def show(self, folder: str = "old") -> Known:
        answer = self.orders.carry_out(ShowKnown(folder=folder))
        assert isinstance(answer, Known)
        return answer

    def forget(self, *, delete: bool) -> Forgotten:
        known = self.show()
        request = Forget(folder="old", files=known.files, objects=known.objects, delete=delete)
        answer = self.orders.carry_out(request)
        assert isinstance(answer, Forgotten)
        return answer

    def reconfigure(self, *policies: Folder) -> None:
        self.mirror.policies = {policy.name: policy for policy in policies}
        self.mirror.restart()
        self.mirror.quiet()


def mirror_of_both() -> Mirror:
    mirror = Mirror(KEPT, OLD)
    for policy in (KEPT, OLD):
        mirror.index.set_folder(policy.name, policy.root, None)
    return mirror


def without_old() -> Case:
    """Two folders with one text in common and one that others had before; then ``old`` leaves the configuration."""
    mirror = mirror_of_both()
    mirror.picora.plant(Kind.DOC, "theirs")
    for folder, texts in (("kept", ("same", "own")), ("old", ("same", "one", "two", "theirs"))):
        for text in texts:
            mirror.write(f"{text}.md", text, folder=folder)
    mirror.quiet()
    case = Case(mirror)
    case.reconfigure(KEPT)
    return case


def titles(case: Case) -> list[str]:
    return sorted(item.title for item in case.mirror.picora.objects.values())


def test_it_is_shown_what_is_its_own_and_what_would_stay_in_any_case() -> None:
    assert without_old().show() == Known(folder="old", files=4, objects=2, others=2)


def test_its_objects_stay_unless_they_are_to_be_deleted() -> None:
    case = without_old()
    before = case.mirror.picora.mutations()
    assert case.forget(delete=False) == Forgotten(folder="old", files=4, deleting=0)
    case.reconfigure(KEPT)
    assert case.mirror.picora.mutations() == before
    assert {ref.folder for ref in (e.ref for e in case.mirror.index.files.all())} == {"kept"}
    assert case.mirror.index.objects.orphans() == []


def test_with_delete_its_own_objects_go_and_no_others() -> None:
    case = without_old()
    assert case.forget(delete=True) == Forgotten(folder="old", files=4, deleting=2)
    case.mirror.quiet()
    assert titles(case) == ["own", "same", "theirs"]
    assert case.mirror.states()["same.md"] is FileState.SYNCED


def test_the_deletion_goes_on_in_the_next_process() -> None:
    case = without_old()
    case.mirror.picora.up = False
    case.forget(delete=True)
    case.mirror.run(5)
    case.mirror.picora.up = True
    case.mirror.restart()
    case.mirror.quiet()
    assert titles(case) == ["own", "same", "theirs"]


def test_a_key_that_may_not_delete_is_tried_again_later() -> None:
    case = without_old()
    case.mirror.picora.fail("delete", ScopeMissing("the key lacks the delete scope", status=403))
    case.forget(delete=True)
    case.mirror.run(60)
    assert len(titles(case)) == 5
    case.mirror.run(3700)
    assert titles(case) == ["own", "same", "theirs"]


def test_what_its_removed_files_left_behind_is_dropped_too() -> None:
    mirror = mirror_of_both()
    for number in range(8):
        mirror.write(f"{number}.md", f"text {number}", folder="old")
    mirror.quiet()
    mirror.picora.up = False
    mirror.disks["old"].remove("0.md")
    mirror.queue.touch(FileRef("old", "0.md"))
    mirror.run(600)
    case = Case(mirror)
    mirror.policies = {"kept": KEPT}
    mirror.restart()
    assert case.show() == Known(folder="old", files=7, objects=8, others=0)
    mirror.picora.up = True
    case.forget(delete=True)
    mirror.quiet()
    assert titles(case) == []


def test_other_numbers_than_were_shown_are_refused() -> None:
    case = without_old()
    for files, objects in ((3, 2), (4, 1)):
        with pytest.raises(CommandRefused) as raised:
            case.orders.carry_out(Forget(folder="old", files=files, objects=objects, delete=True))
        assert raised.value.code == "CHANGED"
    assert case.show().files == 4


@pytest.mark.parametrize(
    ("folder", "code", "said"),
    [
        pytest.param("kept", "CONFIGURED", "still in the configuration", id="configured"),
        pytest.param("never", "UNKNOWN_FOLDER", "nothing is known of never", id="unknown"),
    ],
)
def test_only_a_known_folder_that_is_not_configured_is_forgotten(folder: str, code: str, said: str) -> None:
    with pytest.raises(CommandRefused, match=said) as raised:
        without_old().show(folder)
    assert (raised.value.code, raised.value.exit_code) == (code, 2)
    assert raised.value.hint


def test_what_is_public_against_its_files_wish_is_not_left_behind() -> None:
    case = without_old()
    with case.mirror.index.transaction():
        case.mirror.index.files.wants_private(FileRef("old", "one.md"))
    with pytest.raises(CommandRefused) as raised:
        case.forget(delete=False)
    assert raised.value.code == "EXPOSED"
    assert case.forget(delete=True).deleting == 2


def test_with_an_upload_in_doubt_it_waits_before_it_deletes() -> None:
    mirror = mirror_of_both()
    mirror.write("a.md", "alpha", folder="old")
    mirror.quiet()
    mirror.picora.fail("post_doc", OutcomeUnknown("no answer"), times=50)
    mirror.write("b.md", "beta", folder="old")
    mirror.run(20)
    assert mirror.index.objects.intents()
    case = Case(mirror)
    mirror.policies = {"kept": KEPT}
    mirror.restart()
    with pytest.raises(CommandRefused) as raised:
        case.forget(delete=True)
    assert raised.value.code == "IN_DOUBT"
