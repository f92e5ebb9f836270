"""What strangers say in requests: bodies, cursors, ranges and entity tags are understood or refused, never a fault."""

import json

import falcon.testing
import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.server.errors import ApiError
from picora_sync.server.store import ids
from picora_sync.server.web import body, conditions, cursors, ranges
from picora_sync.server.web.cursors import Cursor

FIELDS = {
    *("filename", "content", "title", "tags", "isPublic", "is_public", "rewriteImages"),
    *("kbId", "relativePath", "ids", "items"),
}
JSON_PIECES = st.sampled_from(
    [
        *(
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b":",
            b",",
            b'"title":',
            b'"tags":',
            b'"content":',
            b"null",
            b"1",
            b"1e999",
            b"-0",
        ),
        *(b"\\ud83d", b"\\ude00", b"\\u0000", b"\\", b"\xef\xbb\xbf", b"\xff", b" ", b"9" * 400, b"NaN", b"a"),
    ]
)


@given(st.lists(JSON_PIECES | st.binary(max_size=3), max_size=16).map(b"".join))
def test_any_body_is_an_object_of_whole_text_or_refused(content: bytes) -> None:
    """§2 400, §15 #6: known fields only, each of which can be written down again."""
    try:
        found = body.json_object(content)
    except ApiError:  # 400, 422: tests/contract say which
        return
    assert set(found) <= FIELDS
    assert json.dumps(found, ensure_ascii=False).encode()


@given(st.text(alphabet='W/"a,* \\', max_size=40))
def test_an_entity_tag_is_found_only_whole(header: str) -> None:
    """RFC 9110 §13.1.2: a star, or the tag between its quotes."""
    request = falcon.testing.create_req(headers={"If-None-Match": header})
    if conditions.not_modified(request, '"a"'):
        assert header.strip() == "*" or '"a"' in header


@given(st.integers(0, 2**53), st.integers(0, 60), st.characters(codec="utf-8"))
def test_a_changed_cursor_is_refused_or_still_a_cursor(stamp_ms: int, at: int, character: str) -> None:
    """§4, §15 #7: what comes back is typed and of this list, whatever was made of it."""
    good = cursors.encode(Cursor("created_desc", stamp_ms, ids.new_id()))
    try:
        found = cursors.decode(good[:at] + character + good[at + 1 :], "created_desc")
    except ApiError:  # 422: tests/contract say so of every wrong cursor
        return
    assert found is not None
    assert found.order == "created_desc"
    assert ids.is_id(found.id)
    assert 0 <= found.stamp_ms <= 2**53


@given(st.integers(0, 3000), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000))
def test_a_range_is_what_the_standard_says(size: int, first: int | None, last: int | None) -> None:
    """RFC 9110 §14.1.2: against a model that counts bytes one by one."""
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if (first is None and last is None) or (first is not None and last is not None and last < first):
        assert ranges.parse(header, size) is None
        return
    every = range(size)
    if first is None:
        wanted = list(every)[max(0, size - (last or 0)) :]
    else:
        wanted = [at for at in every if first <= at and (last is None or at <= last)]
    if not wanted:
        with pytest.raises(ApiError) as refused:
            ranges.parse(header, size)
        assert refused.value.status == 416
        return
    assert ranges.parse(header, size) == (wanted[0], wanted[-1] + 1)
