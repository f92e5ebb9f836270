"""What the account's plan allows (contract §14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from picora_sync.core.model import Kind, PlanLimits, Quota
from picora_sync.remote.wire import either, number

_NAME_CHARS: Final = 40
_MB: Final = 1024 * 1024
_SPELLINGS: Final = {"free": "none", "pro+": "pro_plus", "proplus": "pro_plus"}
_BY_PLAN: Final = {
    "none": PlanLimits(doc_bytes=0, doc_images=0, doc_count=0, audio_bytes=0, audio_duration_s=0),
    "trial": PlanLimits(1 * _MB, doc_images=30, doc_count=100, audio_bytes=50 * _MB, audio_duration_s=600),
    "pro": PlanLimits(5 * _MB, doc_images=100, doc_count=1000, audio_bytes=100 * _MB, audio_duration_s=3600),
    "pro_plus": PlanLimits(5 * _MB, doc_images=300, doc_count=10_000, audio_bytes=500 * _MB, audio_duration_s=14_400),
}


def plan_name(value: str) -> str:
    """The plan as the wire writes it: ``none``, ``trial``, ``pro``, ``pro_plus``; an unknown one as it came."""
    name = value.strip().lower()[:_NAME_CHARS]
    return _SPELLINGS.get(name, name)


def limits_of_plan(plan: str) -> PlanLimits:
    """The table of §14; a plan that is not in it has no limits that we know."""
    return _BY_PLAN.get(plan_name(plan), PlanLimits())


def limits_of(plan: str, told: object, otherwise: str = "") -> PlanLimits:
    """The table, with what ``planLimits`` of ``GET /v1/user/me/usage`` says put over it (§16 #19). ``otherwise`` is the
    plan to be taken where the account's own is not in the table.
    """
    known = limits_of_plan(plan if plan_name(plan) in _BY_PLAN else otherwise)
    if not isinstance(told, Mapping):
        return known
    return replace(
        known,
        doc_bytes=_told(told, "docMaxFileBytes", known.doc_bytes),
        doc_images=_told(told, "docMaxImagesPerDoc", known.doc_images),
        doc_count=_told(told, "docCount", known.doc_count),
    )


def quotas_of(limits: PlanLimits, usage: Mapping[str, object]) -> dict[Kind, Quota]:
    """How much of each kind ``GET /v1/user/me/usage`` says may be stored, and is; audio shares a pool with video."""
    told, docs, audio, videos = (_block(usage, name) for name in ("planLimits", "docs", "audio", "videos"))
    documents, sounds = _told(docs, "totalCount", None), _told(audio, "storageUsed", None)
    media_bytes = _told(told, "audioStorageBytes", None)
    quotas = {}
    if limits.doc_count is not None and documents is not None:
        quotas[Kind.DOC] = Quota(limits.doc_count, documents)
    if media_bytes is not None and sounds is not None:
        quotas[Kind.AUDIO] = Quota(media_bytes, sounds + (_told(videos, "storageUsed", 0) or 0))
    return quotas


def _block(usage: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = either(usage, name)
    return found if isinstance(found, Mapping) else {}


def _told(limits: Mapping[str, object], name: str, known: int | None) -> int | None:
    value = number(either(limits, name))
    return known if value is None or value < 0 else int(value)
