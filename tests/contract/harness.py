"""What the contract tests hold in their hands: a clock they set, a server, and one credential's view of it."""

import base64
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from picora_sync.server import accounts
from picora_sync.server.app import App, Bootstrap, bootstrap, create_app
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store import schema
from picora_sync.server.store.database import Database
from tests.contract import samples

Json = dict[str, Any]
Anything: TypeAlias = Any
"""A decoded value, or an argument that httpx checks."""
BASE_URL = "http://testserver"
FULL_SCOPE: accounts.Scope = "read_write_delete"
MIB = 1024 * 1024


def parse_time(text: str) -> datetime:
    """A wire timestamp as a datetime."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


@dataclass
class Clock:
    """Seconds since the epoch, moved by hand; 09:30:00 UTC on 2026-05-02 is a window's start."""

    now_s: float = datetime(2026, 5, 2, 9, 30, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


class Api:
    """Requests with one credential, or none; helpers for the uploads every test needs."""

    def __init__(self, app: Anything, key: str | None, user_id: str = "") -> None:
        self.app = app
        self.key = key
        self.user_id = user_id
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url=BASE_URL, headers=headers)
        self.get = self.client.get
        self.head = self.client.head
        self.post = self.client.post
        self.patch = self.client.patch

    def delete(self, path: str, **kwargs: Anything) -> httpx.Response:
        """DELETE, which may have a JSON body."""
        return self.client.request("DELETE", path, **kwargs)

    def data(self, path: str, **params: Anything) -> Anything:
        """``data`` of a GET that must succeed."""
        return ok(self.get(path, params=params))

    def post_audio(
        self, data: bytes, name: str = "rain.mp3", mime: str = "audio/mpeg", **fields: str
    ) -> httpx.Response:
        return self.post("/v1/audio", files={"file": (name, data, mime)}, data=fields)

    def post_image(self, data: bytes, name: str = "dot.png", mime: str = "image/png", **fields: str) -> httpx.Response:
        return self.post("/v1/images", files={"file": (name, data, mime)}, data=fields)

    def post_doc(self, content: str = "# Hello\n", filename: str = "note.md", **fields: Anything) -> httpx.Response:
        return self.post("/v1/docs", json={"filename": filename, "content": content, **fields})

    def new_audio(self, data: bytes = samples.AUDIO["mp3"].data, **fields: str) -> Json:
        return ok(self.post_audio(data, **fields), 201)

    def new_image(self, data: bytes = samples.IMAGES["png"].data, **fields: str) -> Json:
        return ok(self.post_image(data, **fields), 201)

    def new_doc(self, content: str = "# Hello\n", **fields: Anything) -> Json:
        return ok(self.post_doc(content, **fields), 201)

    def raw(self, doc_id: str) -> str:
        """The stored text of a document, as bytes on the wire decoded without newline changes."""
        response = self.get(f"/v1/docs/{doc_id}/raw")
        assert response.status_code == 200, response.text
        return response.content.decode("utf-8")


@dataclass
class Service:
    """One embedded server with its own data directory."""

    data: Path
    plan: str = "pro_plus"
    rate_limits: bool = False
    database: str | None = None
    storage: str | None = None
    soft_delete: bool = False
    purge: bool = True
    clock: Any = time.time
    clients: list[Api] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = ServerSettings(
            data=self.data,
            plan=self.plan,
            rate_limits=self.rate_limits,
            database=self.database,
            storage=self.storage,
            soft_delete=self.soft_delete,
            purge=self.purge,
        )
        self.account, self.app = self.start()

    def start(self) -> tuple[Bootstrap, App]:
        """The first account, and the application."""
        account = bootstrap(self.settings, self.clock)
        return account, create_app(self.settings, base_url=BASE_URL, clock=self.clock)

    def api(self, key: str | None = None, user_id: str = "") -> Api:
        """The view of ``key``; without one, the anonymous view."""
        api = Api(self.app, key, user_id)
        self.clients.append(api)
        return api

    def owner(self) -> Api:
        """The view of the bootstrapped account, on the service's own plan."""
        return self.api(self.account.key, self.account.user_id)

    def tenant(self, plan: str = "pro_plus", scope: accounts.Scope = FULL_SCOPE, *, admin: bool = False) -> Api:
        """A new account with one key."""
        user_id = accounts.add_user(self.settings, plan=plan, admin=admin, clock=self.clock)
        return self.api(self._add_key(user_id, scope), user_id)

    def second_key(self, api: Api, scope: accounts.Scope = FULL_SCOPE) -> Api:
        """Another key of the same account."""
        return self.api(self._add_key(api.user_id, scope), api.user_id)

    def revoke(self, api: Api) -> None:
        """Refuse the key of ``api`` from now on."""
        assert api.key
        assert accounts.revoke_key(self.settings, api.key, clock=self.clock)

    def move_to_plan(self, api: Api, plan: str) -> None:
        accounts.set_plan(self.settings, api.user_id, plan)

    def _add_key(self, user_id: str, scope: accounts.Scope) -> str:
        return accounts.add_key(self.settings, user_id, scope, clock=self.clock)

    def everything_stored(self) -> dict[str, bytes]:
        """Every file of the data directory, and every table as text if the database is elsewhere."""
        found = {str(path): path.read_bytes() for path in self.data.rglob("*") if path.is_file()}
        if self.database is not None:
            with closing(Database(self.database)) as database, database.read() as connection:
                for table in schema.metadata.sorted_tables:
                    found[table.name] = str(connection.execute(table.select()).all()).encode()
        return found

    def close(self) -> None:
        for api in self.clients:
            api.client.close()
        self.app.close()


def ok(response: httpx.Response, status: int = 200) -> Anything:
    """``data`` of a success envelope with exactly this status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:400]}"
    body = response.json()
    assert body["success"] is True
    return body["data"]


def must_fail(response: httpx.Response, status: int, code: str | tuple[str, ...] | None = None, **meta: object) -> Json:
    """The error envelope (§2) with this status, one of these codes, and at least this ``meta``."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:400]}"
    body: Json = response.json()
    assert body["success"] is False
    assert isinstance(body["error"], str)
    assert body["error"]
    assert response.headers["x-request-id"]
    if code is not None:
        assert body["code"] in ((code,) if isinstance(code, str) else code), body
    got = body.get("meta") or {}
    assert {name: got.get(name) for name in meta} == meta, body
    return body


def uri_bytes(uri: str) -> bytes:
    """What a base64 data URI holds."""
    return base64.b64decode(uri.split(",", 1)[1])


def multipart(*parts: tuple[str, bytes], boundary: str = "contract-boundary") -> dict[str, Any]:
    """A multipart request from raw part headers and bodies, for what a client library would not send."""
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return {
        "content": body + f"--{boundary}--\r\n".encode(),
        "headers": {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    }
