"""The vault that the content tests write into."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.vault import VaultOnDisk


@pytest.fixture
def vault(tmp_path: Path) -> VaultOnDisk:
    return VaultOnDisk(tmp_path)
