"""One instance per state directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from picora_sync.errors import AnotherInstance
from picora_sync.index.lock import InstanceLock, is_held


def test_a_second_instance_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    first.acquire()
    assert is_held(tmp_path)
    with pytest.raises(AnotherInstance) as raised:
        second.acquire()
    assert raised.value.exit_code == 73
    first.release()
    assert not is_held(tmp_path)
    second.acquire()
    second.release()
