"""Which new file is a vanished one that was renamed and edited."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject, Wanted, kind_of
from picora_sync.core.plan import Bind, Upload
from picora_sync.core.planner import plan
from picora_sync.core.sketch import similarity, sketch
from picora_sync.core.succession import MOST_PAIRS, SOME, carry, match, successors
from picora_sync.core.view import FileNow, Standing, Traces, View

TREES = "A note about trees, their leaves, and what birds do in them all day long."
TREES_EDITED = f"{TREES} See also: forests."
TREES_LATER = f"{TREES_EDITED} And meadows, where the grass is high in June."
BREAD = "Shopping list: milk, bread, some butter; then to the post office."
READ_AT_S = 1000.0
BEFORE, LATER = 500 * 10**9, 5000 * 10**9
"""Births: before and after the vanished files were last read."""


def ref(path: str) -> FileRef:
    folder, _, name = path.rpartition(":")
    return FileRef(folder or "notes", name)


def one(path: str, standing: Standing, bound: str | None, traces: Traces) -> FileNow:
    kind = kind_of(path)
    assert kind is not None
    wanted = Wanted(kind, f"content of {path} {standing.name}", 1, path, path)
    return FileNow(ref(path), standing, wanted, bound, fingerprint=traces.fingerprint, traces=traces)


def traces(text: str, inode: int, born: int | None, came_from: str = "") -> Traces:
    before = frozenset([ref(came_from)]) if came_from else frozenset[FileRef]()
    return Traces(Fingerprint(1, 1, 1, inode, 1), born, READ_AT_S, sketch(text), before)


def gone(path: str, text: str = TREES, inode: int = 7, born: int | None = BEFORE) -> FileNow:
    return one(path, Standing.MISSING, f"object of {path}", traces(text, inode, born))


def new(
    path: str,
    text: str = TREES_EDITED,
    inode: int = 7,
    born: int | None = BEFORE,
    came_from: str = "",
    bound: str | None = None,
) -> FileNow:
    return one(path, Standing.PRESENT, bound, traces(text, inode, born, came_from))


CASES: dict[str, tuple[list[FileNow], dict[str, str]]] = {
    "nothing": ([], {}),
    "the very file": ([gone("a.md"), new("b.md")], {"b.md": "a.md"}),
    "whatever is in it": ([gone("a.md"), new("b.md", BREAD)], {"b.md": "a.md"}),
    "audio, of which there is no text": ([gone("a.mp3", ""), new("b.mp3", "")], {"b.mp3": "a.mp3"}),
    "another kind": ([gone("a.md"), new("a.mp3")], {}),
    "a file made later on its inode": ([gone("a.md"), new("b.md", born=LATER)], {}),
    "a file made later on its inode, with its name": ([gone("a.md"), new("d/a.md", BREAD, born=LATER)], {}),
    "made before the other was read": ([gone("a.md", born=None), new("b.md", BREAD)], {"b.md": "a.md"}),
    "made after the other was read": ([gone("a.md", born=None), new("b.md", BREAD, born=LATER)], {}),
    "no births, other name, other text": ([gone("a.md", born=None), new("b.md", BREAD, born=None)], {}),
    "no births, other name, most of the text": ([gone("a.md", born=None), new("b.md", born=None)], {"b.md": "a.md"}),
    "no births, same name, some of the text": (
        [gone("a.md", born=None), new("d/a.md", f"{TREES[:45]} {BREAD[:45]}", born=None)],
        {"d/a.md": "a.md"},
    ),
    "no births, same name, other text": ([gone("a.md", born=None), new("d/a.md", BREAD, born=None)], {}),
    "no births, same name, no text known": (
        [gone("a.md", "", born=None), new("d/a.md", born=None)],
        {"d/a.md": "a.md"},
    ),
    "no births, no text, other name": ([gone("a.mp3", "", born=None), new("b.mp3", "", born=None)], {}),
    "no births, but a watcher saw it": (
        [gone("a.md", born=None), new("b.md", BREAD, born=None, came_from="a.md")],
        {"b.md": "a.md"},
    ),
    "a watcher saw it, but it is another file": ([gone("a.md"), new("b.md", BREAD, inode=8, came_from="a.md")], {}),
    "a watcher saw it, but it was made later": (
        [gone("a.md"), new("b.md", BREAD, born=LATER, came_from="a.md")],
        {},
    ),
    "saved by renaming over": ([gone("a.md"), new("d/a.md", inode=8, born=LATER)], {"d/a.md": "a.md"}),
    "saved by renaming over, other name": ([gone("a.md"), new("b.md", inode=8, born=LATER)], {}),
    "saved by renaming over, other text": ([gone("a.md"), new("d/a.md", BREAD, inode=8, born=LATER)], {}),
    "to another folder": ([gone("a.md"), new("site:a.md", inode=8)], {"site:a.md": "a.md"}),
    "no births, the name before the inode": (
        [gone("a.md", born=None), gone("b.md", inode=8, born=None), new("d/b.md", born=None)],
        {"d/b.md": "b.md"},
    ),
    "claimed once": ([gone("a.md"), new("b.md"), new("c/b.md")], {"b.md": "a.md"}),
    "the nearest of two links": ([gone("x/a.md"), gone("y/a.md"), new("y/b.md")], {"y/b.md": "y/a.md"}),
    "the inode before the name": (
        [gone("d/a.md", inode=8), gone("d/b.md"), new("e/a.md")],
        {"e/a.md": "d/b.md"},
    ),
    "two candidates with the same name": (
        [gone("a.md"), new("d/a.md", inode=8), new("e/a.md", inode=9)],
        {},
    ),
    "two that it may have been": (
        [gone("d/a.md"), gone("e/a.md"), new("f/a.md", inode=9)],
        {},
    ),
    "two, one clearly more alike": (
        [gone("a.md"), new("d/a.md", TREES_LATER, inode=8), new("e/a.md", TREES, inode=9)],
        {"e/a.md": "a.md"},
    ),
    "a directory with notes of one name": (
        [gone("d/x/i.md", inode=1), gone("d/y/i.md", inode=2), new("e/x/i.md", inode=8), new("e/y/i.md", inode=9)],
        {"e/x/i.md": "d/x/i.md", "e/y/i.md": "d/y/i.md"},
    ),
    "what is left when others are clear": (
        [
            *(gone("d/x/i.md", inode=1), gone("z/i.md", inode=2)),
            *(new("e/x/i.md", inode=8), new("o/i.md", TREES, inode=9)),
        ],
        {"e/x/i.md": "d/x/i.md", "o/i.md": "z/i.md"},
    ),
    "a file that is bound already": ([gone("a.md"), new("b.md", bound="its own")], {}),
    "a file that is kept": ([gone("a.md"), replace(new("b.md"), standing=Standing.KEPT)], {}),
    "a file that leaves": ([replace(gone("a.md"), standing=Standing.LEAVING), new("b.md")], {}),
    "what was never bound": ([replace(gone("a.md"), bound=None), new("b.md")], {}),
}


@pytest.mark.parametrize(("files", "pairs"), CASES.values(), ids=CASES.keys())
def test_match(files: list[FileNow], pairs: dict[str, str]) -> None:
    expected = {ref(now): ref(before) for now, before in pairs.items()}
    assert match(files, (), ()) == expected
    assert match(reversed(files), (), ()) == expected


def test_among_very_many_files_of_one_name_nobody_can_tell() -> None:
    number = int(MOST_PAIRS**0.5) + 1
    before = [gone(f"{n}/i.md", inode=n + 1) for n in range(number)]
    assert match([*before, *(new(f"x{n}/i.md", inode=-n) for n in range(number))], (), ()) == {}
    assert len(match([*before, *(new(f"x/{n}/i.md", inode=-n) for n in range(number))], (), ())) == number


def test_what_equal_content_explains_is_left_alone() -> None:
    files = [gone("a.md"), new("b.md"), new("c.md")]
    assert match(files, [ref("a.md")], ()) == {}
    assert match(files, [ref("b.md")], ()) == {ref("c.md"): ref("a.md")}


def test_a_copy_of_what_is_on_picora_is_no_other_file_saved_anew() -> None:
    files = [gone("a.md"), new("d/a.md", inode=8, born=LATER)]
    assert match(files, (), [ref("d/a.md")]) == {}
    assert match([gone("a.md"), new("b.md")], (), [ref("b.md")]) == {ref("b.md"): ref("a.md")}


def _view(*files: FileNow) -> View:
    bound = [file.bound for file in files if file.bound is not None]
    hashes = {file.bound: file.wanted.sha256 for file in files if file.wanted is not None}
    return View(files, {i: RemoteObject(i, Kind.DOC, "", "", sha256=hashes[i], public=False) for i in bound})


def test_an_equal_file_is_found_before_an_edited_one() -> None:
    old = gone("a.md")
    same = replace(new("b.md", inode=9), wanted=old.wanted)
    assert successors(_view(old, same, new("c.md"))) == {}


def test_what_moved_and_changed_is_planned_as_changed() -> None:
    view, binds = carry(_view(gone("a.md"), new("b.md")), {ref("b.md"): ref("a.md")})
    assert binds == [Bind(ref("b.md"), "object of a.md", "renamed from a.md, and changed", renamed_from=ref("a.md"))]
    (upload,) = plan(view)
    assert isinstance(upload, Upload)
    assert (upload.ref, upload.replaces) == (ref("b.md"), "object of a.md")


# --- laws -------------------------------------------------------------------------------------------------------------

PATHS = ("a.md", "b.md", "d/a.md", "d/b.md", "e/a.md", "e/d/a.md", "site:a.md", "a.mp3", "d/a.mp3")
TEXTS = ("", TREES, TREES_EDITED, TREES_LATER, BREAD)
ANY_TRACES = st.builds(
    traces,
    st.sampled_from(TEXTS),
    st.integers(1, 3),
    st.sampled_from((None, BEFORE, LATER)),
    st.sampled_from(("", *PATHS)),
)


@st.composite
def situations(draw: st.DrawFn) -> list[FileNow]:
    paths = draw(st.lists(st.sampled_from(PATHS), unique=True, max_size=len(PATHS)))
    files = []
    for path in paths:
        standing = draw(st.sampled_from((Standing.MISSING, Standing.PRESENT, Standing.KEPT)))
        bound = draw(st.sampled_from((None, f"object of {path}")))
        files.append(one(path, standing, bound, draw(ANY_TRACES)))
    return files


@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_files_changes_nothing_and_each_is_claimed_once(files: list[FileNow], dice: object) -> None:
    found = match(files, (), ())
    assert len(set(found.values())) == len(found)
    dice.shuffle(files)  # type: ignore[attr-defined]  # a random.Random
    assert match(files, (), ()) == found


@given(situations())
def test_unrelated_files_are_never_matched_by_their_inode_alone(files: list[FileNow]) -> None:
    by_ref = {file.ref: file for file in files}
    for now, before in match(files, (), ()).items():
        came, left = by_ref[now], by_ref[before]
        assert (came.standing, came.bound, left.standing) == (Standing.PRESENT, None, Standing.MISSING)
        assert left.bound is not None
        assert came.traces is not None
        assert left.traces is not None
        known = (came.traces.born_ns, left.traces.born_ns)
        proven = known[0] is not None and (known[0] == known[1] or (known[1] is None and known[0] == BEFORE))
        told = before in came.traces.came_from
        texts = bool(came.traces.sketch and left.traces.sketch)
        alike = similarity(came.traces.sketch, left.traces.sketch) >= SOME
        named = now.path.rpartition("/")[2] == before.path.rpartition("/")[2]
        assert proven or told or alike or (named and not texts)
