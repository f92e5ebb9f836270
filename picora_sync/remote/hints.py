"""What people can do about each failure of the remote: one sentence each."""

from __future__ import annotations

from typing import Final, Protocol
from urllib.parse import urlsplit

BROKEN: Final = "Nothing to do: what happened to the request is looked up before it is sent again."
CUT: Final = "Nothing to do: nothing was stored, and it is sent again in a moment."
KEY_REFUSED: Final = "Make a new API key in your Picora settings, and put it where the old one was."
NOT_FOUND: Final = "It may have been deleted on Picora by somebody else; the next scan sends it again."
NOT_PICORA: Final = "Check `account.url` in the configuration, and whether a proxy or login page is in between."
PLAN_REQUIRED: Final = "This needs an active Picora plan that includes it; uploads resume after an upgrade."
QUOTA: Final = "Delete something on Picora or move to a larger plan; uploads of this kind resume by themselves."
RATE_LIMITED: Final = "Nothing to do: it is sent again later. Another program may be using the same key."
SERVER_FAULT: Final = "Nothing to do: it is tried again later. If it lasts, tell Picora the request id in the log."

CONTRADICTION: Final = (
    "Nothing to do: the status says that it worked and the answer that it did not, so it is tried again later. "
    "If it lasts, tell Picora the request id in the log."
)
HELD_BY_THE_TRASH: Final = (
    "Delete the document with the same content from Picora's trash for good; then save the note once more, "
    "or run `picora-sync resend` for its folder."
)

_CERTIFICATE: Final = "The server's certificate is not trusted: check the clock, `account.url`, and any proxy."
_CONNECT: Final = "Check the network connection and `account.url` in the configuration."
_BY_CODE: Final = {
    "DOC_FILE_TOO_LARGE": "Split the note, or move embedded images out of it: the plan limits the size of a document.",
    "DOC_IMAGE_LIMIT_EXCEEDED": "Use fewer embedded images in this note: the plan limits them.",
    "DOC_HASH_DUPLICATE": HELD_BY_THE_TRASH,
}
_BY_REASON: Final = {
    "duration": "Shorten the recording: the plan limits the length of audio.",
    "size": "Make the file smaller: the plan limits the size of audio.",
    "signature": "The content does not match the extension: export the file again in its format.",
    "mime": "Convert the file to mp3, m4a, wav, flac or ogg.",
}
_BY_STATUS: Final = {
    413: "Make the file smaller: the server does not take requests of this size.",
    451: "Picora withholds this for legal reasons: ask its support.",
}
_CONFLICT: Final = 409
_SAME_CONTENT: Final = (
    "Picora seems to hold the same text already, perhaps in its trash; title, tags and visibility do not count. "
    "Delete that document there for good, or change the text of this note."
)
_REJECTED: Final = "Change the file (or its name, title or tags) as the message says; it is then tried again."
_SCOPES: Final = {
    "GET": "The key may not read this: make one with the scope `read` or more.",
    "DELETE": "The key may not delete: make one with the scope `read_write_delete`.",
}
_SCOPE: Final = "The key may not write: make one with the scope `read_write` or `read_write_delete`."


class Coded(Protocol):
    """An error body: a code and what comes with it."""

    @property
    def code(self) -> str:
        """The machine code, or ""."""

    @property
    def meta(self) -> dict[str, object]:
        """Its details."""


def of_connecting(text: str) -> str:
    """For a connection that was never made; TLS errors are told apart by their text."""
    return _CERTIFICATE if "CERTIFICATE" in text.upper() else _CONNECT


def of_address(base_url: str) -> str:
    """For a server that does not know the API's first call: what is too much in ``account.url``, which the paths of the
    API, ``/v1`` in them, are put behind.
    """
    path = urlsplit(base_url).path
    return f"Check `account.url` in the configuration: leave out {path}." if path else NOT_PICORA


def of_scope(method: str) -> str:
    """For a key that may not make this kind of call (contract §1.1)."""
    return _SCOPES.get(method, _SCOPE)


def of_rejection(status: int, envelope: Coded | None, call: str = "") -> str:
    """For a request that this server will never take as it is (contract §2, §8.1, §15 #11). ``call``: method, path."""
    if envelope is not None and envelope.code in _BY_CODE:
        return _BY_CODE[envelope.code]
    reason = str(envelope.meta.get("reason", "")) if envelope is not None else ""
    if status == _CONFLICT and call == "POST /v1/docs":
        return _SAME_CONTENT
    return _BY_REASON.get(reason) or _BY_STATUS.get(status, _REJECTED)
