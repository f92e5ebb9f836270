"""From a storage URL to the object store behind it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from obstore.exceptions import BaseError
from obstore.store import ObjectStore, S3Store, from_url

from picora_sync.server.errors import ServerError

if TYPE_CHECKING:  # obstore declares them for type checkers alone
    from obstore.store import ClientConfig, RetryConfig, S3Config

_OPTIONS = frozenset({"endpoint", "region"})
_DEFAULT_REGION = "us-east-1"
# A client waits for the answer: a store that is away must become a 502 in seconds, not in obstore's three minutes.
_CONNECT_TIMEOUT = timedelta(seconds=3)
_READ_TIMEOUT = timedelta(seconds=20)
_REQUEST_TIMEOUT = timedelta(seconds=120)
_MAX_RETRIES = 2
_RETRY_FOR = timedelta(seconds=8)


def open_store(url: str) -> ObjectStore:
    """The store of ``s3://bucket/prefix?endpoint=https://host&region=name``, or of any URL that obstore knows.

    Credentials come from the environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, …), never from the URL.

    Raises:
        ServerError: the URL is wrong.
    """
    try:
        parts = urlsplit(url)
        return _s3(url) if parts.scheme == "s3" else from_url(url)
    except (BaseError, ValueError) as error:
        raise ServerError(
            f"The storage URL cannot be used: {error}", hint="Use s3://bucket/prefix?endpoint=https://host&region=name."
        ) from error


def _s3(url: str) -> ObjectStore:
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
        config = {"endpoint": endpoint, "region": _DEFAULT_REGION}
        client["allow_http"] = endpoint.startswith("http://")
    if "region" in options:
        config["region"] = options["region"]
    prefix = parts.path.strip("/") or None
    return S3Store(parts.netloc, prefix=prefix, config=config, client_options=client, retry_config=retry)
