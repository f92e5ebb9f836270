"""Ranges, cursors, rate windows, fields: the parts every endpoint shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.errors import ApiError, ServerError
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.clock import iso
from picora_sync.server.store.counters import MemoryCounters
from picora_sync.server.web import cursors, fields, forms, ranges
from picora_sync.server.web.cursors import Cursor
from picora_sync.server.web.rate_windows import RateWindows


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=50-1000", (50, 100)),
        (None, None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,2-3", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert ranges.parse(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=999-1000", "bytes=-0"])
def test_a_range_outside_the_file_is_416(header: str) -> None:
    with pytest.raises(ApiError) as caught:
        ranges.parse(header, 100)
    assert (caught.value.status, caught.value.headers["Content-Range"]) == (416, "bytes */100")


@given(st.text(max_size=40), st.integers(0, 10_000))
def test_any_range_header_stays_within_the_file(header: str, size: int) -> None:
    try:
        found = ranges.parse(f"bytes={header}", size)
    except ApiError:
        return
    assert found is None or 0 <= found[0] < found[1] <= size


@given(st.integers(0, 2**53), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_cursor_comes_back_as_it_went(stamp_ms: int, last: str) -> None:
    cursor = Cursor("media", stamp_ms, last)
    assert cursors.decode(cursors.encode(cursor), "media") == cursor


@given(st.text(min_size=1, max_size=300))
def test_a_foreign_cursor_is_refused_not_a_fault(value: str) -> None:
    with pytest.raises(ApiError):
        cursors.decode(value, "media")


def test_a_cursor_of_another_order_is_refused() -> None:
    with pytest.raises(ApiError):
        cursors.decode(cursors.encode(Cursor("created_asc", 1, "a")), "created_desc")


class _Clock:
    now_s = 1_777_712_401.5

    def __call__(self) -> float:
        return self.now_s


def test_the_121st_mutation_of_a_minute_is_one_too_many() -> None:
    windows = RateWindows(_Clock(), MemoryCounters(), enforced=True)
    budgets = [windows.count("k", "mutation", admin=False) for _ in range(121)]
    assert [budget.exceeded for budget in budgets] == [False] * 120 + [True]
    assert (budgets[-1].remaining, budgets[-1].reset_s) == (0, 59)


def test_a_new_minute_starts_at_the_full_minute() -> None:
    clock = _Clock()
    windows = RateWindows(clock, MemoryCounters(), enforced=True)
    windows.count("k", "upload", admin=False)
    clock.now_s = 1_777_712_460.0
    assert windows.count("k", "upload", admin=False).remaining == 59


def test_the_hour_is_reported_when_it_is_used_up() -> None:
    clock = _Clock()
    windows = RateWindows(clock, MemoryCounters(), enforced=True)
    for number in range(5001):
        clock.now_s = 1_777_712_400.0 + number // 500 * 60
        budget = windows.count("k", "read", admin=False)
    assert (budget.tier, budget.exceeded, budget.reset_s) == ("hourly", True, 3000)


def test_keys_do_not_share_windows_and_admins_have_ten_times_as_much() -> None:
    windows = RateWindows(_Clock(), MemoryCounters(), enforced=True)
    windows.count("a", "read", admin=False)
    assert windows.count("b", "read", admin=True).remaining == 5999


def test_looking_counts_nothing() -> None:
    windows = RateWindows(_Clock(), MemoryCounters(), enforced=True)
    assert [windows.look("k", admin=False)["read"].remaining for _ in range(2)] == [600, 600]


def test_limits_that_are_off_are_never_exceeded() -> None:
    windows = RateWindows(_Clock(), MemoryCounters(), enforced=False)
    assert not any(windows.count("k", "upload", admin=False).exceeded for _ in range(100))


@pytest.mark.parametrize(
    "tags",
    ["a", [1], [""], ["a,b"], ["x" * 33], [str(n) for n in range(11)], [None]],
    ids=["text", "number", "empty", "comma", "long", "many", "null"],
)
def test_wrong_tags_are_refused(tags: object) -> None:
    with pytest.raises(ApiError) as caught:
        fields.tag_list(tags)
    assert caught.value.meta is not None
    assert caught.value.meta["field"] == "tags"


def test_tags_are_trimmed_and_merged() -> None:
    assert fields.tag_list([" a ", "a", "A"]) == ["a", "A"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("a/b.md", "b.md"), ("..\\c.MD", "c.MD"), ("\x00d\x1f.markdown", "d.markdown"), ("ü.md", "ü.md")],
)
def test_a_filename_keeps_no_path_and_no_control_characters(sent: str, kept: str) -> None:
    assert fields.doc_filename({"filename": sent}) == kept


@pytest.mark.parametrize("sent", [None, 5, "", "a.txt", "x" * 253 + ".md", "a.md/"])
def test_a_wrong_filename_is_refused(sent: object) -> None:
    with pytest.raises(ApiError):
        fields.doc_filename({"filename": sent})


@pytest.mark.parametrize("value", ["yes", "", "TRUE"])
def test_a_form_flag_is_true_or_false(value: str) -> None:
    with pytest.raises(ApiError):
        forms.form_flag({"isPublic": value}, "isPublic")


def test_times_are_shown_in_milliseconds() -> None:
    assert iso(1_777_714_200_000) == "2026-05-02T09:30:00.000Z"


@pytest.mark.parametrize(
    "settings", [{"host": "192.0.2.1"}, {"host": "example.org"}, {"plan": "gold"}, {"port": 70_000}]
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], tmp_path: object) -> None:
    with pytest.raises(ServerError) as caught:
        ServerSettings(data=tmp_path, **settings)  # type: ignore[arg-type]  # a table of keywords
    assert caught.value.hint


def test_remote_hosts_are_allowed_explicitly(tmp_path: object) -> None:
    assert ServerSettings(data=tmp_path, host="192.0.2.1", allow_remote=True).host  # type: ignore[arg-type]  # same
