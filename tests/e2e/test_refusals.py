"""What the other side may refuse: each time a sentence and a hint, and the other files go on."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from picora_sync.server.accounts import add_key
from picora_sync.server.settings import ServerSettings
from tests.e2e.harness import Daemon, Server, picora, wait_until, write_config


def test_a_key_without_the_delete_scope_still_uploads_and_says_what_it_lacks(tmp_path: Path, server: Server) -> None:
    with server.client() as client:
        user_id = client.get("/v1/auth/verify").json()["data"]["userId"]
    full, server.key = server.key, add_key(ServerSettings(data=server.data), user_id, "read_write")
    notes = tmp_path / "notes"
    notes.mkdir()
    for name in ("a", "b", "c"):
        (notes / f"{name}.md").write_text(f"{name}\n")
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    assert picora("sync", config=config).returncode == 0
    (notes / "a.md").write_text("a, edited\n")
    (notes / "b.md").unlink()
    done = picora("sync", "--json", config=config)
    report = json.loads(done.stdout)
    assert (report["uploaded"], report["deleted"]) == (1, 0)
    assert sorted(doc["title"] for doc in server.docs()) == ["a", "a", "b", "c"]
    refused = [problem for problem in report["problems"] if problem["code"] == "SCOPE_MISSING"]
    assert sorted(problem["path"] for problem in refused) == ["a.md", "b.md"]
    assert "delet" in (refused[0]["message"] + refused[0]["hint"]).lower()
    for _ in range(2):
        _expect_left(config, server)
    daemon = Daemon(config, tmp_path / "run.log").start()
    try:
        wait_until(lambda: daemon.status()["running"], 60, "the daemon runs")
        _expect_left(config, server)
    finally:
        daemon.stop()
    server.key = full
    write_config(tmp_path, server, [{"path": str(notes)}])
    done = picora("sync", config=config)
    assert (done.returncode, "gone     notes/b.md" in done.stdout) == (0, True)
    assert json.loads(picora("problems", "--json", config=config).stdout) == []
    assert sorted(doc["title"] for doc in server.docs()) == ["a", "c"]


def _expect_left(config: Path, server: Server) -> None:
    """The deleted note and the old version of the edited one, wherever one looks, in each process."""
    done = picora("sync", "--json", config=config)
    assert (done.returncode, len(json.loads(done.stdout)["problems"])) == (1, 2)
    on_picora = {f"{server.url}/v1/docs/{doc['id']}/raw" for doc in server.docs()}
    left = [each for each in json.loads(picora("problems", "--json", config=config).stdout) if each["url"]]
    assert sorted(each["path"] for each in left) == ["a.md", "b.md"]
    assert {each["url"] for each in left} < on_picora
    status = picora("status", config=config)
    assert (status.returncode, status.stdout.partition(":")[0]) == (1, "ATTENTION")
    assert all(each["url"] in status.stdout for each in left)
    listed = json.loads(picora("ls", "--json", config=config).stdout)
    assert {each["url"] for each in listed} == on_picora
    assert sorted((each["path"], each["left"]) for each in listed if "left" in each) == [
        ("a.md", "replaced"),
        ("b.md", "removed"),
    ]


class _Portal(BaseHTTPRequestHandler):
    """Answers everything with a login page, as a hotel does."""

    def do_GET(self) -> None:
        body = b"<html><body>Please log in</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  (the names http.server asks for)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  (its signature)
        """Keep quiet."""


@contextmanager
def portal() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Portal)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_login_page_is_not_taken_for_picora(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("a\n")
    with portal() as port:
        config = write_config(
            tmp_path, Server(tmp_path / "picora", port=port, key="sk_live_" + "x" * 32), [{"path": str(notes)}]
        )
        done = picora("sync", config=config)
    assert done.returncode == 69
    assert "proxy or login page" in done.stderr


def test_beside_the_index_of_another_account_no_command_goes_on(tmp_path: Path, server: Server) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("a\n")
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    assert picora("sync", config=config).returncode == 0
    other = Server(tmp_path / "other").start()
    try:
        write_config(tmp_path, other, [{"path": str(notes)}])
        for command in ("sync", "run", "plan", "verify", "rebuild"):
            done = picora(command, config=config)
            assert (command, done.returncode) == (command, 78)
            assert f"belongs to another account ({server.url})" in done.stderr
        assert other.docs() == []
    finally:
        other.stop()
    write_config(tmp_path, server, [{"path": str(notes)}])
    assert json.loads(picora("rebuild", "--json", config=config).stdout)["recognised"] == 1


def test_without_picora_and_without_a_key_a_plan_is_made_and_says_so(tmp_path: Path, server: Server) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("a\n")
    config = write_config(tmp_path, server, [{"path": str(notes)}])
    server.stop()
    for _ in range(2):
        done = picora("plan", "--json", config=config)
        assert (done.returncode, len(json.loads(done.stdout)["actions"])) == (0, 1)
        assert "Note: Picora was not asked" in done.stderr
        (tmp_path / "key").unlink(missing_ok=True)
