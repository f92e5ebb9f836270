"""What is said to other programs is recognised, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from picora_sync.content.frontmatter import parse_frontmatter
from picora_sync.content.publishers import foreign_keys, template_directories


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("---\ndg-publish: true\n---\n", {"dg-publish"}),
        ("---\nshare: true\ndraft: false\n---\n", {"share", "draft"}),
        ("---\ndg-publish: true\npublic: false\n---\n", set()),
        ("---\ntitle: share\n---\n", set()),
        ("share: true\n", set()),
    ],
    ids=["garden", "two", "it says more", "value", "no frontmatter"],
)
def test_keys_of_other_publishers_are_those_of_notes_that_say_nothing_to_us(text: str, keys: set[str]) -> None:
    assert foreign_keys(parse_frontmatter(text)) == keys


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"templates.json": '{"folder": "Templates"}'}, ["Templates"]),
        ({"templates.json": '{"folder": "/Templates/"}'}, ["Templates"]),
        (
            {
                "templates.json": '{"folder": "Templates"}',
                "plugins/templater-obsidian/data.json": '{"templates_folder": "Meta/T"}',
            },
            ["Templates", "Meta/T"],
        ),
        ({"templates.json": '{"folder": "Gone"}'}, []),
        ({"templates.json": '{"folder": "../Templates"}'}, []),
        ({"templates.json": '{"folder": ""}'}, []),
        ({"templates.json": '{"folder": 7}'}, []),
        ({"templates.json": "[1]"}, []),
        ({"templates.json": "[" * 100_000}, []),
        ({"templates.json": "\xff"}, []),
        ({}, []),
    ],
    ids=str,
)
def test_template_directories_are_those_that_obsidian_names_and_that_exist(
    settings: dict[str, str], found: list[str], tmp_path: Path
) -> None:
    (tmp_path / "Templates").mkdir()
    (tmp_path / "Meta" / "T").mkdir(parents=True)
    for name, text in settings.items():
        file = tmp_path / ".obsidian" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="latin-1")
    assert template_directories(tmp_path) == found
