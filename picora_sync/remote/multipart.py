"""The body of ``POST /v1/audio``: streamed, and completed only if the file is still what was hashed.

Contract §6, design §7.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from typing import Final

from picora_sync.core.model import suffix_of
from picora_sync.core.ports import AudioUpload, StableFile
from picora_sync.errors import FileChanged, Stopped
from picora_sync.remote.values import valid_text

AUDIO_TITLE_CHARS: Final = 255

_PART_TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
}
_FILENAME_CHARS: Final = 255
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\]")


class AudioBody:
    """One multipart body over an open :class:`StableFile`.

    Iterating it sends the file once. If the file changed, FileChanged leaves the iteration before the closing
    boundary, which makes the HTTP library cut the connection: the server never sees a complete body. ``whole`` says
    whether the closing boundary was handed over.
    """

    def __init__(self, file: StableFile, upload: AudioUpload, stop: threading.Event) -> None:
        self.whole = False
        self._file = file
        self._stop = stop
        boundary = secrets.token_hex(16)
        self._head = _head(boundary, upload)
        self._tail = f"\r\n--{boundary}--\r\n".encode("ascii")
        self._expected_bytes = upload.size_bytes
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + upload.size_bytes + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        """The parts in order.

        Raises:
            FileChanged: the file is not what was hashed.
            Stopped: the program is ending; the server saw no complete body.
        """
        yield self._head
        left_bytes = self._expected_bytes
        for block in self._file.blocks():
            if self._stop.is_set():
                raise Stopped
            left_bytes -= len(block)
            if left_bytes < 0:
                break
            yield block
        if left_bytes:
            raise FileChanged(
                f"The file is {'longer' if left_bytes < 0 else 'shorter'} than when it was hashed.",
                hint="Nothing to do: it is looked at again.",
            )
        self._file.confirm()
        self.whole = True
        yield self._tail


def _head(boundary: str, upload: AudioUpload) -> bytes:
    part_type = _PART_TYPES.get(suffix_of(upload.filename), "application/octet-stream")
    fields = {
        "title": valid_text(upload.title)[:AUDIO_TITLE_CHARS],
        "isPublic": "true" if upload.public else "false",
    }
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
        if value  # an explicit empty title is an error (contract §15 #16)
    ]
    lines.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(upload.filename)}"\r\n'
        f"Content-Type: {part_type}\r\n\r\n"
    )
    return "".join(lines).encode("utf-8")


def _quoted(filename: str) -> str:
    """A file name as the HTML standard writes it into a header: quotes as %22, everything else as UTF-8.

    Path separators of any system and control characters, line ends among them, become underscores: parsers disagree
    about them, and none keeps them.
    """
    name = _UNSAFE.sub("_", valid_text(filename.rpartition("/")[2]))
    if len(name) > _FILENAME_CHARS:
        suffix = suffix_of(name)
        name = name[: _FILENAME_CHARS - len(suffix)] + suffix
    return name.replace('"', "%22")
