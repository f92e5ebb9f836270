from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from picora_sync.core.redaction import HIDDEN, Redactor, without_credentials

KEYS = ("sk_live_Ab3-xY_9" + "q7Rt" * 6, "my-own-server-key+1/2=", "k" * 40, "twelve-chars")
SCRUBBED = {key: Redactor(key) for key in KEYS}

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "in a header": lambda key: f"Authorization: Bearer {key}",
    "upper case": str.upper,
    "swapped case": str.swapcase,
    "percent-encoded": lambda key: quote(key, safe=""),
    "each character percent-encoded": lambda key: "".join(f"%{ord(c):02X}" for c in key),
    "percent-encoded twice": lambda key: "".join(f"%25{ord(c):02x}" for c in key),
    "JSON escapes": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "escaped JSON in JSON": lambda key: json.dumps("".join(f"\\u{ord(c):04x}" for c in key)),
    "Python escapes": lambda key: "".join(f"\\x{ord(c):02x}" for c in key),
    "HTML, decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "HTML, hexadecimal": lambda key: "".join(f"&#x{ord(c):x};" for c in key),
    "broken over lines": lambda key: "\r\n ".join(key[at : at + 9] for at in range(0, len(key), 9)),
    "in quoted pieces": lambda key: f'"{key[:5]}" + "{key[5:]}"',
    "with invisible characters": "\u200b".join,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 for the web": lambda key: base64.urlsafe_b64encode(b"x" + key.encode()).decode(),
    "base64 of user and key": lambda key: base64.b64encode(f"me:{key}".encode()).decode(),
    "base64 of the header": lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
    "hex": lambda key: key.encode().hex(),
    "twice": lambda key: key + key,
    "its end cut": lambda key: key[:-1] if len(key) > 12 else key,
    "its beginning cut": lambda key: key[1:] if len(key) > 12 else key,
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("key", KEYS)
def test_no_form_of_the_key_is_left(key: str, form: Callable[[str], str]) -> None:
    said = SCRUBBED[key](f"before {form(key)} after")
    assert HIDDEN in said
    assert said.startswith("before ")
    assert said.endswith(" after")
    # A word or two around it may be left (`Authorization: Bearer`, a neighbour's base64), and nothing of the key.
    assert len(said.replace(HIDDEN, "")) <= len("before  after") + 34, said


@given(st.text(max_size=60))
def test_a_text_without_the_key_stays_as_it_is(text: str) -> None:
    assert SCRUBBED[KEYS[0]](text) == text


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(KEYS))
def test_the_key_is_found_between_anything(before: str, after: str, key: str) -> None:
    assert key not in SCRUBBED[key](before + key + after)


def test_a_short_key_is_no_reason_to_spoil_words() -> None:
    assert Redactor("key")("the key, the keyring") == "the key, the keyring"


def test_it_shows_nothing_of_itself() -> None:
    assert KEYS[0] not in repr(SCRUBBED[KEYS[0]])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the key sk_live_abcdefghijklmnop is bad", f"the key {HIDDEN} is bad"),
        ("Bearer abcdefghijklmnopqrstuvwxyz.123", f"Bearer {HIDDEN}"),
        ("bearer token required", "bearer token required"),
        ("https://me:secret@host/x", f"https://{HIDDEN}@host/x"),
        ("mail me@host", "mail me@host"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def", HIDDEN),
        ("nothing", "nothing"),
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str, left: str) -> None:
    assert without_credentials(text) == left
