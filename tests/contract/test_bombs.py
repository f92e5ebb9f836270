"""§15 #8, and what is below the caps: no request costs more than its size deserves, whatever is in it."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract import bombs, samples
from tests.contract.harness import MIB, Api

MOST_CPU_S_PER_MIB = 5.0
"""The slowest text takes 1.3 on a slow machine; anything quadratic takes minutes."""
MOST_MEMORY = 200
"""Bytes for each byte of a request; the worst text takes 80, in the parser's tree."""
SPARE_MIB = 30
ANSWERED = {200, 201, 400, 413, 422}


def _peak_mib() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    assert found
    return int(found[1]) / 1024


@contextmanager
def bounded(size_bytes: int) -> Iterator[None]:
    """Fails when the block needs more processor time or, where Linux tells, memory than its request may cost."""
    told = sys.platform == "linux"
    if told:
        Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak begins anew
    before_mib, started_s = (_peak_mib() if told else 0.0), time.process_time()
    yield
    size_mib = max(1.0, size_bytes / MIB)
    assert time.process_time() - started_s < MOST_CPU_S_PER_MIB * size_mib
    if told:
        assert _peak_mib() - before_mib < MOST_MEMORY * size_mib + SPARE_MIB


@pytest.mark.parametrize("name", bombs.TEXTS)
def test_a_text_costs_what_its_size_deserves(api: Api, name: str) -> None:
    """§9.2, §15 #17: parsing, frontmatter and words are linear for any text."""
    text = bombs.TEXTS[name]()
    with bounded(len(text.encode())):
        assert api.post_doc(text).status_code in ANSWERED


@pytest.mark.parametrize("name", bombs.DRAWINGS)
@pytest.mark.parametrize("way", ["image", "document"])
def test_a_drawing_costs_what_its_size_deserves(api: Api, name: str, way: str) -> None:
    """§9.2 SVG: cleaning is linear for any drawing."""
    content = samples.svg(bombs.DRAWINGS[name]())
    with bounded(len(content)):
        if way == "image":
            answer = api.post_image(content, "a.svg", "image/svg+xml")
        else:
            answer = api.post_doc(f"![a]({samples.data_uri(content, 'image/svg+xml')})")
    assert answer.status_code in ANSWERED


@pytest.mark.parametrize(("path", "build"), bombs.REQUESTS.values(), ids=bombs.REQUESTS)
def test_a_request_costs_what_its_size_deserves(api: Api, path: str, build: Callable[[], dict[str, Any]]) -> None:
    """§2 400, §15 #8: JSON and forms are read in linear time, and not built before they are known to be small."""
    request = build()
    with bounded(len(request["content"])):
        assert api.post(path, **request).status_code in ANSWERED


LONG = "a" * 60_000
ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "search": (f"/v1/docs?q={LONG}", {}),
    "wildcards": (f"/v1/docs?q={'%25' * 20_000}", {}),
    "tags": (f"/v1/docs?tag={'a,' * 30_000}", {}),
    "different tags": (f"/v1/docs?tag={','.join(str(n) for n in range(10_000))}", {}),
    "cursor": (f"/v1/media?cursor={LONG}", {}),
    "parameters": (f"/v1/docs?{'a&' * 30_000}", {}),
    "path": (f"/v1/docs/{LONG}", {}),
    "range": ("{url}", {"Range": f"bytes={'1' * 60_000}-"}),
    "ranges": ("{url}", {"Range": f"bytes={'0-1,' * 15_000}0-1"}),
    "etags": ("{url}", {"If-None-Match": '"a",' * 15_000}),
    "etags that do not end": ("{url}", {"If-None-Match": '"' * 60_001}),
    "key": ("/v1/docs", {"Authorization": f"Bearer {LONG}"}),
}


@pytest.mark.parametrize(("path", "headers"), ASKED.values(), ids=ASKED)
def test_a_question_costs_what_its_size_deserves(api: Api, path: str, headers: dict[str, str]) -> None:
    """§4, §8 q, tag: queries and headers are read in linear time."""
    url = api.new_image()["url"]
    with bounded(60_000):
        assert api.get(path.format(url=url), headers=headers).status_code in {200, 401, 404, 416, 422}
