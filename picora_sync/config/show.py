"""What is in force (``config show``), and what an editor may offer (``config schema``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import msgspec
import yaml

from picora_sync.config.model import Config
from picora_sync.config.sections import FileSection
from picora_sync.config.values import Duration, Interval, Size, Value
from picora_sync.core.policy import Folder, Settle


def schema() -> dict[str, object]:
    """The JSON schema (draft 2020-12) of the file, for editors that know YAML."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "picora-sync configuration",
        **msgspec.json.schema(FileSection, schema_hook=_value_schema),
    }


def effective(config: Config) -> dict[str, object]:
    """The configuration in force, defaults included, in the file's own words: a variable stays one. The API key is no
    part of it. Loading it again gives the same configuration.
    """
    return _as_written(_in_force(config), config)


def _in_force(config: Config) -> dict[str, object]:
    return {
        "account": _given(
            url=config.account.url,
            plan=config.account.plan and config.account.plan.value,
            key_file=config.account.key_file and str(config.account.key_file),
        ),
        "state_dir": str(config.state_dir),
        "verify": str(Interval(config.verify_s)),
        **_given(max_upload_rate=config.max_upload_rate_bytes_s and str(Size(config.max_upload_rate_bytes_s))),
        "folders": [_folder(folder) for folder in config.folders],
    }


def effective_yaml(config: Config) -> str:
    """:func:`effective` as a configuration file."""
    # `$` begins a variable in the file; paths and patterns may hold one.
    shown = _as_written(cast("dict[str, object]", _escaped(_in_force(config))), config)
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True)
    return text


def _as_written(shown: dict[str, object], config: Config) -> dict[str, object]:
    """Variables instead of what they stand for."""
    for path, written in config.written.items():
        at: Any = shown
        with suppress(LookupError, TypeError):  # what is shown in another place, or left out
            for name in path[:-1]:
                at = at[name]
            if isinstance(at[path[-1]], str):
                at[path[-1]] = written
    return shown


def _value_schema(kind: type[Value]) -> dict[str, object]:
    return dict(kind.schema)


def _folder(folder: Folder) -> dict[str, object]:
    return {
        "path": folder.root,
        "name": folder.name,
        **_given(visibility=None if folder.public is None else ("public" if folder.public else "private")),
        "tags": list(folder.tags),
        "ignore": list(folder.ignore),
        "settle": {"notes": _settle(folder.doc_settle), "audio": _settle(folder.audio_settle)},
        "delete_after": _time(folder.delete_after_s),
        "rescan": _time(folder.rescan_s),
        "on_delete": folder.on_delete.value,
        "keep_replaced": _time(folder.keep_replaced_s),
        "when_full": folder.when_full.value,
        "select": folder.select.value,
        "title": folder.title.value,
        **_given(title_template=folder.title_template or None),
        "follow_symlinks": folder.follow_symlinks,
        "obsidian": folder.obsidian,
        **_given(vault=folder.vault or None, link_base=folder.link_base or None),
        "private_images": folder.private_images.value,
        "embed_headings": folder.embed_headings.value,
        "tags_from": folder.tags_from.value,
        "delete_adopted": folder.delete_adopted,
    }


def _settle(settle: Settle) -> dict[str, str]:
    return {"quiet": _time(settle.quiet_s), "at_most": _time(settle.at_most_s)}


def _time(seconds: float) -> str:
    return str(Duration(seconds))


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _escaped(value: object) -> object:
    match value:
        case str():
            return value.replace("${", "$${")
        case list():
            return [_escaped(item) for item in value]
        case dict():
            return {key: _escaped(item) for key, item in value.items()}
        case _:
            return value
