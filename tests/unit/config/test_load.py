"""A configuration file becomes a frozen Config, or every mistake in it with its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from picora_sync.config import show
from picora_sync.config.findings import ConfigInvalid
from picora_sync.config.load import load_config, parse_config
from picora_sync.config.model import AccountConfig, Config, Plan
from picora_sync.core.policy import (
    EmbedHeadings,
    Folder,
    OnDelete,
    PrivateImages,
    Select,
    Settle,
    TagsFrom,
    TitleFrom,
    WhenFull,
)
from picora_sync.errors import ConfigError

ROOT = Path(__file__).parents[3]
FILE = Path("/etc/picora/c.yaml")
HOME = {"HOME": "/home/ada"}


def parse(text: str, environ: dict[str, str] | None = None) -> Config:
    return parse_config(text, FILE, HOME if environ is None else environ)


def folder(settings: str) -> Folder:
    return parse(f"folders:\n  - path: ~/n\n    {settings}\n").folders[0]


def findings(text: str) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        parse(text)
    assert caught.value.exit_code == 78
    return [str(finding).removeprefix(str(FILE)) for finding in caught.value.findings]


def test_the_example_loads_and_says_what_its_comments_say() -> None:
    config = load_config(ROOT / "config.example.yaml", HOME)
    assert config.account == AccountConfig(plan=Plan.PRO, key_file=Path("/home/ada/.config/picora-sync/key"))
    assert [each.name for each in config.folders] == ["notes", "Podcast"]
    assert config.folders[0] == Folder(
        name="notes",
        root="/home/ada/Vault/Public",
        public=False,
        tags=("vault",),
        ignore=("drafts/**",),
        audio_settle=Settle(10.0, 300.0),
    )


def test_every_key_that_exists_stands_in_the_example() -> None:
    example = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    definitions = show.schema()["$defs"]
    assert isinstance(definitions, dict)
    keys = {key for each in definitions.values() for key in each.get("properties", {})}
    assert {key for key in keys if f"{key}:" not in example} == set()


def test_the_commented_defaults_of_the_example_are_the_defaults() -> None:
    lines = (ROOT / "config.example.yaml").read_text(encoding="utf-8").splitlines()
    shown = dict(line.strip(" #").split(": ", 1) for line in lines if line.startswith("    # ") and _is_setting(line))
    effective = show.effective(parse("folders: [{path: ~/n}]"))["folders"]
    assert isinstance(effective, list)
    defaults = {key: effective[0].get(key) for key in shown}
    written = parse("folders:\n  - path: ~/n\n" + "".join(f"    {key}: {value}\n" for key, value in shown.items()))
    again = show.effective(written)["folders"]
    assert isinstance(again, list)
    optional = {"vault", "link_base", "title_template"}
    assert {k: v for k, v in defaults.items() if k not in optional} == {
        key: again[0][key] for key in shown if key not in optional
    }


def _is_setting(line: str) -> bool:
    key = line.strip(" #").partition(": ")[0]
    return key in {
        "on_delete",
        "keep_replaced",
        "when_full",
        "select",
        "title",
        "title_template",
        "follow_symlinks",
        "obsidian",
        "vault",
        "link_base",
        "private_images",
        "embed_headings",
        "tags_from",
        "delete_adopted",
    }


def test_a_folder_path_is_all_that_must_be_given() -> None:
    config = parse("folders: [{path: ~/Notes}]")
    assert config.folders == (Folder(name="Notes", root="/home/ada/Notes"),)
    assert config.account == AccountConfig()
    assert config.max_upload_rate_bytes_s is None
    assert config.verify_s == 24 * 3600


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        ("visibility: public", "public", True),
        ("visibility: private", "public", False),
        ("tags: ['#a', 2026, b c, 2026-01-02]", "tags", ("a", "2026", "b c", "2026-01-02")),
        ("ignore: [a/, '!b']", "ignore", ("a/", "!b")),
        ("settle: {quiet: 20s}", "audio_settle", Settle(20.0, 300.0)),
        ("settle: {quiet: 10m}", "doc_settle", Settle(600.0, 600.0)),
        ("settle: {quiet: 20s, notes: {quiet: 5s}}", "doc_settle", Settle(5.0, 300.0)),
        ("settle: {quiet: 20s, notes: {quiet: 5s}}", "audio_settle", Settle(20.0, 300.0)),
        ("settle: {audio: {at_most: 1h}}", "audio_settle", Settle(15.0, 3600.0)),
        ("delete_after: 1h30m", "delete_after_s", 5400.0),
        ("delete_after: 0", "delete_after_s", 0.0),
        ("rescan: 1d", "rescan_s", 86400.0),
        ("keep_replaced: 1.5h", "keep_replaced_s", 5400.0),
        ("settle: {quiet: 250ms}", "doc_settle", Settle(0.25, 300.0)),
        ("on_delete: keep", "on_delete", OnDelete.KEEP),
        ("when_full: delete_first", "when_full", WhenFull.DELETE_FIRST),
        ("select: published", "select", Select.PUBLISHED),
        ("title: filename", "title", TitleFrom.FILENAME),
        ("title_template: '{folder} {x y} {title}'", "title_template", "{folder} {x y} {title}"),
        ("follow_symlinks: true", "follow_symlinks", True),
        ("obsidian: off", "obsidian", False),
        ("vault: ~/V", "vault", "/home/ada/V"),
        ("vault: ../V", "vault", "/etc/V"),
        ("link_base: https://n.example/x", "link_base", "https://n.example/x"),
        ("private_images: skip", "private_images", PrivateImages.SKIP),
        ("embed_headings: below", "embed_headings", EmbedHeadings.BELOW),
        ("tags_from: all", "tags_from", TagsFrom.ALL),
        ("delete_adopted: yes", "delete_adopted", True),
        ("name: 2026", "name", "2026"),
        ("tags:", "tags", ()),
    ],
    ids=str,
)
def test_a_folder_setting_is_read(settings: str, name: str, expected: object) -> None:
    assert getattr(folder(settings), name) == expected


@pytest.mark.parametrize(
    ("written", "size_bytes"),
    [("5MB", 5 * 1024**2), ("500 KB", 512_000), ("1GB/s", 1024**3), ("1.5kib", 1536), ("700B", 700)],
)
def test_a_size_is_bytes_in_powers_of_1024(written: str, size_bytes: int) -> None:
    assert parse(f"max_upload_rate: {written}\nfolders: [{{path: /n}}]").max_upload_rate_bytes_s == size_bytes


@pytest.mark.parametrize(
    ("written", "verify_s"), [("off", float("inf")), ('"off"', float("inf")), ("7d", 604_800.0), ("90s", 90.0)]
)
def test_comparing_with_the_account_has_a_pace_or_is_off(written: str, verify_s: float) -> None:
    assert parse(f"verify: {written}\nfolders: [{{path: /n}}]").verify_s == verify_s


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[::1]", "http://localhost:80/", "https://a.b/base/"])
def test_an_address_loses_its_last_slash(url: str) -> None:
    assert parse(f"account: {{url: '{url}'}}\nfolders: [{{path: /n}}]").account.url == url.rstrip("/")


def test_variables_are_expanded_where_they_stand() -> None:
    environ = {"HOME": "/h", "WHERE": "/data: [x]", "YES": "true"}
    config = parse("folders: [{path: '${WHERE}/${YES}', name: a, follow_symlinks: '${YES}'}]", environ)
    assert config.folders[0].root == "/data: [x]/true"
    assert config.folders[0].follow_symlinks is True


def test_a_doubled_dollar_stands_for_itself() -> None:
    assert parse("folders: [{path: '/n/$${HOME}', name: a$b}]").folders[0].root == "/n/${HOME}"


def test_a_missing_folder_is_no_mistake(tmp_path: Path) -> None:
    assert parse(f"folders: [{{path: {tmp_path}/not-mounted}}]").folders[0].name == "not-mounted"


def test_an_ignored_inner_folder_is_no_mistake() -> None:
    config = parse("folders:\n- {path: /a, ignore: [/pods/]}\n- {path: /a/pods}\n- {path: /a/.hidden/x}\n")
    assert len(config.folders) == 3


def test_aliases_share_settings() -> None:
    config = parse("folders:\n- {path: /a, tags: &t [x, y]}\n- {path: /b, tags: *t}\n")
    assert config.folders[1].tags == ("x", "y")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [":1:1: the file is empty (`picora-sync config example` shows one)"]),
        ("- a\n", [":1:1: expected a section of 'key: value' lines, found a list (indent the keys below it)"]),
        ("folders: []", [":1:1: no folder is mirrored (add '- path: …' below folders:)"]),
        ("state_dir: /s", [":1:1: 'folders' is missing (add 'folders:')"]),
        ("folders:\n", [":1:1: 'folders' is missing (add 'folders:')"]),
        ("folders: x", [":1:10: expected a list, found 'x' (write [a, b], or one '- item' a line)"]),
        ("folders: [x]", [":1:11: expected a section of 'key: value' lines, found 'x' (indent the keys below it)"]),
        ("folders: [{name: n}]", [":1:11: 'path' is missing (add 'path:')"]),
        ("folders: [{path: /n, path: /m}]", [":1:22: 'path' is given twice (the first one is in line 1: keep one)"]),
        ("folders: [{path: /n, tgas: [x]}]", [":1:22: unknown key 'tgas' (did you mean 'tags'?)"]),
        ("folders: [{path: ['/n']}]", [":1:18: expected text, found a list (put it in quotes if it is meant as text)"]),
        ("folders: [{path: /n, obsidian: 1}]", ["expected true or false, found '1'"]),
        ("folders: [{path: /n, rescan: 60}]", [":1:30: '60' is no length of time (write it with a unit"]),
        ("folders: [{path: /n, rescan: true}]", [":1:30: expected a length of time, found 'true'"]),
        ("folders: [{path: /n, rescan: 0}]", [":1:30: looking through the folder without pause (write 1m or more)"]),
        ("folders: [{path: /n, visibility: pubic}]", ["'pubic' is none of private, public (did you mean 'public'?)"]),
        ("folders: [{path: /n, name: a/b}]", [":1:28: 'a/b' is no name for a folder"]),
        ("folders: [{path: /n, tags: ['#']}]", [":1:29: '#' is no tag"]),
        ("folders: [{path: /n, tags: [a,b,c,d,e,f,g,h,i,j,k]}]", [":1:22: 11 tags are more than Picora takes"]),
        (
            f"folders: [{{path: /n, ignore: [{'a/b,' * 1001}]}}]",
            [":1:22: the ignore list is too long: it has 1,001 patterns with wildcards or slashes; 1,000 are allowed"],
        ),
        (
            f"folders: [{{path: /n, ignore: [{'a/b,' * 1001}]}}, {{path: /n/m}}]",
            [":1:22: the ignore list is too long: it has 1,001 patterns with wildcards or slashes; 1,000 are allowed"],
        ),
        (f"folders: [{{path: /n, ignore: [{'a' * 1025}]}}]", ["it has 1,025 characters; 1,024 are allowed"]),
        ("folders: [{path: /n, ignore: ['']}]", [":1:31: '' is no ignore pattern: it is empty"]),
        ("folders: [{path: ''}]", [":1:18: this is no path (write the path of a file or directory)"]),
        ("folders: [{path: /n, title_template: '{titel}'}]", [":1:38: '{titel}' is no variable of a title"]),
        ("folders: [{path: /n, title_template: '{track:2}'}]", ["'{track:2}' is no variable of a title (only track"]),
        ("folders: [{path: /n, title_template: '{title:02}'}]", ["'{title:02}' is no variable of a title"]),
        ("folders: [{path: /n, title_template: {title}}]", [":1:38: expected text, found a section"]),
        ("folders: [{path: /n, link_base: notes}]", [":1:33: 'notes' is no address (write https://host)"]),
        ("folders: [{path: /n, settle: {quiet: 5m, at_most: 5s}}]", [":1:51: at_most (5s) is shorter than quiet (5m)"]),
        ("folders: [{path: /n, settle: {audio: {quiet: 5m, at_most: 5s}}}]", ["at_most (5s) is shorter"]),
        ("folders: [{path: /n}, {path: /x/n}]", [":1:30: two folders are called 'n' (the other is in line 1"]),
        ("folders: [{path: /n}, {name: m, path: /x/n, name: N}]", [":1:45: 'name' is given twice"]),
        ("folders:\n- path: /n\n- {path: /m/../n, name: m}\n", [":3:10: /n is mirrored twice (the other is in line 2"]),
        (
            "folders: [{path: /n}, {path: /n/x}]",
            [":1:30: folder 'x' lies inside folder 'n' (add \"/x/\" to the ignore"],
        ),
        ("folders: [{path: '${NOPE}/x'}]", [":1:18: the variable NOPE is not set (set NOPE, or write the value"]),
        ("folders: [{path: '${HOME'}]", [":1:18: '${' starts no variable's name"]),
        ("folders: [{path: !!python/name:os.system x}]", ["the tag tag:yaml.org,2002:python/name:os.system is not"]),
        ("folders: &f [{path: /n, tags: *f}]", [":1:10: this alias contains itself (write the value out)"]),
        ("folders: [{path: /n, ? [a] : b}]", [":1:24: a key must be text (write key: value)"]),
        ("folders: [{path: /n}\n", [":2:1: this is no YAML: "]),
        ("folders:\n\t- path: /n", [":2:1: this is no YAML: found character"]),
        ("folders:\n- path: /n\n  name: a\x07b", [":3:1: this is no YAML: "]),
        ("folders: [{path: /n}]\n---\nx: 1", [":2:1: this is no YAML: but found another document"]),
        ("account: {url: 'http://picora.example'}", ["'folders' is missing", "http:// would send the key unencrypted"]),
        ("account: {url: 'https://a:b@c.d'}\nfolders: [{path: /n}]", ["this is more than a base address"]),
        ("account: {url: 'ftp://c.d'}\nfolders: [{path: /n}]", ["'ftp://c.d' is no address"]),
        ("account: {url: 'https://c:99999'}\nfolders: [{path: /n}]", ["'https://c:99999' is no address"]),
        ("max_upload_rate: 5\nfolders: [{path: /n}]", [":1:18: '5' is no size (write it with a unit: 500KB"]),
        ("verify: 0\nfolders: [{path: /n}]", ["this would never pause (write 1h or more, or off"]),
        ("verify: on\nfolders: [{path: /n}]", ["expected a length of time or off"]),
        ("max_upload_rate: 0MB\nfolders: [{path: /n}]", ["'0MB' is no size"]),
        ("account: {plan: gold}\nfolders: [{path: /n}]", ["'gold' is none of none, trial, pro, pro_plus"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_is_named_with_its_place_and_a_hint(text: str, expected: list[str]) -> None:
    found = findings(text)
    assert len(found) == len(expected)
    for line, part in zip(found, expected, strict=True):
        assert part in line
        assert line.endswith(")"), "every mistake has a hint"


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = """acount: {}
folders:
  - {name: x}
  - path: ~/a/b
    rescan: 0
  - path: ${NOPE}/x
  - path: ~/a/b/
    name: b
"""
    with pytest.raises(ConfigInvalid) as caught:
        parse(text)
    assert [finding.place.line for finding in caught.value.findings] == [1, 3, 5, 6, 7, 8]
    assert caught.value.message.startswith("6 mistakes in /etc/picora/c.yaml:\n  /etc/picora/c.yaml:1:1: unknown key")
    assert "two folders are called 'b' (the other is in line 4: give one a name:)" in caught.value.message


def test_a_linked_directory_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "link").symlink_to("notes")
    text = f"folders: [{{path: {tmp_path}/notes}}, {{path: {tmp_path}/link}}]"
    assert "is mirrored twice" in findings(text)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no configuration at"), (b"x" * 1_000_001, "is larger than 1 MB")],
    ids=["missing", "huge"],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "c.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_config(file, HOME)
    assert caught.value.hint


def test_a_directory_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, HOME)


def test_bytes_that_are_no_utf_8_are_named_with_their_place(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"folders:\n- path: /caf\xe9\n")
    with pytest.raises(ConfigInvalid, match=r"c\.yaml:2:13: this is not UTF-8"):
        load_config(file, HOME)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xef\xbb\xbffolders: [{path: n}]")
    assert load_config(file, HOME).folders[0].root == str(tmp_path / "n")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"), ({}, "picora-sync")],
    ids=["given-by-systemd", "of-the-platform"],
)
def test_the_state_directory_has_a_default(environ: dict[str, str], expected: str) -> None:
    assert str(parse("folders: [{path: /n}]", environ).state_dir).endswith(expected)


def test_naming_a_configuration_loads_neither_yaml_nor_msgspec() -> None:
    program = "import sys, picora_sync.config; print(sorted({'yaml', 'msgspec', 'pathspec'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "[]"
