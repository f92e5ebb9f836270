"""Two real server processes on one PostgreSQL and one S3 endpoint: one set of limits, quotas and hashes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from picora_sync.server import accounts
from picora_sync.server.check import check
from picora_sync.server.settings import ServerSettings
from tests.backends import Backends
from tests.contract import samples
from tests.server_process import Running, Starter

ROOT = Path(__file__).parents[2]
_WAIT_S = 60
_CONTRACT_WITHIN_S = 300
_THREADS = 8
# Where another database could differ: order, text search, sums, types, faults.
_CONTRACT = ("docs_dedup", "lists", "media_batch", "storage_faults")


@dataclass
class Pair:
    """Two servers on one library, with data directories of their own."""

    settings: ServerSettings
    servers: list[Running]

    def everywhere(self, calls: int, call: Callable[[httpx.Client, int], Any]) -> list[Any]:
        """Make calls at the same time, half of them at each server."""
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(lambda number: call(self.servers[number % 2].client, number), range(calls)))


@pytest.fixture
def start(both: Backends, tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    """Starts two servers at the same moment on an empty library, for a tenant of a plan."""
    starters = [Starter(tmp_path / name) for name in ("a", "b")]

    def make(*, plan: str = "pro_plus", rate_limits: bool = False) -> Pair:
        library = both.fresh()
        settings = ServerSettings(data=starters[0].data, rate_limits=rate_limits, **library)  # type: ignore[arg-type]  # a table of keywords
        launched = [starter.launch(rate_limits=rate_limits, **library) for starter in starters]
        servers = [starter.ready(process) for starter, process in zip(starters, launched, strict=True)]
        user_ids = {server.client.get("/v1/auth/verify").json()["data"]["userId"] for server in servers}
        assert len(user_ids) == 1, "two first users were made"
        key = accounts.add_key(settings, accounts.add_user(settings, plan=plan))
        for server in servers:
            server.client.headers["Authorization"] = f"Bearer {key}"
        return Pair(settings, servers)

    yield make
    for starter in starters:
        starter.end()


def post_doc(client: httpx.Client, content: str) -> httpx.Response:
    return client.post("/v1/docs", json={"filename": "a.md", "content": content})


def post_image(client: httpx.Client, salt: str) -> httpx.Response:
    return client.post("/v1/images", files={"file": ("a.png", samples.png(salt.encode()), "image/png")})


def used(client: httpx.Client, kind: str) -> int:
    return int(client.get("/v1/user/me/usage").json()["data"][kind]["totalCount"])


def test_two_servers_keep_one_rate_window(start: Callable[..., Pair]) -> None:
    pair = start(rate_limits=True)
    counted = 0
    for number in range(130):  # at most one new minute begins meanwhile
        response = pair.servers[number % 2].client.post("/v1/docs", json={})
        if response.status_code == 429:
            break
        left = int(response.headers["RateLimit-Remaining"])
        counted = 1 if left == 59 else counted + 1
        assert left == 60 - counted
    assert (response.status_code, counted) == (429, 60)
    limits = [server.client.get("/v1/user/me/rate-limits").json()["data"]["hourly"] for server in pair.servers]
    assert limits[0]["remaining"] == limits[1]["remaining"]


def test_no_request_is_counted_twice_or_never(start: Callable[..., Pair]) -> None:
    pair = start(rate_limits=True)
    responses = pair.everywhere(200, lambda client, _: client.get("/v1/auth/verify"))
    windows: dict[int, list[int]] = {}
    for response in responses:
        left = int(response.headers["RateLimit-Remaining"])
        windows.setdefault(left, []).append(response.status_code)
    assert max(len(same) for same in windows.values()) <= 2  # twice only if a new minute began
    assert sum(len(same) for same in windows.values()) == 200
    assert len(windows) == 200 or 599 in windows


def test_two_servers_keep_one_quota(start: Callable[..., Pair]) -> None:
    pair = start(plan="trial")
    statuses = [each.status_code for each in pair.everywhere(130, lambda client, n: post_doc(client, f"# {n}\n"))]
    assert sorted(statuses) == [201] * 100 + [403] * 30
    assert used(pair.servers[0].client, "docs") == used(pair.servers[1].client, "docs") == 100
    assert check(pair.settings).problems == ()


@pytest.mark.parametrize("post", [post_doc, post_image], ids=["document", "image"])
def test_equal_uploads_at_both_servers_become_one(start: Callable[..., Pair], post: Any) -> None:
    pair = start()
    answers = pair.everywhere(40, lambda client, number: post(client, f"same {number // 8}"))
    assert sorted(each.status_code for each in answers) == [200] * 35 + [201] * 5
    assert len({each.json()["data"]["id"] for each in answers}) == 5
    assert check(pair.settings).problems == ()


def test_what_is_deleted_at_both_servers_is_freed_once(start: Callable[..., Pair]) -> None:
    pair = start()
    made = [each.json()["data"]["id"] for each in pair.everywhere(20, lambda client, n: post_doc(client, f"{n}"))]

    def delete(client: httpx.Client, _number: int) -> int:
        return int(client.request("DELETE", "/v1/docs", json={"ids": made}).json()["data"]["deleted"])

    assert sum(pair.everywhere(_THREADS, delete)) == 20
    assert check(pair.settings).problems == ()


def test_a_reader_of_changes_misses_nothing_that_two_servers_write(start: Callable[..., Pair]) -> None:
    pair = start()
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        cursor, last = None, False
        for _ in range(10_000):
            last = done.is_set()
            params = {"limit": "5"} | ({"since": cursor} if cursor else {})
            page = pair.servers[0].client.get("/v1/sync/state", params=params).json()["data"]
            seen.extend(change["id"] for change in page["changes"])
            cursor = page["nextCursor"]
            if last and not page["hasMore"]:
                return

    reader = threading.Thread(target=read)
    reader.start()
    made = [each.json()["data"]["id"] for each in pair.everywhere(80, lambda client, n: post_image(client, f"{n}"))]
    done.set()
    reader.join(_WAIT_S)
    assert sorted(seen) == sorted(made)


def test_what_one_server_stores_the_other_serves_and_a_kill_of_one_leaves_the_other(start: Callable[..., Pair]) -> None:
    pair = start()
    one, other = pair.servers
    text = "x" * 300_000
    made = post_doc(one.client, text).json()["data"]["id"]
    os.kill(one.process.pid, signal.SIGKILL)
    one.process.wait(_WAIT_S)
    assert other.client.get(f"/v1/docs/{made}/raw").text == text
    assert post_image(other.client, "alone").status_code == 201


@pytest.mark.parametrize("backend", ["s3", "postgres"])
def test_a_backend_that_is_away_is_502_and_leaves_nothing(
    start: Callable[..., Pair], both: Backends, backend: str
) -> None:
    pair = start()
    client = pair.servers[0].client
    assert post_image(client, "before").status_code == 201
    process = getattr(both, backend)
    process.end(signal.SIGINT)
    try:
        answer = post_image(client, "during")
    finally:
        process.start()
    assert (answer.status_code, answer.json()["code"]) == (502, "STORAGE_ERROR")
    assert used(client, "images") == 1
    assert post_image(client, "during").status_code == 201
    assert check(pair.settings).problems == ()


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=100-", 100, 32_108), ("bytes=-1", 32_108, 32_108)]
)
def test_a_part_of_an_object_is_what_was_asked_for(
    start: Callable[..., Pair], asked: str, first: int, last: int
) -> None:
    client, sound = start().servers[0].client, samples.mp3()
    url = client.post("/v1/audio", files={"file": ("a.mp3", sound, "audio/mpeg")}).json()["data"]["url"]
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, sound[first : last + 1])


def test_check_finds_an_object_that_the_bucket_lost(start: Callable[..., Pair], both: Backends) -> None:
    pair = start()
    post_image(pair.servers[0].client, "here")
    emptied = replace(pair.settings, storage=both.storage("nothing"))
    assert [problem.kind for problem in check(emptied).problems] == ["missing"]


def test_a_part_of_the_contract_holds_here_too(both: Backends) -> None:
    """``make contract-postgres`` runs all of it."""
    del both  # they can be had: the suite starts its own
    files = [f"tests/contract/test_{name}.py" for name in _CONTRACT]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PICORA_TEST_BACKEND": "postgres+s3"},
        capture_output=True,
        text=True,
        timeout=_CONTRACT_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
