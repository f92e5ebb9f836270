"""What a file system says of its files: numbers that it gives away again, and when a file was made, or not.

The memory file system that simulations run on gives no number twice; most disks do, and at once.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from picora_sync.core.model import Fingerprint


class Inodes:
    """Numbers of our own for the files below some roots: a freed one goes to the next file that is seen. Births are
    told only if it ``tells_births``.
    """

    def __init__(self, roots: list[Path], *, tells_births: bool) -> None:
        self.tells_births = tells_births
        self._roots = roots
        self._given: dict[int, int] = {}
        self._free: list[int] = []
        self._fresh = count(1)

    def as_told(self, found: Fingerprint) -> Fingerprint:
        """What the product is told instead of the real number."""
        if found.inode not in self._given:
            self._take_back()
            self._given[found.inode] = self._free.pop() if self._free else next(self._fresh)
        return found._replace(inode=self._given[found.inode])

    def as_is(self, told: Fingerprint) -> Fingerprint:
        """The reverse."""
        real = next((real for real, given in self._given.items() if given == told.inode), 0)
        return told._replace(inode=real)

    def _take_back(self) -> None:
        """The numbers of files that are no more."""
        files = (f"{top}/{name}" for root in self._roots for top, _, names in os.walk(root) for name in names)
        living = {os.lstat(file).st_ino for file in files}
        for real in [real for real in self._given if real not in living]:
            self._free.append(self._given.pop(real))
