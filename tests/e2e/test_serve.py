"""`picora-sync serve` as a process: keys made and revoked beside it, its access log, what it refuses."""

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.contract import samples
from tests.e2e.harness import Server, picora, wait_until

VERIFY = "/v1/auth/verify"


def serve(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One administrative call on the same data."""
    return picora("serve", "--data", server.data, *arguments)


def status(server: Server, key: str, method: str = "GET", path: str = VERIFY) -> int:
    with server.client(key) as client:
        return client.request(method, path).status_code


@pytest.mark.parametrize(
    ("scope", "written", "deleted"),
    [("read", 403, 403), ("read_write", 422, 403), ("read_write_delete", 422, 404)],
)
def test_a_key_made_beside_the_server_works_at_once_within_its_scope(
    server: Server, scope: str, written: int, deleted: int
) -> None:
    """§1.1 scopes: --add-key prints one line, the key; it may do what its scope says."""
    made = serve(server, "--add-key", "--scope", scope)
    assert (made.returncode, made.stderr) == (0, "")
    key = made.stdout.strip()
    assert status(server, key) == 200
    with server.client(key) as client:
        assert client.post("/v1/docs", json={"filename": 1}).status_code == written
    assert status(server, key, "DELETE", "/v1/docs/" + "0" * 21) == deleted


def test_a_new_key_may_do_everything_unless_told_otherwise(server: Server) -> None:
    made = serve(server, "--add-key", "--json")
    assert json.loads(made.stdout)["scope"] == "read_write_delete"
    assert status(server, json.loads(made.stdout)["key"], "DELETE", "/v1/docs/x") == 404


def test_a_new_key_belongs_to_the_same_account_and_leaves_its_plan_alone(tmp_path: Path) -> None:
    server = Server(tmp_path / "picora", options=("--plan", "trial")).start()
    try:
        key = serve(server, "--add-key").stdout.strip()
        with server.client() as first, server.client(key) as second:
            own, other = first.get(VERIFY).json()["data"], second.get(VERIFY).json()["data"]
    finally:
        server.stop()
    assert (other["userId"], other["plan"]) == (own["userId"], "trial")
    assert other["apiKeyId"] != own["apiKeyId"]


@pytest.mark.parametrize("by", ["key", "id"])
def test_a_revoked_key_is_refused_at_once_while_the_server_runs(server: Server, by: str) -> None:
    """§1 API key: revocation takes effect in seconds; here with the next request."""
    key = serve(server, "--add-key").stdout.strip()
    with server.client(key) as client:
        key_id = client.get(VERIFY).json()["data"]["apiKeyId"]
    revoked = serve(server, "--revoke", key if by == "key" else key_id)
    assert (revoked.returncode, revoked.stderr) == (0, "")
    assert status(server, key) == 401
    assert status(server, server.key) == 200


def test_an_unknown_or_revoked_key_cannot_be_revoked(server: Server) -> None:
    key = serve(server, "--add-key").stdout.strip()
    assert serve(server, "--revoke", key, "--json").stdout == '{"revoked": true}\n'
    for known in (key, "sk_live_" + "0" * 32):
        refused = serve(server, "--revoke", known)
        assert refused.returncode == 1
        assert "no such key" in refused.stderr


def test_revoking_in_a_directory_that_is_not_there_makes_none(tmp_path: Path) -> None:
    refused = picora("serve", "--data", tmp_path / "typo", "--revoke", "x")
    assert refused.returncode == 1
    assert not (tmp_path / "typo").exists()


def test_check_says_that_everything_is_there_and_what_is_not(server: Server) -> None:
    """--check verifies rows and bytes beside a running server; a missing object is named and the exit code is 1."""
    with server.client() as client:
        sent = client.post("/v1/docs", json={"filename": "a.md", "content": "x" * 300_000})
    whole = serve(server, "--check", "--json")
    report = json.loads(whole.stdout)
    assert (whole.returncode, report["ok"], report["documents"], report["problems"]) == (0, True, 1, [])
    stored = next(path for path in server.data.rglob("*") if path.is_file() and path.stat().st_size == 300_000)
    stored.unlink()
    broken = serve(server, "--check")
    assert broken.returncode == 1
    assert sent.json()["data"]["id"] in broken.stdout


def test_check_needs_a_library(tmp_path: Path) -> None:
    refused = picora("serve", "--data", tmp_path / "typo", "--check")
    assert refused.returncode == 1
    assert not (tmp_path / "typo").exists()


def test_a_restart_replaces_a_kept_key_that_was_revoked(server: Server) -> None:
    first = server.key
    assert serve(server, "--revoke", first).returncode == 0
    server.stop()
    server.start()
    assert server.key != first
    assert [status(server, key) for key in (first, server.key)] == [401, 200]


def test_a_given_key_that_was_revoked_is_not_accepted_again(server: Server) -> None:
    assert serve(server, "--revoke", server.key).returncode == 0
    server.stop()
    refused = serve(server, "--port", "0", "--key", server.key)
    assert refused.returncode == 1
    assert "was revoked" in refused.stderr


def test_a_key_made_before_the_first_start_is_accepted_after_it(tmp_path: Path) -> None:
    server = Server(tmp_path / "picora")
    key = serve(server, "--add-key").stdout.strip()
    server.start()
    try:
        assert [status(server, known) for known in (key, server.key)] == [200, 200]
    finally:
        server.stop()


@pytest.mark.parametrize(
    "arguments",
    [["--scope", "read"], ["--add-key", "--revoke", "x"], ["--check", "--add-key"], ["--add-key", "--scope", "write"]],
    ids=["scope alone", "key and revoke", "check and key", "unknown scope"],
)
def test_options_that_make_no_sense_together_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    assert picora("serve", "--data", tmp_path / "picora", *arguments).returncode == 2
    assert not (tmp_path / "picora").exists()


def test_the_access_log_names_method_path_and_status(server: Server) -> None:
    assert status(server, server.key) == 200
    wait_until(lambda: VERIFY in server.log.read_text(), 60, "a line, which is written after the answer")
    line = next(line for line in server.log.read_text().splitlines() if VERIFY in line)
    assert "GET" in line
    assert " 200" in line
    assert server.key not in server.log.read_text()


def test_ids_that_are_no_utf_8_are_not_found(server: Server) -> None:
    """§2 404: a path of any bytes gets the envelope."""
    for path in (
        "/v1/docs/%FF%FE",
        "/v1/audio/%E2%82%AC",
        "/v1/images/%C3%28",
        "/media/%ff.png",
        "/v1/docs/%ED%A0%80/raw",
    ):
        with server.client() as client:
            response = client.get(httpx.URL(server.url + path))
        assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND"), path


def test_bytes_are_not_held_back(server: Server) -> None:
    """A streamed body does not wait for the client's delayed acknowledgement of its head (40 ms on Linux)."""
    with server.client() as client:
        url = client.post("/v1/images", files={"file": ("a.png", samples.png(), "image/png")}).json()["data"]["url"]
        assert any(client.get(url).elapsed < timedelta(milliseconds=30) for _ in range(500))
