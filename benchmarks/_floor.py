"""The least that a look at a folder costs in Python: walk, stat, select, compare. Arguments: folder, index."""

from __future__ import annotations

import os
import sqlite3
import sys

root, index = os.fsencode(sys.argv[1]), sys.argv[2]
rows = sqlite3.connect(f"file:{index}?mode=ro", uri=True).execute(
    "SELECT path, size_bytes, mtime_ns, ctime_ns, inode FROM file"
)
known = {path: tuple(stamps) for path, *stamps in rows}
found = different = 0
left = [b""]
while left:
    above = left.pop()
    with os.scandir(os.path.join(root, above)) as entries:  # noqa: PTH118  # the floor
        for entry in entries:
            path = above + b"/" + entry.name if above else entry.name
            if entry.is_dir(follow_symlinks=False):
                left.append(path)
                continue
            stat = entry.stat(follow_symlinks=False)
            found += 1
            different += known.get(path) != (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
print(found, different)
