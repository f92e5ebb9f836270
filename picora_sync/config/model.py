"""The configuration in force: frozen, absolute paths, seconds and bytes. It never holds the API key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from picora_sync.core.policy import Folder

DEFAULT_URL = "https://api.picora.me"
VERIFY_S = 24 * 3600.0


class Plan(StrEnum):
    """An account's plan, as on the wire (contract §14)."""

    NONE = "none"
    TRIAL = "trial"
    PRO = "pro"
    PRO_PLUS = "pro_plus"


class Visibility(StrEnum):
    """Who can read what a folder's files become."""

    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """Which Picora, and where its key may lie. ``plan`` is None if only the server knows it."""

    url: str = DEFAULT_URL
    plan: Plan | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run needs to know but the key. ``max_upload_rate_bytes_s`` (audio) is None for no limit; index and
    account are compared every ``verify_s``, infinity for never.
    """

    account: AccountConfig
    folders: tuple[Folder, ...]
    state_dir: Path
    max_upload_rate_bytes_s: int | None = None
    verify_s: float = VERIFY_S
    written: Mapping[tuple[str | int, ...], str] = field(default_factory=dict, compare=False)
    """How values were written in which a variable stands, by their place: what is shown of them."""

    @property
    def key_file_shown(self) -> str:
        """What a message may say of ``account.key_file``: a variable in it may hold the key itself."""
        return self.written.get(("account", "key_file"), str(self.account.key_file))
