"""One file for whoever helps: what was seen, the configuration in force, the last lines of the log. No secret."""

from __future__ import annotations

import os
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from picora_sync.cli.failures import CommandFailed
from picora_sync.cli.service_host import seen_service
from picora_sync.cli.words import safe_lines, utf8
from picora_sync.config.model import Config
from picora_sync.config.show import effective_yaml
from picora_sync.core.redaction import Redactor, without_credentials
from picora_sync.service.managers import Act

_LOG_WITHIN_S = 20.0
_MOST_LOG_CHARS = 1_000_000


def write_bundle(file: Path, document: str, config: Config | None, config_file: Path, clean: Cleaner) -> list[str]:
    """Write the archive, over nothing; returns what is in it. Raises CommandFailed."""
    parts = {"doctor.json": document, **dict(_parts(config, config_file))}
    try:
        with file.open("xb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            os.chmod(file, 0o600)  # noqa: PTH101  # it names files of yours
            for name, text in parts.items():
                archive.writestr(name, utf8(clean(text)))
    except FileExistsError:
        raise CommandFailed(f"{file} is there already", hint="name another file: nothing is overwritten") from None
    except OSError as error:
        raise CommandFailed(
            f"{file} cannot be written: {error.strerror or error}", hint="name another place"
        ) from error
    return list(parts)


class Cleaner:
    """Takes out every key that is known, and whatever looks like a credential."""

    def __init__(self, *keys: str) -> None:
        self._redactors = [Redactor(each) for each in keys if each]

    def __call__(self, text: str) -> str:
        """The text without them."""
        for redact in self._redactors:
            text = redact(text)
        return without_credentials(text)


def _parts(config: Config | None, config_file: Path) -> Iterator[tuple[str, str]]:
    if config is not None:
        yield "configuration.yaml", effective_yaml(config)
    else:
        yield "configuration.yaml", f"# {config_file} cannot be used: doctor.json says why\n"
    log = _log(config_file.absolute())
    if log:
        yield "log.txt", safe_lines(log[-_MOST_LOG_CHARS:])


def _log(config_file: Path) -> str:
    """The last lines that the service manager has, "" if there are none."""
    try:
        _, manager, _ = seen_service(config_file)
        command = manager.commands(Act.LOGS)[-1]
        said = subprocess.run(  # noqa: S603  # a list of words, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LOG_WITHIN_S, check=False
        )
    except (CommandFailed, OSError, subprocess.SubprocessError, KeyError, ImportError):
        return ""
    return said.stdout.decode("utf-8", "replace")
