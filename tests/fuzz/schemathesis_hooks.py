"""What schemathesis cannot make up: files that are what their types say, and the cursors that a list returned."""

from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from tests.contract import samples

CURSORS = ("cursor", "since")
FORMS = ("/v1/audio", "/v1/images")

for sample in (*samples.AUDIO.values(), *samples.IMAGES.values()):
    schemathesis.openapi.media_type(sample.mime, st.just(sample.data))


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """A cursor is opaque, so one that was made up is never right: good requests start at the first page."""
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        for name in CURSORS:
            if name in (case.query or {}):
                del case.query[name]


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    """A form holds text only: a number or null for a title would arrive as text, an empty list not at all."""
    del context
    if case.operation.path not in FORMS or not isinstance(case.body, dict):
        return True
    texts = all(isinstance(case.body.get(name, ""), str) for name in ("title", "tags"))
    return texts and isinstance(case.body.get("isPublic", ""), str | bool | int)
