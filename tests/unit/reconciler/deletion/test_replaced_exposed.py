"""What was replaced while it was public does not stay public when its file wants to be private (design §4)."""

from __future__ import annotations

from picora_sync.core.policy import Folder
from tests.fakes.mirror import Mirror


def test_it_goes_within_seconds_though_it_was_to_be_kept_and_other_files_still_settle() -> None:
    mirror = Mirror(Folder("notes", "/notes", keep_replaced_s=600.0))
    mirror.write("a.md", "public: true\none")
    mirror.quiet()
    mirror.write("a.md", "public: true\ntwo")
    mirror.run(20)
    assert [item.public for item in mirror.picora.objects.values()] == [True, True]
    mirror.write("a.md", "public: false\nthree")
    mirror.write("b.md", "still written to")
    mirror.run(4)
    assert [item.public for item in mirror.picora.objects.values()] == [False]
