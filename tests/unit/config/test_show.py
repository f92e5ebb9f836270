"""What is in force can be shown, loaded again, and offered to an editor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.config import show
from picora_sync.config.load import parse_config
from picora_sync.config.values import Duration, Size

FILE = Path("/c.yaml")
FULL = """
account: {url: http://localhost:8, plan: trial, key_file: /k}
state_dir: /s/$${X}
max_upload_rate: 3MB
verify: off
folders:
  - {path: /n, visibility: public, title_template: '{title}', vault: /, link_base: 'https://x', obsidian: off}
  - {path: "/m/$${HOME}", settle: {notes: {quiet: 90s}, audio: {quiet: 1m}}, select: published, tags: [a]}
"""


@pytest.mark.parametrize("text", [FULL, "folders: [{path: /n}]"], ids=["everything", "defaults"])
def test_what_is_shown_loads_to_the_same_configuration(text: str) -> None:
    config = parse_config(text, FILE, {"HOME": "/h"})
    assert parse_config(show.effective_yaml(config), FILE, {}) == config


@given(st.integers(min_value=0, max_value=10_000_000))
def test_a_length_of_time_is_written_so_that_it_reads_the_same(milliseconds: int) -> None:
    duration = Duration(milliseconds / 1000 if milliseconds < 1_000_000 else milliseconds // 1000)
    assert Duration.parse(str(duration)) == pytest.approx(duration, rel=1e-5)


@given(st.integers(min_value=1, max_value=2**50))
def test_a_size_is_written_so_that_it_reads_the_same(size_bytes: int) -> None:
    assert Size.parse(str(Size(size_bytes))) == size_bytes


def test_the_schema_offers_every_key_with_a_description_and_refuses_others() -> None:
    definitions = show.schema()["$defs"]
    assert isinstance(definitions, dict)
    for name in ("FileSection", "AccountSection", "FolderSection", "SettleSection", "SettleTimes"):
        section = definitions[name]
        assert section["additionalProperties"] is False
        for key, field in section["properties"].items():
            assert field.get("description") or key == "account", key


@pytest.mark.parametrize(
    ("kind", "written", "fits"),
    [
        (Duration, "1h30m", True),
        (Duration, "0", True),
        (Duration, "10", False),
        (Size, "5MB/s", True),
        (Size, "5", False),
    ],
)
def test_the_schemas_pattern_takes_what_the_reader_takes(kind: type[Duration | Size], written: str, fits: bool) -> None:
    assert bool(re.search(str(kind.schema["pattern"]), written)) is fits
