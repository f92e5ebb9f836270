"""What ``serve`` can be told, and what it refuses to be told."""

from pathlib import Path
from typing import Any

import pytest

from picora_sync.server.errors import ServerError
from picora_sync.server.settings import MOST_WORKERS, ServerSettings

POSTGRES = "postgresql+psycopg://picora@db/picora"
REFUSED: dict[str, dict[str, Any]] = {
    "unknown plan": {"plan": "gold"},
    "no port": {"port": 65_536},
    "all addresses": {"host": "0.0.0.0"},  # noqa: S104 - what is tested
    "all addresses of version 6": {"host": "::"},
    "an address of the network": {"host": "192.0.2.7"},
    "a name": {"host": "picora.example"},
    "workers on SQLite": {"workers": 2},
    "workers on SQLite by URL": {"workers": 2, "database": "sqlite:///x.db"},
    "no worker": {"workers": 0, "database": POSTGRES},
    "too many workers": {"workers": MOST_WORKERS + 1, "database": POSTGRES},
}
ACCEPTED: dict[str, dict[str, Any]] = {
    "loopback": {"host": "127.0.0.1"},
    "another loopback": {"host": "127.0.0.9"},
    "loopback of version 6": {"host": "::1"},
    "localhost": {"host": "localhost"},
    "all addresses, allowed": {"host": "0.0.0.0", "allow_remote": True},  # noqa: S104 - what is tested
    "workers on PostgreSQL": {"workers": MOST_WORKERS, "database": POSTGRES},
}
BASE_URLS = [
    "https://picora.example.org",
    "https://picora.example.org/",
    "http://10.0.0.7:8080",
    "https://example.org/team/notes",
    "http://[2001:db8::1]:8080",
]
NO_BASE_URLS = [
    "",
    "picora.example.org",
    "ftp://picora.example.org",
    "https://",
    "https:///path",
    "https://picora.example.org?x=1",
    "https://picora.example.org#top",
    "https://ada:secret@picora.example.org",
    "https://picora.example.org:0",
    "https://picora.example.org:65536",
    "https://picora.example.org:port",
    "https://pico ra.example.org",
    "https://picora.example.org/a)b",
    'https://picora.example.org/"onload',
    "https://picora.example.org\r\nSet-Cookie: x",
    "https://[::1",
    "https://пикора.example",
]


@pytest.mark.parametrize("told", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_work_is_refused_with_a_hint(told: dict[str, Any]) -> None:
    with pytest.raises(ServerError) as refused:
        ServerSettings(data=Path("data"), **told)
    assert refused.value.hint


@pytest.mark.parametrize("told", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_can_work_is_accepted(told: dict[str, Any]) -> None:
    assert ServerSettings(data=Path("data"), **told).reachable is told.get("allow_remote", False)


@pytest.mark.parametrize("url", BASE_URLS)
def test_a_public_url_has_scheme_host_and_perhaps_a_path(url: str) -> None:
    assert ServerSettings(data=Path("data"), public_url=url).public_url == url


@pytest.mark.parametrize("url", NO_BASE_URLS)
def test_a_public_url_that_paths_cannot_follow_is_refused(url: str) -> None:
    with pytest.raises(ServerError, match="can be built on"):
        ServerSettings(data=Path("data"), public_url=url)
