"""What was meant as frontmatter and cannot be read makes a note private; prose does not (decision 0210)."""

from __future__ import annotations

import re
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from picora_sync.content.frontmatter import LIMIT_CHARS, parse_frontmatter
from picora_sync.content.note import HEAD_BYTES, is_private
from picora_sync.content.visibility import WantedVisibility, visibility_of
from picora_sync.core.model import Problem
from picora_sync.core.policy import Folder, Select
from tests.fakes.vault import VaultOnDisk

PUBLIC = Folder(name="notes", root="/notes", public=True)
BODY = "SECRET text of the note.\n\nMore of it.\n\n---\n\nAnd more: of it.\n"


def judged(text: str, *, default: bool = True) -> WantedVisibility:
    return visibility_of(parse_frontmatter(text.removeprefix("\ufeff")), default)


UNCLEAR = [
    # the key
    ("---\npublish:false\n---\nS", 2),
    ("---\npublish:false\ntags: [diary]\n---\nS", 2),
    ("---\ntitle: x\npublish:false\n---\nS", 3),
    ("---\npublish\uff1afalse\n---\nS", 2),
    ("---\npublish:\u00a0false\n---\nS", 2),
    ("---\npublish\u00a0: false\n---\nS", 2),
    ("---\npub\u00a0lish: false\n---\nS", 2),
    ("---\n\u00a0publish: false\n---\nS", 2),
    ("---\n\u200bpublish: false\n---\nS", 2),
    ("---\npub\u00adlish: false\n---\nS", 2),
    ("---\n\u0440ublish: false\n---\nS", 2),
    ("---\n\uff50\uff55\uff42\uff4c\uff49\uff53\uff48: false\n---\nS", 2),
    ("---\npublsh: false\n---\nS", 2),
    ("---\npubilc: no\n---\nS", 2),
    ("---\nPublish : False\n---\nS", 2),
    ("---\npublish: true\nPublish: false\n---\nS", 3),
    ("---\n- publish: false\n---\nS", 2),
    ("---\n\tpublish: false\n---\nS", 2),
    ("---\npublish = false\n---\nS", 2),
    ("---\npublish \u2192 false\n---\nS", 2),
    ("---\npublish false\n---\nS", 2),
    ("---\npublish\n---\nS", 2),
    ("---\npublish\n: false\n---\nS", 2),
    ("---\npublis\n: false\n---\nS", 2),
    ("---\n# publish: false\n---\nS", 2),
    ("---\ntitle: x #publish: false\n---\nS", 2),
    ("---\n- tags: xpublish: false\n---\nS", 2),
    ("---\npblsh: no\n---\nS", 2),
    ("---\npubilhs: off # for now\n---\nS", 2),
    ("---\npublihs: #false\n---\nS", 2),
    ("---\nublish flase\n---\nS", 2),
    ("---\npub\nlsh: false\n---\nS", 2),
    ('---\n{"title": "x" "pub,lish": false}\n---\nS', 2),
    ("---\nis_public: false\n---\nS", 2),
    ("---\npublished: false\n---\nS", 2),
    ("---\ndg:\n  publish: false\n---\nS", 3),
    ("---\na: {publish: false}\n---\nS", 2),
    ("---\n{title: x, publish:false}\n---\nS", 2),
    ("---\ntext: |\n  publish: false\n---\nS", 3),
    ("---\ntext: 'a\n  publish: false'\n---\nS", 3),
    ("---\n? [publish]\n: false\n---\nS", 2),
    ("---\na: &key publish\n*key : false\n---\nS", 3),
    ("---\nbase: &base {publish: false}\n<<: *base\n---\nS", 2),
    # the value
    ("---\npublish: no\n---\nS", 2),
    ("---\npublish: off\n---\nS", 2),
    ("---\npublish: 0\n---\nS", 2),
    ("---\npublish:\n---\nS", 2),
    ("---\npublish: false\u00a0\n---\nS", 2),
    ("---\npublish: fal\u200bse\n---\nS", 2),
    ("---\npublish: !!bool x\n---\nS", 2),
    ("---\npublish: !!bool false\n---\nS", 2),
    ("---\npublish: |\n  false\n---\nS", 2),
    # the opening line
    ("\n---\npublish: false\n---\nS", 3),
    (" \t\u3000\n---\npublish: false\n---\nS", 3),
    ("\n\ufeff---\npublish: false\n---\nS", 3),
    ("\ufeff\ufeff---\npublish: false\n---\nS", 2),
    ("\u2028---\npublish: false\n---\nS", 3),
    ("\u200b---\npublish: false\n---\nS", 2),
    (" ---\npublish: false\n---\nS", 2),
    ("---\u00a0\npublish: false\n---\nS", 2),
    ("----\npublish: false\n----\nS", 2),
    ("--\npublish: false\n--\nS", 2),
    ("-- -\npublish: false\n---\nS", 2),
    ("- - -\npublish: false\n---\nS", 2),
    ("\u2014\npublish: false\n\u2014\nS", 2),
    ("\u2014-\npublish: false\n\u2014-\nS", 2),
    ("\u2013-\npublish: false\n---\nS", 2),
    ("\u2500\u2500\u2500\npublish: false\n---\nS", 2),
    ("--- yaml\npublish: false\n---\nS", 2),
    ("---yaml\npublish: false\n---\nS", 2),
    ("---publish: false\n---\nS", 1),
    ("-x-\ntitle: x\n\npublish: false\n---\nS", 4),
    ("publish: false\ntitle: x\n---\nS", 1),
    ("title: x\n\npublish: false\n---\nS", 3),
    ("publish: false\n\nS", 1),
    ("%YAML 1.2\n---\npublish: false\n---\nS", 3),
    ("<!-- publish: false -->\nS", 1),
    ("#+publish: false\nS", 1),
    ("publish:: false\nS", 1),
    ("#+title: x\n#+publish: nil\nS", 2),
    ("Title: x\nPublish: null\n\nS", 2),
    ("status:: done\npublic:: private\n\nS", 2),
    ("```yaml\npublish: false\n```\nS", 2),
    ("***\npublish: false\n***\nS", 2),
    # the closing line
    ("---\npublish: false\nS", 2),
    ("---\npublish: false\n\nS", 2),
    ("---\ntitle: x\n\nS", 1),
    ("---\n", 1),
    ("---\npub", 1),
    ("---\npublish", 2),
    ("---\npublish: false\n---\u3000\nS", 2),
    ("---\npublish: false\n+++\nS", 2),
    ("---\npublish: false\n----\nS\n---\n", 4),
    ("---\npublish: false---\nS", 2),
    ("---\ntitle: x\n...\na: b\n\npublish: false\n---\nS", 6),
    # a second block
    ("---\ntitle: x\n---\n---\npublish: false\n---\nS", 5),
    ("---\ntitle: x\n---\npublish: false\n---\nS", 4),
    ("---\ntitle: x\n--- y\npublish: false\n---\nS", 3),
    # below something else
    ("# Title\n\n---\npublish: false\n---\nS", 4),
    ("<!-- made by a template -->\n\n---\ntitle: x\npublish: false\n---\nS", 5),
    ("%% hidden %%\n\n+++\npublish = false\n+++\nS", 4),
    ("---\ntitle: x\n---\n# Title\n\n---\npublish: false\n---\nS", 7),
    ("> ---\n> publish: false\n> ---\nS", 2),
    # other dialects
    ("+++\npublish: false\n+++\nS", 2),
    ("+++\npublish = no\n+++\nS", 2),
    ("+++\npublish = 'false'\n+++\nS", 2),
    ("+++\nPublish = false\n+++\nS", 2),
    ("+++\n[params]\npublish = false\n+++\nS", 3),
    ("+++\nx = {publish = false}\n+++\nS", 2),
    ("+++\npublish.x = false\n+++\nS", 2),
    ("+++\ntitle = 'x'#publish = false\n+++\nS", 2),
    ("+++\npublish = false\nS", 2),
    ("---toml\npublish = false\n---\nS", 2),
    ('{"publish": "false"}\nS', 1),
    ('{"publish": false\nS', 1),
    ('{\n  "title": "x",\n  "publish": false,\n}\nS', 3),
    ('{\n  title: "x",\n  publish: false\n}\nS', 3),
    ('{"title": "x", publish: false}\nS', 1),
    ('\n{"publish": false}\nS', 2),
    ('{"a": {"publish": false}}\nS', 1),
    ('{"a": "\\ud800"}\nS', 1),
    (';;;\n"publish": false\n;;;\nS', 2),
    ('---\n:"title": "x", "publish": false}\n---\nS', 2),
    # too large, or made to exhaust
    ("\n" * LIMIT_CHARS + "---\npublish: false\n---\n", 1),
    ("---\ntitle: x\n" + "a: b\n" * 20_000 + "publish: false\n---\n", 1),
]


@pytest.mark.parametrize(("text", "line"), UNCLEAR)
def test_a_note_that_may_say_private_is_private_and_listed_with_the_line(text: str, line: int) -> None:
    visibility = judged(text)
    assert (visibility.public, visibility.unclear) == (False, True)
    assert visibility.problem is not None
    assert visibility.problem.code in ("VISIBILITY_UNCLEAR", "BAD_FRONTMATTER")
    assert visibility.problem.message.startswith(f"line {line}: ")
    assert visibility.problem.hint
    assert not judged(text.replace("false", "true"), default=False).public, "nor does it open a note"


@pytest.mark.parametrize(
    "breaks", ["\r", "\r\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\n\r"], ids=ascii
)
def test_a_block_with_any_line_ends_is_seen(breaks: str) -> None:
    text = "---\ntitle: x\npublish: false\n---\nSECRET\n".replace("\n", breaks)
    assert judged(text).unclear
    assert not judged(text.replace("false", "true"), default=False).public


@pytest.mark.parametrize(
    "text",
    [
        "---\npublish: {}\n---\nS",
        "\ufeff---\npublish: {}\n---\nS",
        "---\r\npublish: {}\r\n---\r\nS",
        "--- \t\npublish: {}\n---\t\nS",
        "---\npublish: {}\n...\nS",
        "---\npublish : {} # for now\n---\nS",
        '---\n"publish": {}\n---\nS',
        "---\n{{publish: {}}}\n---\nS",
        '---\n{{"publish": {}}}\n---\nS',
        "---\n? publish\n: {}\n---\nS",
        "---\n\npublish: {}\n\n---\nS",
        "+++\npublish = {}\n+++\nS",
        '+++\r\n"publish" = {} # for now\r\n+++\r\nS',
        '{{"publish": {}}}\nS',
        '{{\n  "title": "x",\n  "publish": {}\n}}\nS',
        ';;;\n{{"publish": {}}}\n;;;\nS',
    ],
)
def test_a_block_that_can_be_read_is_clear(text: str) -> None:
    assert judged(text.format("false")) == WantedVisibility(public=False)
    assert judged(text.format("true"), default=False) == WantedVisibility(public=True, published=True)


@pytest.mark.parametrize(
    "text",
    [
        "Just text.\n",
        "---\n\nA quiet line.\n\n---\n\nmore\n",
        "---\nA quiet line.\n---\nmore\n",
        "---\nA quiet line, with a comma.\nAnd another.\n",
        "---\n\nNote: bring shoes.\n",
        "---\n*Hello* world.\n---\n",
        "---\n[[Home]] | [[Index]]\n---\nbody\n",
        "---\n> a quote\n---\n",
        "---\n![a picture](a.png)\n---\n",
        "---\n- one\n- two\n---\n",
        "---\n\n# Heading\n\nText.\n\n---\n",
        "---\n\nThe library is\npublic and open.\n---\nx\n",
        "---\n---\nbody\n",
        "---\n# a comment\n---\nbody\n",
        "---\ntitle: x\n---\n\n---\n\nprose\n",
        "---\ntitle: x\n---\nPublic: what it means\n",
        "---\ntitle: How to publish\n---\nbody\n",
        "---\ntitle: x\ntags:\n  - public\n---\nS\n",
        "---\ntags: [public, publish]\n---\nS\n",
        "---\npublisher: X\npublished: 2024-01-01\npublic_key: y\npublish date: 2024\npublication: z\n---\nS\n",
        "---\npolish: true\nrepublic: x\npublicity: no idea\nfalse: start\n---\nS\n",
        "---\nurl: https://example.com/public:false\n---\nS\n",
        "+++\ntitle = 'x'\n+++\nbody\n",
        '{"title": "x"}\nbody\n',
        "{{title}}\n\nbody\n",
        "{% include x %}\nbody\n",
        "```python\nprint(1)\n```\n",
        "***\n\nprose\n",
        "# Title\n\n---\npublic: x\n---\n",
        "Public: what it means\n",
        "Publish or perish.\n",
        "Public, private and protected\n",
        "- a\n- b\n",
        "# How to publish\n\n```yaml\n---\npublish: false\n---\n```\n",
        "# A list\n\n---\n\npublish: false is a key.\n\n---\n",
        "\U0001f389\U0001f389\n\nhello\n",
        "\n---\ntitle: x\n---\nbody\n",
        "---\rtitle: x\r---\rbody",
        "---yaml\ntitle: x\n---\nbody\n",
    ],
)
def test_prose_and_blocks_that_say_nothing_of_it_leave_it_to_the_folder(text: str) -> None:
    assert judged(text) == WantedVisibility(public=True)
    assert judged(text, default=False) == WantedVisibility(public=False)


TROUBLE = (
    ":;,.=-_ \t\n\r\v\f\"'`{}[]()<>#*+~^%@!&|\\/?$019xXoOlL\x00\x01"
    "\uff1a\uff1b\uff0c\uff1d\u2013\u2014\u2015\u2500\u2501\u30fc\u00a0\u3000\u200b\u200d\u2060\ufeff\u00ad\u202e\x85"
    "\u2028\u2029\u0301\u201c\u201d\u2018\u2019\u0131\u0430\u0435\u043e\u0440\u0441\ufffd\U0001f389"
)
BLOCKS = (
    "---\npublish: false\n---\n",
    "---\ntitle: A title\npublish: false\ntags: [a, b]\n---\n",
    "---\ntitle: x\ntags:\n  - a\npublic: false\n---\n",
    "---\n\ntitle: x\n\npublish: false\n\n---\n",
    "---\r\ntitle: x\r\npublish: false\r\n---\r\n",
    '---\n{"title": "x", "publish": false}\n---\n',
    '+++\ntitle = "x"\npublish = false\n+++\n',
    '{\n  "title": "x",\n  "publish": false\n}\n',
    ';;;\n{"publish": false}\n;;;\n',
)


@st.composite
def edits(draw: st.DrawFn, text: str, chars: str) -> str:
    """The text with one character more, less or another one, two that changed places, or one in the other case."""
    at = draw(st.integers(0, len(text)))
    char = draw(st.sampled_from(chars))
    return draw(
        st.sampled_from(
            [
                text[:at] + char + text[at:],
                text[:at] + char + text[at + 1 :],
                text[:at] + text[at + 1 :],
                text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
                text[:at] + text[at : at + 1].swapcase() + text[at + 1 :],
            ]
        )
    )


@st.composite
def slips(draw: st.DrawFn) -> str:
    """A block that says private, with one slip of a finger, or of a program: a character too many, too few, another
    one, two that changed places, other line ends, or a line that is not there (unless that says private).
    """
    block = draw(st.sampled_from(BLOCKS))
    lines = block.splitlines(keepends=True)
    left_out = draw(st.sampled_from([line for line in lines if "publi" not in line]))
    ends = draw(st.sampled_from(["\r", "\r\n", "\r\r\n", "\n\r", "\v", "\x85", "\u2028", "\u2029", "\n\n"]))
    return draw(
        st.sampled_from(
            [
                draw(edits(block, TROUBLE)),
                block.replace(left_out, "", 1),
                "".join(line.rstrip("\r\n") + ends for line in lines),
                draw(st.sampled_from(["", "\n", "\ufeff", " ", "\t", "\u200b", "\u2028", "> "])) + block,
            ]
        )
    )


@settings(max_examples=800)
@given(slips(), st.sampled_from([BODY, "SECRET", ""]))
def test_one_slip_never_makes_a_private_note_public(block: str, body: str) -> None:
    assert not judged(block + body).public


KEY = re.compile(r"\"?publi[^\r\n]*")
LINE_BREAKS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@settings(max_examples=800)
@given(st.sampled_from(BLOCKS), st.data(), st.sampled_from([BODY, "SECRET", ""]))
def test_two_slips_in_the_line_of_the_key_never_make_a_private_note_public(
    block: str, data: st.DataObject, body: str
) -> None:
    """Whatever two characters are, but for two line breaks, which tear the line into three."""
    line = KEY.search(block)
    assert line is not None
    once = data.draw(edits(line[0], TROUBLE + ascii_lowercase))
    torn = set(once) & set(LINE_BREAKS)
    chars = "".join(sorted(set(TROUBLE) - set(LINE_BREAKS))) if torn else TROUBLE
    twice = data.draw(edits(once, chars + ascii_lowercase))
    assert not judged(block[: line.start()] + twice + block[line.end() :] + body).public


LOOKALIKES = {
    **dict.fromkeys("pP", "pP\u0440\uff50\u03c1"),
    **dict.fromkeys("uU", "uU\uff55\u00fc\u1d1c"),
    **dict.fromkeys("lL", "lL\uff4c\u04cf\u217c"),
    **dict.fromkeys("iI", "iI\u0456\u0131\u00ed\u0130"),
    **dict.fromkeys("sS", "sS\u0455\u015b\ua731"),
    ":": ":\uff1a\ufe55\ufe13\ua789\u2236",
    " ": " \u00a0\u3000\u2009\t\u202f",
    "-": "-\u2010\u2011\u2013\u2014\u2212\uff0d\u2500",
}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202e\u0301\u034f\x01"


@given(st.sampled_from([block for block in BLOCKS if block.startswith("---")]), st.data())
def test_no_number_of_lookalikes_and_invisible_characters_makes_a_private_note_public(
    block: str, data: st.DataObject
) -> None:
    seen = "".join(
        data.draw(st.sampled_from(LOOKALIKES.get(char, char))) + data.draw(st.sampled_from(["", "", *INVISIBLE]))
        for char in block
    )
    assert not judged(seen + BODY).public


@given(st.sampled_from([block for block in BLOCKS if "\n\n" not in block]), st.data())
def test_a_block_that_is_being_typed_is_not_public_once_it_names_the_key(block: str, data: st.DataObject) -> None:
    named = block.index("publi") + len("publi")
    typed = block[: data.draw(st.integers(named + 2, len(block)))]
    assert not judged(typed).public
    assert not judged(f"{typed}\n\n{BODY}").public


# --- the peek -------------------------------------------------------------------------------------------------------

NOTES = st.one_of(
    slips().map(lambda block: block + BODY),
    st.sampled_from([text for text, _ in UNCLEAR]),
    st.text(max_size=200),
    st.text(st.sampled_from("-\n :publicshfaletr{}\"'=+\ufeff\u2028"), max_size=60),
    st.builds(lambda pad, text: pad * 30_000 + text, st.sampled_from("\n \u3000\U0001f389"), slips()),
    st.builds(lambda block, pad: block + pad * 90_000, st.sampled_from(BLOCKS), st.sampled_from("x\n\U0001f389")),
)


@settings(max_examples=100)
@given(NOTES, st.sampled_from(list(Select)), st.booleans())
@example("\U0001f389" * 70_000, Select.ALL, True)  # noqa: FBT003  (hypothesis takes examples by place)
@example("---\n" + "\U0001f389" * 70_000 + "\npublish: false\n---\n", Select.ALL, True)  # noqa: FBT003
@example("\n" * 300_000 + "x", Select.ALL, True)  # noqa: FBT003
def test_the_peek_is_the_judgement(
    tmp_path_factory: pytest.TempPathFactory, text: str, select: Select, public: bool
) -> None:
    vault = VaultOnDisk(Path(tmp_path_factory.mktemp("vault")))
    data = text.encode(errors="replace")
    vault.write("note.md", data)
    derived = vault.derive("note.md", public=public, select=select)
    if isinstance(derived, Problem):
        return
    assert vault.content().wants_private("note.md") is not derived.wanted.public


def test_the_peek_reads_the_head_of_a_note_of_any_size(vault: VaultOnDisk) -> None:
    note = vault.write("note.md", "---\npublish:false\n---\n")
    with note.open("r+b") as file:
        file.truncate(10 << 30)  # a hole
    assert vault.content(public=True).wants_private("note.md")
    assert vault.reader.reads == []
    assert HEAD_BYTES < 1 << 20


@pytest.mark.parametrize(
    ("data", "private"),
    [
        (b"---\npublish: fal\xffse\n---\nx", True),
        (b"---\npublish: true\ntitle: caf\xe9\n---\nx", True),
        (b"---\npublish: true\n---\ncaf\xe9", False),
        (b"caf\xe9", False),
        ("---\npublish: false\n---\nx".encode("utf-16"), True),
        ("---\npublish: false\n---\nx".encode("utf-16-be"), True),
        ("---\npublish:false\n---\nx".encode("utf-16-le"), True),
        ("\ufeff---\npublish: false\n---\nx".encode("utf-16-be"), True),
        (b"---\npublish: true\n\0---\nx", True),
        (b"---\npublish: true\n---\nx\0", False),
        (b"\0---\npublish: false\n---\nx", True),
        (b" \n" * HEAD_BYTES, True),
    ],
)
def test_the_peek_at_what_cannot_be_sent_is_careful(data: bytes, private: bool) -> None:
    assert is_private(data[:HEAD_BYTES], PUBLIC) is private


# --- where else it counts -------------------------------------------------------------------------------------------


def test_an_unclear_note_is_not_shown_by_a_public_one(vault: VaultOnDisk) -> None:
    vault.write("Secret.md", "---\npublish:false\npermalink: x\n---\nSECRET")
    sent = vault.sent("![[Secret]] [[Secret]]", public=True, link_base="https://example.com/")
    assert "SECRET" not in sent
    assert "example.com" not in sent


def test_an_unclear_note_that_was_published_stays_and_is_private(vault: VaultOnDisk) -> None:
    wanted = vault.note("---\npublish:true\n---\nx", select=Select.PUBLISHED).wanted
    assert (wanted.public, wanted.unclear) == (False, True)


def test_a_readable_block_of_another_dialect_says_what_a_yaml_block_says(vault: VaultOnDisk) -> None:
    text = "+++\n# no heading\ntitle = 'Said'\ntags = ['a', 'b']\npublic = true\n+++\n# H\n"
    derived = vault.note(text)
    assert (derived.wanted.title, derived.wanted.tags, derived.wanted.public) == ("Said", ("a", "b"), True)
    assert derived.text == text
    assert vault.note("+++\n# no heading\n+++\n# H\n").wanted.title == "H"
    assert vault.note('{"title": "Said", "tags": "a b"}\n').wanted.title == "Said"
