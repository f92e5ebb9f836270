"""``serve`` in a process of its own, with any settings: started, looked at, and gone in the end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

WAIT_S = 60
_PROGRAM = """
import json, sys
from pathlib import Path
from picora_sync.server.errors import ServerError
from picora_sync.server.process import serve
from picora_sync.server.settings import ServerSettings

told = json.loads(sys.stdin.readline())
try:
    serve(
        ServerSettings(**{**told, "data": Path(told["data"])}),
        lambda ready: print(json.dumps({**vars(ready), "data": str(ready.data)}), flush=True),
        stop_on_stdin_eof=True,
    )
except ServerError as error:
    sys.exit(f"{error} {error.hint}")
"""


@dataclass
class Running:
    """A server that said it is ready, and a client with its key."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]
    client: httpx.Client

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self.ready["listening"])

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@dataclass
class Starter:
    """Starts servers on one data directory; ``end`` leaves none of them."""

    data: Path
    _started: list[Running] = field(default_factory=list)

    def __call__(self, **settings: Any) -> Running:
        return self.ready(self.launch(**settings))

    def ready(self, process: subprocess.Popen[str]) -> Running:
        """Wait for what was launched; it is ended with the others."""
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=WAIT_S)[1]
        ready = json.loads(line)
        headers = {"Authorization": f"Bearer {ready['key']}"}
        client = httpx.Client(base_url=ready["listening"], headers=headers, timeout=WAIT_S)
        self._started.append(Running(process, ready, client))
        return self._started[-1]

    def launch(self, **settings: Any) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({"data": str(self.data), "port": 0} | settings) + "\n")
        process.stdin.flush()
        return process

    def refusal(self, **settings: Any) -> str:
        """What a server says that cannot start."""
        process = self.launch(**settings)
        _, message = process.communicate(timeout=WAIT_S)
        assert process.returncode == 1, message
        return message

    def end(self) -> None:
        for running in self._started:
            running.client.close()
            running.process.kill()
            if running.process.stdin is not None and running.process.stdin.closed:
                running.process.stdin = None
            running.process.communicate(timeout=WAIT_S)
