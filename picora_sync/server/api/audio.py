"""``/v1/audio`` (contract §6)."""

from __future__ import annotations

import math
from typing import ClassVar

import falcon

from picora_sync.server import errors
from picora_sync.server.accounts import Credential
from picora_sync.server.content import audio_formats, audio_probe
from picora_sync.server.content.audio_formats import AudioFormat
from picora_sync.server.library import views
from picora_sync.server.library.audio import AudioFiles, NewAudio
from picora_sync.server.library.views import Urls
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.prepared import Row
from picora_sync.server.web import access, body, fields, uploads
from picora_sync.server.web.access import Resource
from picora_sync.server.web.envelope import reply
from picora_sync.server.web.forms import form_flag
from picora_sync.server.web.uploads import Upload

_MAX_TITLE_CHARACTERS = 255


class AudioUpload(Resource):
    """Receive one file."""

    access: ClassVar = {"POST": access.UPLOAD}

    def __init__(self, audio: AudioFiles, blobs: Blobs, urls: Urls) -> None:
        self._audio = audio
        self._blobs = blobs
        self._urls = urls

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Store it; it is playable once this answers."""
        owner: Credential = req.context.credential
        if not owner.plan.active:
            raise errors.forbidden(f"The plan {owner.plan.name} includes no audio")
        with uploads.receive(req, self._blobs, owner.plan.audio_file_bytes) as upload:
            row = self._audio.store(owner, self._checked(owner, upload))
        reply(resp, views.audio(row, self._urls), 201)

    def _checked(self, owner: Credential, upload: Upload) -> NewAudio:
        """Fields, then type, size, signature, duration, then quota (contract §15 #1).

        Raises:
            ApiError: the first of them that is wrong.
        """
        filename = upload.filename or ""
        title = fields.title(upload.fields, _MAX_TITLE_CHARACTERS)
        public = form_flag(upload.fields, "isPublic", "is_public")
        audio_format = _format(upload, owner.plan.audio_file_bytes)
        info = audio_probe.probe(upload.path, audio_format.ext)
        if info.length_s is not None and info.length_s > owner.plan.audio_duration_s:
            limit = owner.plan.audio_duration_s
            message = f"The audio is longer than {limit} seconds"
            raise errors.invalid("file", message, reason="duration", limit=limit, actual=math.ceil(info.length_s))
        self._audio.require_room(owner, upload.size_bytes)
        return NewAudio(
            path=upload.path,
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            format=audio_format,
            info=info,
            filename=filename,
            title=title or filename,
            public=public is not False,
        )


class AudioItem(Resource):
    """One audio file."""

    access: ClassVar = {"GET": access.READ, "PATCH": access.CHANGE, "DELETE": access.DELETE}

    def __init__(self, audio: AudioFiles, urls: Urls) -> None:
        self._audio = audio
        self._urls = urls

    def on_get(self, req: falcon.Request, resp: falcon.Response, audio_id: str) -> None:
        """Its description."""
        reply(resp, views.audio(self._own(req, audio_id), self._urls))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, audio_id: str) -> None:
        """Change title or visibility; an empty object changes nothing."""
        content = body.received(req)
        row = self._own(req, audio_id)
        sent = body.json_object(content)
        title = fields.title(sent, _MAX_TITLE_CHARACTERS)
        public = fields.boolean(sent, "is_public", "isPublic")
        if not self._audio.change(row["user_id"], audio_id, title, public):
            raise errors.not_found("audio")
        reply(resp, None)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, audio_id: str) -> None:
        """Delete object, cover and row for good."""
        row = self._own(req, audio_id)
        if not self._audio.delete(row["user_id"], audio_id):
            raise errors.not_found("audio")
        resp.status = 204

    def _own(self, req: falcon.Request, audio_id: str) -> Row:
        row = self._audio.get(audio_id)
        if row is None:
            raise errors.not_found("audio")
        if row["user_id"] != req.context.credential.user_id:
            raise errors.forbidden("This audio belongs to another account")
        return row


def _format(upload: Upload, limit_bytes: int) -> AudioFormat:
    """The accepted format of an upload.

    Raises:
        ApiError: 422, ``meta.reason`` is ``mime``, ``size`` or ``signature`` (contract §15 #11).
    """
    audio_format = audio_formats.choose(upload.mime, upload.filename or "")
    if audio_format is None:
        raise errors.invalid("file", "Only MP3, M4A, WAV, FLAC and OGG are accepted", reason="mime")
    if upload.size_bytes > limit_bytes:
        message = f"The file is over {limit_bytes} bytes"
        raise errors.invalid("file", message, reason="size", limit=limit_bytes, actual=upload.size_bytes)
    if not audio_format.matches(upload.head) and not (
        audio_format.ext == "m4a" and audio_probe.holds_sound(upload.path)
    ):
        raise errors.invalid("file", f"The file is not {audio_format.ext.upper()}", reason="signature")
    return audio_format
