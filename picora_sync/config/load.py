"""The way in: a file (or text) → :class:`Config`, or every mistake in it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from picora_sync.config import checks, tree
from picora_sync.config.findings import ConfigInvalid, ConfigMissing, Mistake, Position
from picora_sync.config.locations import default_state_dir, read_regular, resolve
from picora_sync.config.model import DEFAULT_URL, VERIFY_S, AccountConfig, Config, Visibility
from picora_sync.config.reader import ConfigReader
from picora_sync.config.sections import AccountSection, FileSection, FolderSection, SettleSection, SettleTimes
from picora_sync.core.policy import AUDIO_SETTLE, DOC_SETTLE, Folder, Settle
from picora_sync.errors import ConfigError

_MAX_BYTES = 1_000_000


def load_config(file: Path, environ: Mapping[str, str]) -> Config:
    """Read and check the file. Raises ConfigError if it cannot be read, ConfigInvalid with all mistakes in it.

    A folder that is missing is no mistake: it may be mounted later.
    """
    try:
        data = read_regular(file, _MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "`picora-sync init` makes one; --config names another; `picora-sync up FOLDER` needs none"
        raise ConfigMissing(f"there is no configuration at {file}", hint=hint) from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}", hint="check its permissions") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{file} is larger than 1 MB", hint="this is hardly a configuration: check --config")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        finding = Mistake(Position(str(file), line, column), "this is not UTF-8", "save the file as UTF-8")
        raise ConfigInvalid([finding]) from error
    return parse_config(text, file, environ)


def parse_config(text: str, file: Path, environ: Mapping[str, str]) -> Config:
    """The configuration that ``text`` stands for; ``file`` names it in messages, and relative paths start beside it.

    Raises ConfigInvalid with all mistakes.
    """
    root, findings = tree.parse(text, str(file), environ)
    if root is None:
        raise ConfigInvalid(findings)
    reader = ConfigReader(findings)
    section = reader.section(FileSection, root)
    if section is None:
        raise ConfigInvalid(findings)
    build = _Build(file.absolute().parent, environ)
    try:
        config = replace(build.config(section), written=reader.written)
    except ConfigError as error:
        findings.append(Mistake(root.place, error.message, error.hint))
        raise ConfigInvalid(findings) from error
    if not section.folders and not findings:
        findings.append(Mistake(reader.places["folders",], "no folder is mirrored", "add '- path: …' below folders:"))
    findings += _check(section, config, reader.places)
    if findings:
        raise ConfigInvalid(findings)
    return config


def _check(section: FileSection, config: Config, places: checks.Positions) -> Iterator[Mistake]:
    for number, folder in enumerate(section.folders):
        yield from checks.check_folder(folder, number, places)
    yield from checks.check_together(
        [checks.locate(folder, number, places) for number, folder in enumerate(config.folders)]
    )


class _Build:
    """Sections → model: paths become absolute, what was left out becomes the default."""

    def __init__(self, base: Path, environ: Mapping[str, str]) -> None:
        self._base = base
        self._environ = environ

    def config(self, section: FileSection) -> Config:
        state_dir = self._path(section.state_dir)
        return Config(
            account=self._account(section.account),
            folders=tuple(self._folder(each) for each in section.folders),
            state_dir=state_dir if state_dir is not None else default_state_dir(self._environ),
            verify_s=_seconds(section.verify, VERIFY_S),
            max_upload_rate_bytes_s=None if section.max_upload_rate is None else int(section.max_upload_rate),
        )

    def _account(self, section: AccountSection) -> AccountConfig:
        return AccountConfig(
            url=str(section.url or DEFAULT_URL), plan=section.plan, key_file=self._path(section.key_file)
        )

    def _folder(self, section: FolderSection) -> Folder:
        root = resolve(section.path, self._base, self._environ)
        default = Folder(name=str(section.name or root.name or root), root=str(root))
        settle = section.settle or SettleSection()
        return replace(
            default,
            public=None if section.visibility is None else section.visibility is Visibility.PUBLIC,
            tags=tuple(str(tag) for tag in section.tags),
            ignore=tuple(str(pattern) for pattern in section.ignore),
            doc_settle=_settle(DOC_SETTLE, settle, settle.notes),
            audio_settle=_settle(AUDIO_SETTLE, settle, settle.audio),
            delete_after_s=_seconds(section.delete_after, default.delete_after_s),
            rescan_s=_seconds(section.rescan, default.rescan_s),
            on_delete=section.on_delete,
            keep_replaced_s=_seconds(section.keep_replaced, default.keep_replaced_s),
            when_full=section.when_full,
            select=section.select,
            title=section.title,
            title_template=str(section.title_template or ""),
            follow_symlinks=section.follow_symlinks,
            obsidian=section.obsidian,
            vault=str(self._path(section.vault) or ""),
            link_base=str(section.link_base or ""),
            private_images=section.private_images,
            embed_headings=section.embed_headings,
            tags_from=section.tags_from,
            delete_adopted=section.delete_adopted,
        )

    def _path(self, text: str | None) -> Path | None:
        return None if text is None else resolve(text, self._base, self._environ)


def _settle(default: Settle, both: SettleTimes, own: SettleTimes | None) -> Settle:
    """The kind's own times, else those for both kinds, else the default; a long ``quiet`` lengthens ``at_most``."""
    layers = [own, both] if own is not None else [both]
    quiet_s = next((float(each.quiet) for each in layers if each.quiet is not None), default.quiet_s)
    at_most_s = next((float(each.at_most) for each in layers if each.at_most is not None), default.at_most_s)
    return Settle(quiet_s, max(quiet_s, at_most_s))


def _seconds(given: float | None, default: float) -> float:
    return default if given is None else float(given)
