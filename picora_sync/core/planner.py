"""The decision: from what is on disk and what Picora holds to the actions that make them equal.

:func:`plan` is a pure function of a :class:`View`, a slice of the index around the files that changed. It is level
triggered: it says what to do from here, not what to do after that. When an action succeeded, its files are planned
again, and what has become possible (deleting the replaced object) follows then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from picora_sync.core import renames
from picora_sync.core.model import FileRef, Kind, Metadata, RemoteObject
from picora_sync.core.plan import Action, Bind, Delete, Patch, Reason, Unbind, Upload
from picora_sync.core.ports import Change
from picora_sync.core.tags import merge_tags
from picora_sync.core.view import ContentKey, FileNow, Standing, Unbound, View


def plan(view: View) -> list[Action]:
    """What to do from here, make-private first. Deletions follow by :func:`collect`."""
    homes = _homes(view)
    moves = renames.match(view.files)
    steps = _Steps(view, moves)
    for content, group in _groups(view.files).items():
        steps.place(content, group, homes.get(content))
    for file in view.files:
        if file.standing is Standing.LEAVING and file.bound is not None:
            steps.leave(file)
    patches = list(_patches(view, steps.target))
    urgent = [patch for patch in patches if patch.makes_private]
    others = [patch for patch in patches if not patch.makes_private and patch.object_id not in steps.outgoing]
    return [*urgent, *steps.actions, *others]


def collect(unbound: Iterable[Unbound], busy: Collection[ContentKey]) -> list[Delete]:
    """The deletions that are due. A content that is being uploaded is not deleted at the same time (promise 3)."""
    return [
        Delete(orphan.object.id, orphan.object.kind, orphan.ref, _WHY_DELETE[orphan.reason], orphan.exposed)
        for orphan in unbound
        if orphan.due and (orphan.object.kind, orphan.object.sha256) not in busy
    ]


class _Steps:
    """Where each file will be bound, and the uploads and bindings that bring it there."""

    def __init__(self, view: View, moves: Mapping[FileRef, FileRef]) -> None:
        self.actions: list[Action] = []
        self.outgoing: set[str] = set()
        self.target: dict[FileRef, str | None] = {file.ref: file.bound for file in view.files}
        self._view = view
        self._moves = moves

    def place(self, content: ContentKey, group: list[FileNow], home: RemoteObject | None) -> None:
        """Bind the files that want this content to the object that holds it, or upload it once for all of them."""
        if content in self._view.busy:
            return
        rewrite = all(file.wanted.rewrite_images for file in group if file.wanted)
        if home is not None and not _stored_otherwise(home, group, rewrite):
            for file in group:
                self._bind(file, home)
            return
        self._upload(group, rewrite, home)

    def leave(self, file: FileNow) -> None:
        """Let go of the object: the guard agreed."""
        assert file.bound is not None  # noqa: S101  (the caller chose bound files)
        self.target[file.ref] = None
        self.actions.append(Unbind(file.ref, file.bound, file.reason, file.why))

    def _bind(self, file: FileNow, home: RemoteObject) -> None:
        if file.bound == home.id:
            return
        origin = self._moves.get(file.ref)
        self.target[file.ref] = home.id
        if origin is not None:
            self.target[origin] = None
            self.actions.append(Bind(file.ref, home.id, f"renamed from {origin.path}", renamed_from=origin))
            return
        why = "content went back to what Picora still holds" if file.bound else "same content as a file already there"
        self.actions.append(Bind(file.ref, home.id, why))

    def _upload(self, group: list[FileNow], rewrite: bool, stored_otherwise: RemoteObject | None) -> None:
        first, *others = group
        if stored_otherwise is not None:
            self.outgoing.add(stored_otherwise.id)
        wanted = first.wanted
        assert wanted is not None  # noqa: S101  (groups hold present files only)
        self.actions.append(
            Upload(
                first.ref,
                replace(wanted, rewrite_images=rewrite),
                _fold(group, wanted.kind),
                _why_upload(first, stored_otherwise),
                also=tuple(file.ref for file in others),
                replaces=first.bound if stored_otherwise is None else None,
                delete_first=stored_otherwise.id if stored_otherwise else None,
            )
        )


def _why_upload(file: FileNow, stored_otherwise: RemoteObject | None) -> str:
    if stored_otherwise is not None:
        return "its images must be stored differently now that its visibility changed"
    return "content changed" if file.bound else "new file"


def _groups(files: Iterable[FileNow]) -> dict[ContentKey, list[FileNow]]:
    """The present files by what they want to be, in a stable order: bound the longest first, then by path."""
    groups: dict[ContentKey, list[FileNow]] = {}
    for file in sorted(files, key=_seniority):
        if file.standing is Standing.PRESENT and file.wanted is not None:
            groups.setdefault((file.wanted.kind, file.wanted.sha256), []).append(file)
    return groups


def _seniority(file: FileNow) -> tuple[float, FileRef]:
    return (file.bound_at, file.ref)


def _homes(view: View) -> dict[ContentKey, RemoteObject]:
    """For each content the one object that holds it: ours before others', then the oldest."""
    homes: dict[ContentKey, RemoteObject] = {}
    for item in sorted(view.objects.values(), key=lambda o: (not o.ours, o.created_at, o.id)):
        if item.sha256 is not None:
            homes.setdefault((item.kind, item.sha256), item)
    return homes


def _stored_otherwise(home: RemoteObject, group: Iterable[FileNow], rewrite: bool) -> bool:
    """Whether the text is there, but with its images inside instead of rewritten, or the reverse."""
    return home.ours and home.rewritten != rewrite and any(f.wanted.embeds for f in group if f.wanted)


def _fold(members: Iterable[FileNow], kind: Kind) -> Metadata:
    """The metadata of an object shared by files (design §4 "Shared objects"): a function of all its bindings."""
    ordered = sorted(members, key=_seniority)
    wishes = [file.wanted for file in ordered if file.wanted is not None]
    tags = merge_tags(wish.tags for wish in wishes)[0] if kind is Kind.DOC else ()
    return Metadata(title=wishes[0].title, tags=tags, public=all(wish.public for wish in wishes))


def _patches(view: View, target: Mapping[FileRef, str | None]) -> Iterable[Patch]:
    staying, tied = _members(view, target)
    for object_id, item in view.objects.items():
        kept = tied.get(object_id, [])
        if members := staying.get(object_id):
            wish = _fold(members, item.kind)
            sharers = (file for file in kept if _is_kept_with(file, item))
            change = _difference(item, replace(wish, public=wish.public and not _any_private(sharers)))
        else:
            members = kept
            change = Change(public=False) if item.public is not False and _to_hide(kept) else Change()
        if change:
            first = min(members, key=_seniority)
            yield Patch(object_id, item.kind, change, first.ref, _why_patch(change))


def _members(
    view: View, target: Mapping[FileRef, str | None]
) -> tuple[dict[str, list[FileNow]], dict[str, list[FileNow]]]:
    """Per object: the files whose content it holds and will hold, and those that are heard only if they want it
    private: they are kept as they are, or tied to it only until they change, or vanish.
    """
    staying: dict[str, list[FileNow]] = {}
    tied: dict[str, list[FileNow]] = {}
    for file in view.files:
        object_id = file.bound if file.standing is Standing.LEAVING else target[file.ref]
        if object_id is None or file.wanted is None:
            continue
        item = view.objects.get(object_id)
        holds_it = item is not None and item.sha256 == file.wanted.sha256 and file.standing is Standing.PRESENT
        (staying if holds_it else tied).setdefault(object_id, []).append(file)
    return staying, tied


def _is_kept_with(file: FileNow, item: RemoteObject) -> bool:
    return file.standing is Standing.KEPT and file.wanted is not None and file.wanted.sha256 == item.sha256


def _any_private(members: Iterable[FileNow]) -> bool:
    return any(file.wanted is not None and not file.wanted.public for file in members)


def _to_hide(members: Collection[FileNow]) -> bool:
    """Whether an object that holds none of their texts must not be public."""
    return any(file.hidden for file in members) or _any_private(members)


def _difference(item: RemoteObject, wish: Metadata) -> Change:
    return Change(
        title=wish.title if wish.title != item.title else None,
        tags=wish.tags if item.kind is Kind.DOC and wish.tags != item.tags else None,
        public=wish.public if wish.public != item.public else None,
    )


def _why_patch(change: Change) -> str:
    parts = []
    if change.public is not None:
        parts.append("wants to be public" if change.public else "wants to be private")
    if change.title is not None:
        parts.append("title changed")
    if change.tags is not None:
        parts.append("tags changed")
    return ", ".join(parts)


_WHY_DELETE = {
    Reason.REPLACED: "replaced by its new version",
    Reason.RENAMED: "renamed, and changed since",
    Reason.REMOVED: "deleted from the folder",
    Reason.IGNORED: "now ignored",
    Reason.UNSELECTED: "no longer published",
    Reason.FORGOTTEN: "its folder was forgotten",
}
