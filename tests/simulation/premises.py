"""Where one embedded server after another runs: what a first start costs is paid once in a process.

Each server finds the database as the first start left it, byte by byte, and no other file. Only SQLAlchemy's engine
lives on, for the statements it has compiled: it holds no connection meanwhile.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from picora_sync.server.app import App, Bootstrap, bootstrap, open_app, prepare
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.database import Database
from tests.contract.harness import BASE_URL, Service

_MEMORY = Path("/dev/shm")  # noqa: S108  (a file system in memory; what is made there has a name of its own)
_FIRST_START_S = 2_000_000_000.0
"""Before every simulation begins."""


def new_directory() -> Path:
    """An empty directory, in memory where there is such a thing."""
    return Path(tempfile.mkdtemp(prefix="picora-simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))


class Premises:
    """A data directory, its database, and the account that is in it from the first start on."""

    _vacant: list[Premises] = []  # noqa: RUF012  (of this process)

    def __init__(self) -> None:
        self.data = new_directory()
        atexit.register(shutil.rmtree, self.data, ignore_errors=True)
        settings = ServerSettings(data=self.data, plan=Service.plan)
        self.account = bootstrap(settings, lambda: _FIRST_START_S)
        prepare(settings, clock=lambda: _FIRST_START_S)
        self.database = Database.for_settings(self.data, None)
        self._untouched = self._file.read_bytes()

    @property
    def _file(self) -> Path:
        return self.data / "picora.db"

    @classmethod
    def take(cls) -> Premises:
        """Premises that nobody uses."""
        return cls._vacant.pop() if cls._vacant else cls()

    def leave(self) -> None:
        """Give them back as they were found; the server is closed."""
        for entry in self.data.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self._file.write_bytes(self._untouched)
        self._vacant.append(self)


class Lodger(Service):
    """An embedded server on such premises."""

    def __init__(
        self, clock: Callable[[], float], *, rate_limits: bool, soft_delete: bool = False, purge: bool = True
    ) -> None:
        self._premises = Premises.take()
        super().__init__(
            self._premises.data, rate_limits=rate_limits, soft_delete=soft_delete, purge=purge, clock=clock
        )

    def start(self) -> tuple[Bootstrap, App]:
        database = self._premises.database
        return self._premises.account, open_app(self.settings, base_url=BASE_URL, clock=self.clock, database=database)

    def close(self) -> None:
        super().close()
        self._premises.leave()
