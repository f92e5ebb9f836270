"""From a storage URL to the object store behind it, and from what that says to a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from picora_sync.server.errors import ServerError

if TYPE_CHECKING:  # obstore declares them for type checkers alone
    from obstore.store import ClientConfig, RetryConfig, S3Config

_HINT = "Use s3://bucket/prefix?endpoint=https://host&region=name, or file:///directory."
_OPTIONS = frozenset({"endpoint", "region"})
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.\[\]:_/-]+")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_DEFAULT_REGION = "us-east-1"
# A client waits for the answer: a store that is away must become a 502 in seconds, not in obstore's three minutes.
_CONNECT_TIMEOUT = timedelta(seconds=3)
_READ_TIMEOUT = timedelta(seconds=20)
_REQUEST_TIMEOUT = timedelta(seconds=120)
_MAX_RETRIES = 2
_RETRY_FOR = timedelta(seconds=8)


def open_store(url: str) -> Path | S3Store:
    """The directory of ``file:///path``, or the store of ``s3://bucket/prefix?endpoint=https://host&region=name``.

    A directory must be there: that of a network share which is not mounted is not made anew. Credentials come from the
    environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, …), never from the URL.

    Raises:
        ServerError: the URL is wrong; what it says is not repeated, there may be a secret in it.
    """
    try:
        return _KINDS.get(urlsplit(url).scheme, _unknown)(url)
    except BaseError as error:
        raise ServerError(f"The storage URL cannot be used: {reason(error)}", hint=_HINT) from error
    except ValueError as error:
        raise ServerError(f"The storage URL cannot be used: {error}", hint=_HINT) from error


def reason(error: Exception) -> str:
    """What a store, or the disk, has against it: the code of S3, or the end of a long story; no URL."""
    code = _CODE.search(str(error))
    return f"it answers {code[1]}" if code else str(error).partition("\n")[0].rpartition(" - ")[2]


def _directory(url: str) -> Path:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not path.is_absolute():
        raise ValueError("a directory needs an absolute path")
    if not path.is_dir():
        raise ValueError(f"there is no directory {path}")
    return path


def _s3(url: str) -> S3Store:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    if not parts.hostname or parts.username is not None or not options.keys() <= _OPTIONS:
        raise ValueError("it needs a bucket and may have the options " + " and ".join(sorted(_OPTIONS)))
    client: ClientConfig = {
        "connect_timeout": _CONNECT_TIMEOUT,
        "read_timeout": _READ_TIMEOUT,
        "timeout": _REQUEST_TIMEOUT,
    }
    retry: RetryConfig = {"max_retries": _MAX_RETRIES, "retry_timeout": _RETRY_FOR}
    config: S3Config = {}
    endpoint = options.get("endpoint")
    if endpoint is not None:
        if _ENDPOINT.fullmatch(endpoint) is None:
            raise ValueError("the endpoint is no URL")
        config = {"endpoint": endpoint, "region": _DEFAULT_REGION}
        client["allow_http"] = endpoint.startswith("http://")
    if "region" in options:
        config["region"] = options["region"]
    prefix = parts.path.strip("/") or None
    return S3Store(parts.netloc, prefix=prefix, config=config, client_options=client, retry_config=retry)


def _unknown(_url: str) -> Path:
    raise ValueError("there is no support for this kind")


_KINDS: dict[str, Callable[[str], Path | S3Store]] = {"file": _directory, "s3": _s3}
