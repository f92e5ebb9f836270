"""An index that leaves nothing behind."""

from __future__ import annotations

import pytest

from picora_sync.index import Index


@pytest.fixture
def index() -> Index:
    return Index.in_memory()
