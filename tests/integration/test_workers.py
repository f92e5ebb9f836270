"""``--workers``: several processes of one server on PostgreSQL and its own directory, seen from its one port."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from picora_sync.server import accounts
from picora_sync.server.check import check
from picora_sync.server.settings import ServerSettings
from tests import backends
from tests.backends import Backends
from tests.contract import samples
from tests.e2e.harness import Server
from tests.ports import reserve
from tests.server_process import WAIT_S, Running, Starter

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the test finds the workers in /proc")

WORKERS = 2
_THREADS = 12
_END_WITHIN_S = 60


@pytest.fixture
def database(both: Backends) -> str:
    return both.fresh()["database"]


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    starter.end()


@pytest.fixture
def running(starter: Starter, database: str) -> Running:
    """All workers answer, limits off."""
    started = starter(workers=WORKERS, database=database, rate_limits=False)
    backends.wait_until(lambda: len(serving(started)) == WORKERS, "not all workers serve")
    return started


def workers_of(running: Running) -> set[int]:
    """Their process ids."""
    return children_of(running.process.pid)


def children_of(parent: int) -> set[int]:
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    return {int(pid) for children in listed for pid in children.read_text().split()}


def serving(running: Running) -> set[int]:
    """Those that have come to serve: they catch SIGTERM."""
    caught: dict[int, int] = {}
    for pid in workers_of(running):
        with suppress(OSError, StopIteration):  # it may just have died
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            caught[pid] = int(next(line for line in lines if line.startswith("SigCgt:")).split()[1], 16)
    return {pid for pid, mask in caught.items() if mask >> (signal.SIGTERM - 1) & 1}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def at_once(calls: int, running: Running, call: Callable[[httpx.Client, int], httpx.Response]) -> list[httpx.Response]:
    """Each call on a connection of its own: the workers share them."""

    def one(number: int) -> httpx.Response:
        headers = dict(running.client.headers)
        # To load certificates, which plain HTTP does not need, takes longer than the request.
        plain = httpx.HTTPTransport(verify=False)
        with httpx.Client(base_url=running.url, headers=headers, timeout=WAIT_S, transport=plain) as client:
            return call(client, number)

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(one, range(calls)))


def post_doc(client: httpx.Client, content: str) -> httpx.Response:
    return client.post("/v1/docs", json={"filename": "a.md", "content": content})


def as_tenant(running: Running, starter: Starter, database: str, plan: str) -> ServerSettings:
    """Let the client be somebody on another plan."""
    settings = ServerSettings(data=starter.data, database=database)
    key = accounts.add_key(settings, accounts.add_user(settings, plan=plan))
    running.client.headers["Authorization"] = f"Bearer {key}"
    return settings


def test_equal_uploads_at_once_become_one(running: Running, starter: Starter, database: str) -> None:
    """§15 #33: one 201, the rest 200, one id."""
    answers = at_once(48, running, lambda client, number: post_doc(client, f"same {number // 12}"))
    assert Counter(each.status_code for each in answers) == {201: 4, 200: 44}
    assert len({each.json()["data"]["id"] for each in answers}) == 4
    assert check(ServerSettings(data=starter.data, database=database)).problems == ()


def test_the_quota_is_exact(running: Running, starter: Starter, database: str) -> None:
    """§14: 100 documents on the plan trial, and not one more."""
    settings = as_tenant(running, starter, database, "trial")
    answers = at_once(120, running, lambda client, number: post_doc(client, f"# {number}"))
    assert Counter(each.status_code for each in answers) == {201: 100, 403: 20}
    assert check(settings).problems == ()


def test_the_rate_limit_is_exact(starter: Starter, database: str) -> None:
    """§3: of the requests of one minute exactly 60 uploads pass."""
    running = starter(workers=WORKERS, database=database)
    answers = at_once(150, running, lambda client, _: client.post("/v1/docs", json={}))
    passed = [each for each in answers if each.status_code != 429]
    left = Counter(int(each.headers["RateLimit-Remaining"]) for each in passed)
    windows = max(left.values())  # two if a new minute began meanwhile
    assert windows <= 2
    assert len(passed) == 60 if windows == 1 else 60 < len(passed) <= 120
    assert set(left) == set(range(60))


def test_a_worker_that_dies_is_replaced_and_the_port_answers_all_the_time(running: Running) -> None:
    before = workers_of(running)
    os.kill(min(before), signal.SIGKILL)
    answers = at_once(30, running, lambda client, number: post_doc(client, f"# {number}"))
    assert {each.status_code for each in answers} == {201}
    backends.wait_until(lambda: len(serving(running)) == WORKERS, "the dead worker was not replaced")
    assert len(workers_of(running) & before) == WORKERS - 1


def test_all_workers_may_die(running: Running) -> None:
    for pid in workers_of(running):
        os.kill(pid, signal.SIGKILL)
    backends.wait_until(lambda: len(serving(running)) == WORKERS, "the workers were not replaced")
    assert running.client.get("/v1/auth/verify").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_them_all(running: Running, number: int) -> None:
    workers = workers_of(running)
    os.kill(running.process.pid, number)
    assert running.process.wait(_END_WITHIN_S) == 0
    assert not any(alive(pid) for pid in workers)


def test_a_worker_that_hangs_keeps_nobody_from_ending(running: Running) -> None:
    workers = workers_of(running)
    os.kill(min(workers), signal.SIGSTOP)
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(_END_WITHIN_S) == 0
    assert not any(alive(pid) for pid in workers)


def test_workers_go_with_a_parent_that_was_killed_and_the_port_is_free(starter: Starter, database: str) -> None:
    port = reserve(starter)
    running = starter(workers=WORKERS, database=database, port=port)
    backends.wait_until(lambda: len(serving(running)) == WORKERS, "not all workers serve")
    workers = workers_of(running)
    running.process.kill()
    running.process.wait(WAIT_S)
    backends.wait_until(lambda: not any(alive(pid) for pid in workers), "workers outlived their parent")
    again = starter(workers=WORKERS, database=database, port=port)
    assert again.client.get("/v1/auth/verify").status_code == 200


def test_a_start_beside_them_is_refused_and_harms_no_upload(running: Running, starter: Starter, database: str) -> None:
    assert "Another server" in starter.refusal(workers=WORKERS, database=database)
    sound: Any = ("a.mp3", samples.mp3(), "audio/mpeg")
    assert running.client.post("/v1/audio", files={"file": sound}).status_code == 201


def test_no_password_stands_among_the_arguments(starter: Starter, database: str) -> None:
    secret = database.replace("picora@", "picora:hidden-word@")
    running = starter(workers=WORKERS, database=secret, key="sk_live_" + "h" * 32)
    backends.wait_until(lambda: len(workers_of(running)) == WORKERS, "not all workers were started")
    shown = [Path(f"/proc/{pid}/cmdline").read_text() for pid in workers_of(running)]
    assert not any("hidden-word" in words or "sk_live_" in words for words in shown)


def test_who_looks_after_the_server_reads_that_a_worker_died(tmp_path: Path, database: str) -> None:
    server = Server(tmp_path / "picora", options=("--workers", "2", "--database", database)).start()
    try:
        assert server.process is not None
        (first, *_) = children_of(server.process.pid)
        os.kill(first, signal.SIGKILL)
        said = "WARNING A worker ended (-9): another one is started"
        backends.wait_until(lambda: said in server.log.read_text(), "nothing is said")
    finally:
        server.stop()
