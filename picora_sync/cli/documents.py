"""The ``--json`` documents of design §9. Fields are only ever added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from picora_sync.core.attention import Concern
from picora_sync.core.history import Turn
from picora_sync.core.model import FileRef, Problem, told_id
from picora_sync.index.listing import Entry
from picora_sync.report import PlanReport, RebuildReport, SyncReport, VerifyReport

Document = dict[str, object]


def plan_document(report: PlanReport) -> Document:
    """``plan --json`` and ``sync --dry-run --json``. ``public_before`` and ``public_after`` tell whether everybody can
    read it: null if nothing of it is there then, or if that is not known. ``unclear`` names notes that are private
    because what they say of their visibility cannot be read.
    """
    return {
        "actions": [asdict(action) for action in report.actions],
        "held": [asdict(action) for action in report.held],
        "requests": report.requests,
        "eta_s": round(report.eta_s),
        "blocked": [problem_document(ref, problem) for ref, problem in report.blocked],
        "unclear": [problem_document(ref, problem) for ref, problem in report.unclear],
    }


def sync_document(report: SyncReport, opened: Iterable[Entry] = ()) -> Document:
    """``sync --json`` and ``up --once --json``; ``made_public`` is what everybody can read since this run."""
    return {
        "files": report.files,
        "synced": report.synced,
        "blocked": report.blocked,
        "held": report.held,
        "uploaded": report.uploaded,
        "patched": report.patched,
        "deleted": report.deleted,
        "requests": report.requests,
        "problems": [problem_document(ref, problem) for ref, problem in report.problems],
        "made_public": [
            {"folder": each.ref.folder, "path": each.ref.path, "url": each.object.url if each.object else None}
            for each in opened
        ],
    }


def rebuild_document(report: RebuildReport) -> Document:
    """``rebuild --json``; ``kept`` is the file of the old index, null if there was none."""
    return {
        "files": report.files,
        "recognised": report.recognised,
        "objects": report.objects,
        "requests": report.requests,
        "others": [
            {"id": told_id(each.id), "kind": each.kind, "title": each.title, "public": each.public, "url": each.url}
            for each in report.others
        ],
        "kept": report.kept,
        "problems": [problem_document(ref, problem) for ref, problem in report.problems],
    }


def verify_document(report: VerifyReport) -> Document:
    """``verify --json``; ``what`` is ``missing``, ``changed`` or ``content``."""
    return {
        "compared": report.compared,
        "others": report.others,
        "sampled": report.sampled,
        "unread": report.unread,
        "repaired": report.repaired,
        "held": report.held,
        "requests": report.requests,
        "found": [
            {
                "what": each.what,
                "detail": each.detail,
                "id": told_id(each.id),
                "url": each.url,
                "files": [asdict(ref) for ref in each.files],
            }
            for each in report.found
        ],
    }


def problem_document(ref: FileRef, problem: Problem) -> Document:
    """One problem; ``blocking`` ones keep their file from being sent."""
    return {
        "folder": ref.folder,
        "path": ref.path,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def problems_document(concerns: Iterable[Concern]) -> list[Document]:
    """``problems --json``; a ``blocking`` one keeps its file from being sent, a ``serious`` one is why `status` says
    ``attention``. ``about`` is ``file``, ``folder``, ``account``, ``daemon`` or ``disk``; ``url`` is what is still on
    Picora and should not be, and ``public`` whether anybody can read that.
    """
    return [
        {
            **problem_document(each.ref, each.problem),
            "blocking": each.blocking,
            "serious": each.serious,
            "about": each.about.value,
            "url": each.url or None,
            "public": each.public,
        }
        for each in concerns
    ]


def file_document(entry: Entry) -> Document:
    """One file of ``ls --json``; ``public`` is null as long as the server did not confirm a change of it. ``unclear``
    tells that the note is private because what it says of its visibility cannot be read.

    What a file left on Picora has two fields more: ``left``, why the file has it no more, and ``problem``, what Picora
    said when it was asked to delete it (null as long as it was not asked).
    """
    item = entry.object
    document: Document = {
        "folder": entry.ref.folder,
        "path": entry.ref.path,
        "state": entry.state.value,
        "kind": entry.kind.value if entry.kind else None,
        "id": told_id(item.id) if item else None,
        "url": item.url if item else None,
        "title": item.title if item else None,
        "public": item.public if item else False,
        "unclear": entry.unclear is not None,
        "tags": list(item.tags or ()) if item else [],
        "sha256": entry.sha256,
    }
    if entry.left is None:
        return document
    return {**document, "left": entry.left.value, "problem": entry.problem.message if entry.problem else None}


def history_document(turns: Iterable[Turn], public: Mapping[str, bool | None]) -> list[Document]:
    """``history --json``, oldest first; ``at`` is seconds since 1970, ``old_id`` and ``old_url`` what was replaced.
    ``public`` tells whether everybody can open ``url`` today: null if nobody knows, or if it is there no more.
    """
    return [
        {
            "folder": turn.entry.ref.folder,
            "path": turn.entry.ref.path,
            "at": turn.entry.at,
            "event": turn.why,
            "id": told_id(turn.entry.object_id),
            "url": turn.entry.url,
            "public": public.get(turn.entry.object_id),
            "old_id": told_id(turn.before.object_id) if turn.before else None,
            "old_url": turn.before.url if turn.before else None,
        }
        for turn in turns
    ]
