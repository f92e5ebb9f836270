"""What the server answers instead of success (contract §2), and why it cannot start."""

from __future__ import annotations

from collections.abc import Mapping


class ServerError(Exception):
    """The server cannot start or go on: a sentence for people, and what they can do about it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DataInUse(ServerError):
    """Another server runs on the same data directory."""


class StorageUnavailable(Exception):
    """Object store or database did not do what it was asked; callers answer 502 STORAGE_ERROR."""


class CommitUnknown(StorageUnavailable):
    """The connection broke during a commit: the rows may be there, so the bytes they name must stay."""


class AlreadyThere(Exception):
    """The row cannot be stored, because another one has the same hash."""


class ApiError(Exception):
    """A refusal with its HTTP status, machine code, sentence and ``meta``."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        meta: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.meta = dict(meta) if meta else None
        self.headers = dict(headers) if headers else {}


def unauthorized(message: str = "A valid API key is needed") -> ApiError:
    """401: no bearer, or one that is not known."""
    return ApiError(401, "UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})


def forbidden(message: str) -> ApiError:
    """403: the plan does not include it, or it belongs to somebody else."""
    return ApiError(403, "FORBIDDEN", message)


def scope_missing(required: str) -> ApiError:
    """403: the key may not do this (contract §15 #3)."""
    message = f"This key lacks the scope {required}"
    return ApiError(403, "INSUFFICIENT_SCOPE", message, meta={"required": [required]})


def quota_exceeded(dimension: str, limit: int, used: int) -> ApiError:
    """403: no room left in one dimension (contract §14)."""
    meta = {"type": dimension, "limit": limit, "used": used}
    return ApiError(403, "QUOTA_EXCEEDED", f"Quota exceeded: {dimension}", meta=meta)


def not_found(what: str) -> ApiError:
    """404: not in the caller's library."""
    return ApiError(404, "NOT_FOUND", f"No such {what}")


def bad_request(message: str) -> ApiError:
    """400: the request cannot be parsed at all."""
    return ApiError(400, "BAD_REQUEST", message)


def unsupported_encoding() -> ApiError:
    """415: the body is compressed."""
    message = "A request body must not be compressed: send it without Content-Encoding"
    return ApiError(415, "UNSUPPORTED_MEDIA_TYPE", message, headers={"Accept-Encoding": "identity"})


def misdirected(host: str) -> ApiError:
    """421: the request is for another host, such as a web page that was bound to this address."""
    message = (
        f"This server does not answer for {host or 'a request without Host'}: use its own address, or --public-url"
    )
    return ApiError(421, "MISDIRECTED_REQUEST", message)


def too_busy(retry_after_s: int) -> ApiError:
    """503: too many bodies arrive at the same time."""
    message = "Too many uploads arrive at the same time: try again in a moment"
    return ApiError(503, "BUSY", message, headers={"Retry-After": str(retry_after_s)})


def too_large(limit_bytes: int) -> ApiError:
    """413: the body is over the hard cap (contract §15 #8)."""
    return ApiError(413, "PAYLOAD_TOO_LARGE", f"The request body is over {limit_bytes} bytes")


def invalid(field: str, message: str, **meta: object) -> ApiError:
    """422: one field is wrong; ``meta.field`` names it."""
    return ApiError(422, "VALIDATION_ERROR", message, meta={"field": field, **meta})


def storage_error() -> ApiError:
    """502: the object store is unavailable."""
    return ApiError(502, "STORAGE_ERROR", "The object store is unavailable, try again later")
