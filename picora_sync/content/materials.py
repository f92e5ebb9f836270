"""What one note is made of besides its own text: images and other notes, with the rules of who may see them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from picora_sync.content.comments import strip_path, strip_value
from picora_sync.content.frontmatter import Frontmatter, parse_frontmatter
from picora_sync.content.images import data_uri, data_uri_bytes, media_type
from picora_sync.content.logseq import is_graph
from picora_sync.content.lookups import Lookups
from picora_sync.content.remarks import Remarks
from picora_sync.content.vault import Vault
from picora_sync.content.visibility import visibility_of
from picora_sync.core.model import Kind
from picora_sync.core.policy import EmbedHeadings, Folder, PrivateImages, Select
from picora_sync.core.ports import Reader
from picora_sync.errors import FileChanged, FileUnreadable

CEILING_BYTES = 32 << 20
"""The most that is sent as one document: half of the API's body cap, since JSON may double it (contract §15 #8)."""

BOM = "\ufeff"


class Oversized(Exception):
    """The note would grow beyond what may be sent; ``limit_bytes`` is the most that may."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self.limit_bytes = limit_bytes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all notes of one folder share. ``mirrored`` and ``ignored`` take paths relative to the folder."""

    folder: Folder
    vault: Vault
    reader: Reader
    mirrored: Callable[[str], bool]
    ignored: Callable[[str], bool]

    @property
    def in_graph(self) -> bool:
        """Whether the notes are those of Logseq."""
        return is_graph(self.folder.root) or is_graph(self.vault.root)


@dataclass(frozen=True, slots=True)
class OtherNote:
    """A note that this one may show or link to. Its path in the folder is without comments."""

    folder_path: str
    front: Frontmatter
    body: str

    @property
    def permalink(self) -> str:
        """Its own stable address, ``""`` if it has none."""
        return strip_value(self.front.text("permalink"))


class Materials:
    """Fetches, for one note, what it refers to; remembers every look-up, and remarks on what it cannot give."""

    def __init__(self, around: Surroundings, *, public: bool, limit_bytes: int) -> None:
        self.lookups = Lookups(around.vault)
        self.remarks = Remarks()
        self.link_base = around.folder.link_base
        self.embeds_images = public or around.folder.private_images is not PrivateImages.SKIP
        self.lowers_headings = around.folder.embed_headings is EmbedHeadings.BELOW
        self._around = around
        self._public = public
        self._limit_bytes = limit_bytes
        self._spent_bytes = 0
        self._images: dict[str, str | None] = {}
        self._notes: dict[str, OtherNote | None] = {}

    def vault_path_of(self, path: str) -> str:
        """The vault path of a file of the folder."""
        return self._around.vault.path_of(path)

    def spend(self, size_bytes: int) -> None:
        """Count bytes that the note grows by. Raises Oversized as soon as they are too many."""
        self._spent_bytes += size_bytes
        if self._spent_bytes > self._limit_bytes:
            raise Oversized(self._limit_bytes)

    def image(self, target: str, from_note: str) -> str | None:
        """The data URI of the image that a name leads to; None, and a remark, if there is none to embed."""
        path = self.lookups.file(target, from_note)
        if path is None:
            self.remarks.about("IMAGE_NOT_FOUND", target)
            return None
        if path not in self._images:
            self._images[path] = self._read_image(path)
        uri = self._images[path]
        if uri is not None:
            self.spend(len(uri))
        return uri

    def note(self, path: str) -> OtherNote | None:
        """The note at this vault path, if it is mirrored and at least as public as this one."""
        if path not in self._notes:
            self._notes[path] = self._read_note(path)
        return self._notes[path]

    def _read_image(self, path: str) -> str | None:
        inside = self._around.vault.folder_path_of(path)
        if inside is not None and self._around.ignored(inside):
            self.remarks.about("IMAGE_IGNORED", path)
            return None
        data = self._read(path)
        kind = media_type(data)
        if kind is None:
            self.remarks.about("IMAGE_WRONG_SIGNATURE", path)
            return None
        if data_uri_bytes(len(data), kind) > self._limit_bytes:
            raise Oversized(self._limit_bytes)
        return data_uri(data, kind)

    def _read_note(self, path: str) -> OtherNote | None:
        folder_path = self._around.vault.folder_path_of(path)
        if folder_path is None or not self._around.mirrored(folder_path):
            return None
        try:
            text = self._read(path).decode().removeprefix(BOM)
        except (UnicodeDecodeError, Oversized):
            return None  # it is not mirrored either
        front = parse_frontmatter(text)
        folder = self._around.folder
        visibility = visibility_of(front, folder.default_public(Kind.DOC))
        if self._public and not visibility.public:
            return None
        if folder.select is Select.PUBLISHED and not visibility.published:
            return None
        return OtherNote(strip_path(folder_path), front, text[front.body :])

    def _read(self, path: str) -> bytes:
        """The bytes of a file of the vault. Raises Oversized, FileChanged (look again), FileUnreadable (wait)."""
        vault = self._around.vault
        absolute = vault.absolute(path)
        try:
            data, fingerprint = self._around.reader.read(absolute, self._limit_bytes)
        except FileUnreadable as error:
            if error.problem_code == "FILE_TOO_LARGE":
                raise Oversized(self._limit_bytes) from error
            if os.path.lexists(absolute):
                raise
            vault.refresh()
            raise FileChanged(f"{path!r} is gone since the vault was looked through") from error
        self.lookups.was_read(path, (fingerprint.size_bytes, fingerprint.mtime_ns))
        return data
