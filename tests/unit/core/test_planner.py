"""The decision, as a table: from a view to the actions, written as short words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from picora_sync.core.model import FileRef, Fingerprint, Kind, RemoteObject, Wanted
from picora_sync.core.plan import Action, Bind, Delete, Patch, Reason, Unbind, Upload
from picora_sync.core.planner import collect, plan
from picora_sync.core.view import ContentKey, FileNow, Standing, Unbound, View

P, K, M, L = Standing.PRESENT, Standing.KEPT, Standing.MISSING, Standing.LEAVING


def ref(path: str) -> FileRef:
    folder, _, name = path.rpartition(":")
    return FileRef(folder or "notes", name)


def kind(path: str) -> Kind:
    return Kind.AUDIO if path.endswith(".mp3") else Kind.DOC


def file(
    path: str,
    content: str | None = "A",
    bound: str | None = None,
    standing: Standing = P,
    at: float | None = None,
    inode: int = 0,
    **wish: object,
) -> FileNow:
    """A file that wants ``content``; its title is the content unless told."""
    wanted = None
    if content is not None:
        plain = Wanted(kind(path), content, 10, path, content)
        wanted = replace(plain, **wish)  # type: ignore[arg-type]  # fields of Wanted
    bound_at = at if at is not None else (1.0 if bound else float("inf"))
    print_ = Fingerprint(10, 1, 1, inode, 1) if inode else None
    return FileNow(ref(path), standing, wanted, bound, bound_at, print_)


def obj(name: str, content: str | None = "A", **known: object) -> RemoteObject:
    """An object called ``name``; audio if its name begins with ``s``."""
    item = RemoteObject(name, Kind.AUDIO if name[0] == "s" else Kind.DOC, f"u/{name}", content or "", public=False)
    return replace(item, sha256=content, **known)  # type: ignore[arg-type]  # fields of RemoteObject


def view(files: Iterable[FileNow], objects: Iterable[RemoteObject] = (), busy: Iterable[ContentKey] = ()) -> View:
    return View(tuple(files), {item.id: item for item in objects}, frozenset(busy))


def words(action: Action) -> str:
    match action:
        case Upload():
            also = "".join(f"+{other.path}" for other in action.also)
            before = f" replaces {action.replaces}" if action.replaces else ""
            first = f" after deleting {action.delete_first}" if action.delete_first else ""
            return f"upload {action.ref.path}{also}{before}{first}{' public' if action.metadata.public else ''}"
        case Patch(object_id, _, change):
            parts = [f"title={change.title}"] if change.title is not None else []
            parts += [f"tags={','.join(change.tags)}"] if change.tags is not None else []
            parts += ["public" if change.public else "private"] if change.public is not None else []
            return f"patch {object_id} {' '.join(parts)}"
        case Bind(who, object_id, _, origin):
            return f"bind {who.path} to {object_id}" + (f" from {origin.path}" if origin else "")
        case Unbind(who, object_id, reason):
            return f"unbind {who.path} from {object_id}: {reason.value}"
        case Delete(object_id):
            return f"delete {object_id}"


@dataclass
class Case:
    files: list[FileNow]
    objects: list[RemoteObject] = field(default_factory=list)
    want: list[str] = field(default_factory=list)
    busy: list[ContentKey] = field(default_factory=list)


X, Y = obj("x"), obj("y", "B")
PUB = obj("x", public=True)
S = obj("s")
IMAGE = {"embeds": True, "rewrite_images": True, "public": True}
INLINE = {"embeds": True}
OLD = FileNow(ref("a.md"), K, None, "x", 1.0)

CASES = {
    "nothing": Case([]),
    # new
    "new note": Case([file("a.md")], [], ["upload a.md"]),
    "new public note": Case([file("a.md", public=True)], [], ["upload a.md public"]),
    "new audio": Case([file("a.mp3")], [], ["upload a.mp3"]),
    "two new notes": Case([file("a.md"), file("b.md", "B")], [], ["upload a.md", "upload b.md"]),
    "two new notes of one text": Case([file("b.md"), file("a.md")], [], ["upload a.md+b.md"]),
    "two new audio files of one content": Case([file("b.mp3"), file("a.mp3")], [], ["upload a.mp3+b.mp3"]),
    "one new text in two folders": Case([file("a.md"), file("site:a.md")], [], ["upload a.md+a.md"]),
    "note and audio of one hash": Case([file("a.md"), file("b.mp3")], [], ["upload a.md", "upload b.mp3"]),
    "new text shared with a private file": Case(
        [file("a.md", public=True), file("b.md", public=False)], [], ["upload a.md+b.md"]
    ),
    "new text shared by public files": Case(
        [file("a.md", public=True), file("b.md", public=True)], [], ["upload a.md+b.md public"]
    ),
    # unchanged
    "in sync": Case([file("a.md", bound="x")], [X]),
    "in sync, shared": Case([file("a.md", bound="x"), file("b.md", bound="x")], [X]),
    "in sync, public": Case([file("a.md", bound="x", public=True)], [PUB]),
    "in sync, audio": Case([file("a.mp3", bound="s")], [S]),
    "tags of audio mean nothing": Case([file("a.mp3", bound="s", tags=("t",))], [S]),
    # changed
    "changed": Case([file("a.md", "B", "x")], [X], ["upload a.md replaces x"]),
    "changed audio": Case([file("a.mp3", "B", "s")], [S], ["upload a.mp3 replaces s"]),
    "one of two sharers changed": Case(
        [file("a.md", "B", "x"), file("b.md", "A", "x")], [X], ["upload a.md replaces x"]
    ),
    "both sharers changed alike": Case(
        [file("a.md", "B", "x"), file("b.md", "B", "x")], [X], ["upload a.md+b.md replaces x"]
    ),
    "changed into what another holds": Case(
        [file("a.md", "B", "x"), file("b.md", "B", "y")], [X, Y], ["bind a.md to y"]
    ),
    "reverted while the old object lives": Case([file("a.md", "A", "y")], [X, Y], ["bind a.md to x"]),
    "an object of unknown content": Case([file("a.md", "A", "x")], [obj("x", None)], ["upload a.md replaces x"]),
    # orphans
    "made again while its object lives": Case([file("a.md")], [X], ["bind a.md to x"]),
    "made again under another title": Case([file("a.md", title="T")], [X], ["bind a.md to x", "patch x title=T"]),
    "made again, wants to be public": Case([file("a.md", public=True)], [X], ["bind a.md to x", "patch x public"]),
    "made again, wants to be private": Case([file("a.md")], [PUB], ["patch x private", "bind a.md to x"]),
    # copies
    "copied": Case([file("a.md", bound="x"), file("b.md")], [X], ["bind b.md to x"]),
    "private copy of a public note": Case(
        [file("a.md", bound="x", public=True), file("b.md")], [PUB], ["patch x private", "bind b.md to x"]
    ),
    "public copy of a private note": Case(
        [file("a.md", bound="x"), file("b.md", public=True)], [X], ["bind b.md to x"]
    ),
    "the private sharer left": Case(
        [file("a.md", bound="x", public=True), file("b.md", bound="x", standing=L)],
        [X],
        ["unbind b.md from x: removed", "patch x public"],
    ),
    # metadata
    "new title": Case([file("a.md", bound="x", title="T")], [X], ["patch x title=T"]),
    "new tags": Case([file("a.md", bound="x", tags=("t", "u"))], [X], ["patch x tags=t,u"]),
    "tags taken away": Case([file("a.md", bound="x")], [obj("x", tags=("t",))], ["patch x tags="]),
    "made public": Case([file("a.md", bound="x", public=True)], [X], ["patch x public"]),
    "made private": Case([file("a.md", bound="x")], [PUB], ["patch x private"]),
    "audio made private": Case([file("a.mp3", bound="s")], [obj("s", public=True)], ["patch s private"]),
    "visibility unknown, wants private": Case([file("a.md", bound="x")], [obj("x", public=None)], ["patch x private"]),
    "visibility unknown, wants public": Case(
        [file("a.md", bound="x", public=True)], [obj("x", public=None)], ["patch x public"]
    ),
    "all at once": Case(
        [file("a.md", bound="x", title="T", tags=("t",), public=True)], [X], ["patch x title=T tags=t public"]
    ),
    "the oldest binding gives the title": Case(
        [file("a.md", bound="x", at=2.0, title="new"), file("b.md", bound="x", at=1.0, title="old")],
        [X],
        ["patch x title=old"],
    ),
    "tags of sharers are merged": Case(
        [file("a.md", bound="x", tags=("t",)), file("b.md", bound="x", at=2.0, tags=("T", "u"))],
        [X],
        ["patch x tags=t,u"],
    ),
    "somebody else's object is kept right": Case(
        [file("a.md", bound="x", title="T")], [obj("x", ours=False)], ["patch x title=T"]
    ),
    # private first
    "changed and made private": Case([file("a.md", "B", "x")], [PUB], ["patch x private", "upload a.md replaces x"]),
    "make-private goes before other files' uploads": Case(
        [file("a.md", "B"), file("z.md", "A", "x")], [PUB], ["patch x private", "upload a.md"]
    ),
    "changed, and still public": Case([file("a.md", "B", "x", public=True)], [PUB], ["upload a.md replaces x public"]),
    "changed away from a text that others show": Case(
        [file("a.md", "B", "x"), file("b.md", "A", "x", public=True)], [PUB], ["upload a.md replaces x"]
    ),
    # kept
    "blocked": Case([OLD], [X]),
    "blocked, object public, wish unknown": Case([OLD], [PUB]),
    "blocked, wants private": Case([file("a.md", "B", "x", K)], [PUB], ["patch x private"]),
    "blocked, wants public": Case([file("a.md", "B", "x", K, public=True)], [X]),
    "blocked, another title": Case([file("a.md", "A", "x", K, title="T")], [X]),
    "blocked and never uploaded": Case([file("a.md", "B", None, K)]),
    "a blocked private sharer keeps the object private": Case(
        [file("a.md", "A", "x", K), file("b.md", "A", "x", public=True)], [X]
    ),
    "a blocked private sharer makes the object private": Case(
        [file("a.md", "A", "x", K), file("b.md", "A", "x", public=True)], [PUB], ["patch x private"]
    ),
    "not selected, public so far": Case([file("a.md", "A", "x", K, selected=False)], [PUB], ["patch x private"]),
    # missing and renamed
    "missing": Case([file("a.md", "A", "x", M)], [X]),
    "missing, public": Case([file("a.md", "A", "x", M, public=True)], [PUB]),
    "missing, and still to be made private": Case([file("a.md", "A", "x", M)], [PUB], ["patch x private"]),
    "missing, and wanted private what another file has public": Case(
        [file("a.md", "A", "x", M), file("b.md", "A", "x", public=True)], [PUB]
    ),
    "missing, other title": Case([file("a.md", "A", "x", M, title="T")], [X]),
    "renamed": Case([file("a.md", "A", "x", M), file("b.md")], [X], ["bind b.md to x from a.md"]),
    "renamed, title in the name": Case(
        [file("a.md", "A", "x", M), file("b.md", title="T")], [X], ["bind b.md to x from a.md", "patch x title=T"]
    ),
    "renamed into a public place": Case(
        [file("a.md", "A", "x", M), file("b.md", public=True)], [X], ["bind b.md to x from a.md", "patch x public"]
    ),
    "renamed into a private place": Case(
        [file("a.md", "A", "x", M), file("b.md")], [PUB], ["patch x private", "bind b.md to x from a.md"]
    ),
    "audio renamed": Case([file("a.mp3", "A", "s", M), file("b.mp3")], [S], ["bind b.mp3 to s from a.mp3"]),
    "renamed to another folder": Case(
        [file("a.md", "A", "x", M), file("site:a.md")], [X], ["bind a.md to x from a.md"]
    ),
    "renamed over another": Case(
        [file("a.md", "A", "x", M), file("b.md", "A", "y")], [X, Y], ["bind b.md to x from a.md"]
    ),
    "renamed and edited": Case([file("a.md", "A", "x", M), file("b.md", "B")], [X], ["upload b.md"]),
    "one missing, two new copies": Case(
        [file("a.md", "A", "x", M), file("b.md"), file("c.md")], [X], ["bind b.md to x from a.md", "bind c.md to x"]
    ),
    "two missing sharers, one new": Case(
        [file("a.md", "A", "x", M), file("d/b.md", "A", "x", M), file("d/c.md")], [X], ["bind d/c.md to x from d/b.md"]
    ),
    "two swapped": Case([file("a.md", "B", "x"), file("b.md", "A", "y")], [X, Y], ["bind a.md to y", "bind b.md to x"]),
    # leaving
    "leaving": Case([file("a.md", "A", "x", L)], [X], ["unbind a.md from x: removed"]),
    "leaving, never bound": Case([file("a.md", "A", None, L)]),
    "leaving a public object that nobody else has": Case(
        [file("a.md", "A", "x", L, public=True)], [PUB], ["unbind a.md from x: removed"]
    ),
    "leaving, and still to be made private": Case(
        [file("a.md", "A", "x", L)], [PUB], ["patch x private", "unbind a.md from x: removed"]
    ),
    # images
    "inline images, in sync": Case([file("a.md", bound="x", **INLINE)], [X]),
    "images to be rewritten": Case([file("a.md", bound="x", **IMAGE)], [X], ["upload a.md after deleting x public"]),
    "images to be taken back": Case(
        [file("a.md", bound="x", **INLINE)],
        [obj("x", public=True, rewritten=True)],
        ["patch x private", "upload a.md after deleting x"],
    ),
    "images rewritten already": Case([file("a.md", bound="x", **IMAGE)], [obj("x", public=True, rewritten=True)]),
    "rewritten differently, but no images": Case([file("a.md", bound="x")], [obj("x", rewritten=True)]),
    "somebody else's document is not deleted for its images": Case(
        [file("a.md", bound="x", **IMAGE)], [obj("x", ours=False)], ["patch x public"]
    ),
    "a private sharer keeps images inline": Case(
        [file("a.md", bound="x", **IMAGE), file("b.md", bound="x", **INLINE)], [X]
    ),
    # two objects of one content
    "ours before somebody else's": Case(
        [file("a.md")], [obj("x", ours=False, created_at="1"), obj("z", created_at="2")], ["bind a.md to z"]
    ),
    "the oldest of ours": Case(
        [file("a.md", bound="z")], [obj("x", created_at="1"), obj("z", created_at="2")], ["bind a.md to x"]
    ),
    # busy
    "content on its way": Case([file("a.md")], [], [], busy=[(Kind.DOC, "A")]),
    "content being deleted": Case([file("a.md", "A", "y")], [Y], [], busy=[(Kind.DOC, "A")]),
    "the same hash of another kind is not in the way": Case(
        [file("a.md")], [], ["upload a.md"], busy=[(Kind.AUDIO, "A")]
    ),
    "make-private while its content is on its way": Case(
        [file("a.md", "B", "x")], [PUB], ["patch x private"], busy=[(Kind.DOC, "B")]
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_plan(case: Case) -> None:
    assert [words(action) for action in plan(view(case.files, case.objects, case.busy))] == case.want


@pytest.mark.parametrize("reason", list(Reason), ids=[reason.value for reason in Reason])
def test_leaving_keeps_its_reason(reason: Reason) -> None:
    leaving = replace(file("a.md", "A", "x", L), reason=reason, why="because")
    assert plan(view([leaving], [X])) == [Unbind(ref("a.md"), "x", reason, "because")]


@pytest.mark.parametrize(
    ("orphan", "busy", "deleted"),
    [
        pytest.param(Unbound(X, ref("a.md"), Reason.REMOVED, due=True), [], True, id="due"),
        pytest.param(Unbound(X, ref("a.md"), Reason.REPLACED, due=False), [], False, id="kept for a while"),
        pytest.param(Unbound(X, ref("a.md"), Reason.REMOVED, due=True), [(Kind.DOC, "A")], False, id="being uploaded"),
        pytest.param(Unbound(X, ref("a.md"), Reason.REMOVED, due=True), [(Kind.AUDIO, "A")], True, id="another kind"),
        pytest.param(Unbound(X, ref("a.md"), Reason.REMOVED, due=True), [(Kind.DOC, "B")], True, id="another content"),
    ],
)
def test_collect(orphan: Unbound, busy: list[ContentKey], deleted: bool) -> None:
    assert [action.object_id for action in collect([orphan], busy)] == (["x"] if deleted else [])


# --- laws -------------------------------------------------------------------------------------------------------------

PATHS = ["a.md", "b.md", "d/a.md", "site:a.md", "a.mp3", "d/b.mp3"]
CONTENTS = ["A", "B", "C"]


@st.composite
def views(draw: st.DrawFn) -> View:
    """Closed views: every bound file's object is known, or was forgotten as a live one."""
    objects = {}
    for number in range(draw(st.integers(0, 4))):
        audio, public = draw(st.booleans()), draw(st.sampled_from([True, False, None]))
        item = obj(f"{'s' if audio else 'x'}{number}", draw(st.sampled_from([*CONTENTS, None])), public=public)
        created, rewritten = str(draw(st.integers(0, 2))), not audio and draw(st.booleans())
        objects[item.id] = replace(item, ours=draw(st.booleans()), rewritten=rewritten, created_at=created)
    files = []
    for path in draw(st.lists(st.sampled_from(PATHS), unique=True)):
        fitting = [name for name, item in objects.items() if item.kind is kind(path)]
        embeds, public = kind(path) is Kind.DOC and draw(st.booleans()), draw(st.booleans())
        files.append(
            file(
                path,
                draw(st.sampled_from(CONTENTS)),
                draw(st.sampled_from([None, *fitting])),
                draw(st.sampled_from(list(Standing))),
                at=float(draw(st.integers(0, 2))),
                inode=draw(st.integers(0, 2)),
                title=draw(st.sampled_from(["T", "U"])),
                tags=draw(st.sampled_from([(), ("t",), ("T", "u")])),
                public=public,
                embeds=embeds,
                rewrite_images=public and embeds,
            )
        )
    return view(files, objects.values())


def carry_out(before: View, actions: Iterable[Action]) -> View:
    """What the view is when every action succeeded; what was deleted first is gone."""
    files = {one.ref: one for one in before.files}
    objects = dict(before.objects)
    for number, action in enumerate(actions):
        match action:
            case Upload(who, wanted, meta, _, also, _, first):
                name = f"{'s' if wanted.kind is Kind.AUDIO else 'x'}-new{number}"
                item = RemoteObject(name, wanted.kind, "u", meta.title, meta.tags, meta.public, sha256=wanted.sha256)
                objects[name] = replace(item, rewritten=wanted.rewrite_images and meta.public)
                objects.pop(first or "", None)
                files = {r: replace(f, bound=None) if first and f.bound == first else f for r, f in files.items()}
                for one in (who, *also):
                    files[one] = replace(files[one], bound=name)
            case Patch(name, _, change):
                if name in objects:
                    old = objects[name]
                    objects[name] = replace(
                        old,
                        title=old.title if change.title is None else change.title,
                        tags=old.tags if change.tags is None else change.tags,
                        public=old.public if change.public is None else change.public,
                    )
            case Bind(who, name, _, origin):
                files[who] = replace(files[who], bound=name)
                if origin is not None:
                    files.pop(origin, None)
            case Unbind(who):
                files.pop(who, None)
            case Delete():
                raise AssertionError("plan does not delete")
    return replace(before, files=tuple(files.values()), objects=objects)


@given(views(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(now: View, random: object) -> None:
    shuffled = list(now.files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    again = View(tuple(shuffled), dict(reversed(now.objects.items())), now.busy)
    assert sorted(map(repr, plan(again))) == sorted(map(repr, plan(now)))


@settings(max_examples=300)
@given(views())
def test_carrying_plans_out_comes_to_rest(now: View) -> None:
    for _ in range(6):
        actions = plan(now)
        if not actions:
            return
        now = carry_out(now, actions)
    raise AssertionError(f"still to do: {[words(action) for action in plan(now)]}")


@given(views())
def test_a_content_that_is_held_is_uploaded_only_to_store_its_images_differently(now: View) -> None:
    held = {(item.kind, item.sha256): item.id for item in now.objects.values()}
    for action in plan(now):
        if isinstance(action, Upload):
            assert (action.wanted.kind, action.wanted.sha256) not in held or action.delete_first is not None


@given(views())
def test_a_content_is_uploaded_once(now: View) -> None:
    uploads = [(a.wanted.kind, a.wanted.sha256) for a in plan(now) if isinstance(a, Upload)]
    assert len(uploads) == len(set(uploads))


@given(views())
def test_only_files_that_the_guard_let_go_or_that_moved_lose_their_object(now: View) -> None:
    standing = {one.ref: one.standing for one in now.files}
    for action in plan(now):
        if isinstance(action, Unbind):
            assert standing[action.ref] is L
        if isinstance(action, Bind) and action.renamed_from is not None:
            assert standing[action.renamed_from] is M


@given(views())
def test_nothing_is_made_public_that_any_of_its_files_wants_private(now: View) -> None:
    actions = plan(now)
    after = carry_out(now, actions)
    published = {a.object_id for a in actions if isinstance(a, Patch) and a.change.public}
    for one in after.files:
        holds = one.bound in published and one.wanted is not None and one.standing in (P, K)
        if holds and one.wanted is not None and after.objects[str(one.bound)].sha256 == one.wanted.sha256:
            assert one.wanted.public


@given(views())
def test_make_private_comes_first(now: View) -> None:
    private = [isinstance(action, Patch) and action.makes_private for action in plan(now)]
    assert private == sorted(private, reverse=True)


@given(views())
def test_somebody_elses_object_is_never_deleted_first(now: View) -> None:
    for action in plan(now):
        if isinstance(action, Upload) and action.delete_first is not None:
            assert now.objects[action.delete_first].ours
