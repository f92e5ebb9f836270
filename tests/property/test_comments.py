"""Whatever surrounds a ``%%comment%%`` that Obsidian hides, nothing of it is sent: not in the text, title or tags."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from picora_sync.content.comments import strip_comments

BLOCKS = [
    "text", "paid ($20) and ($30)", "100%% sure", "it`s odd", "two `` ticks", "lone ` tick", "$$ open", "cost $5",
    "$$\nx\n$$", "<div>", "<div>\n\n", "</div>", "<!-- open", "<!-- closed -->", "<pre>x</pre>", "<b>bold", "> quote",
    "> [!note] callout\n> text", "- item", "- [ ] task", "1. one\n   - two", "| a | b |\n|---|---|\n| c | d |\n",
    '[r]: http://x "t', "[r]: <http://x", "---", "[^1]: foot\n\n    note", "# Head", "Head\n===",
    "```\ncode %%keep%%\n```", "~~~js\ncode\n~~~", "> ```\n> code\n> ```", "- ```\n  code\n  ```",
    "`` ` `` and `code`", "\\%% escaped", "%%closed%%", "%%\nblock\n%%", "%%%%", "[[open|", "![[", "[a](b",
    '<a href="', "    indented code", "lone %% sign\n", "\\", "&amp; &lt", "[x][", "![alt", "é 😀 \u2028",
    "*open **bold _it_", "```\nin a fence: ` `` $ <b> %%\n```", "==high==", "^block-id", "$x$ and $y$", "\t- deep",
    "+++", "#tag", "  \n", "%",
]  # fmt: skip
BEFORE = [
    "", "word ", "word", "($20) ", "`a` ", "it`s ", "a ` b ", "``c` ", "**b ", "[x](", "[x](http://y '", "![",
    "![[n|", "$a$ ", "$", "$$", "$ ", "<b>", '<b title="', "<!-- ", "[[n]] ", "[[n|", "100%% ", "“", "- ", "> ",
    "> - ", "- [ ] ", "# ", "## x ", "| ", "|a|b|\n|-|-|\n|", "&amp; ", "http://x/", "<http://x/", "%%c%% ", "[^1]: ",
    "[r]: ", "[r]: x '", "1. ", "\\\\", "\\`", "*", "~~", "==", "é", "(`) ", "> [!note] ", "```", "~~~ ", "  ", "   ",
    "- a\n  ", "> a\n", "%%c%%", "]", "](",
]  # fmt: skip
SECRETS = [
    "%%SECRET%%", "%% SECRET %%", "%%SECRET `%%", "%%SECRET $ %%", "%%SECRET <b%%", "%%SECRET ]] )%%",
    "%%%%%%SECRET%%%%%%", "%%SECRET\nSECRET%%", "%%SECRET \\%%", "%%SECRET 5%%", "%%%SECRET%%%", "%%`SECRET`%%",
    "%%$SECRET$%%", "%%[[SECRET]]%%",
]  # fmt: skip
WHOLE = [
    "%%\nSECRET\n%%", "%%\nSECRET\n\nSECRET\n%%", "%%SECRET\n\n- SECRET\n```\nSECRET%%", "%%\n```\nSECRET\n%%",
    "%%\n<div>\nSECRET\n%%", "%%\n# SECRET\n%%", "> %%\n> SECRET\n> %%", "%%\n$$\nSECRET\n%%",
    "- %%\n  SECRET\n\n  SECRET\n  %%", "%%%%SECRET%%%%", "%%\n`SECRET\n%%", "%%\nSECRET %%",
]  # fmt: skip
AFTER = [
    "", " word", "word", " ($30)", "`", " that`s", " ` more", "``", "**", ")", "]", "']", "]]", "$", "$$", " $5",
    "</b>", '">', " -->", " |", " `code`", " %%c%%", "%", " 100%% sure", "\n===", "\n---", " ^id", "$30", ">", "')",
    "\\",
]  # fmt: skip
ENDS = ["", "\n\n%%SECRET", "\n\ntext %%SECRET", "\n\n- a %%SECRET\n\nSECRET", "\n\n# SAFE %% SECRET"]
ENDLINES = ["\n", "\r\n"]


def a_note(draw: random.Random) -> str:
    """Blocks around a comment, which is in a line or a block of its own."""
    around = [draw.choice(BLOCKS) for _ in range(draw.randint(0, 4))]
    if draw.random() < 0.3:
        secret, code = draw.choice(WHOLE), False
    else:
        before, after = draw.choice(BEFORE), draw.choice(AFTER)
        hidden = draw.choice(SECRETS)
        if after.startswith("`") and (before.endswith("`") or before.startswith("``")):
            after = ""  # that would be code
        if "[[" in before and "]]" in hidden:
            hidden = "%%SECRET%%"  # that would be shown as the text of a link
        code = before in {"```", "~~~ "}
        if code and "\n" in hidden:
            hidden = "%%SECRET%%"
        secret = before + hidden + after
    parts = [*around, secret, *(draw.choice(BLOCKS) for _ in range(draw.randint(0, 2)))]
    text = draw.choice(["\n\n", "\n\n", "\n"]).join(parts) + ("" if code else draw.choice(ENDS))
    return text.replace("\n", draw.choice(ENDLINES))


@settings(max_examples=1_000, deadline=None, derandomize=True)
@given(st.integers(0, 1 << 32))
def test_a_comment_that_obsidian_hides_is_left_out(seed: int) -> None:
    text = a_note(random.Random(seed))  # noqa: S311  # a repeatable choice
    assert "SECRET" not in strip_comments(text).text, text


TREASURES = [
    "`%%x%%`", "a `%%` b", "``%%` x %%``", "```\n%%x%%\n```", "~~~ js\n%% one\n%% two\n~~~", "> ```\n> %%x%%\n> ```",
    "- ```m\n  %% Section\n  y = x %% 2\n  ```", "text\n\n    %%x%%", "text\n\n\t%% code", "100%% sure",
    "a 50%%, b", "\\%\\%x\\%\\%",
    "50% %a", "$$\n%% LaTeX\nx\n$$", "[x](http://y/a%%b)", "http://y/a%%b c", "[[a%%b]]", "<img width='50%%'>",
    "![a](b%%c.png)", "1. a\n\n   ```\n   %%x%%\n   ```", '```printf("%%")```',
    "| `%%x%%` | b |\n|---|---|\n| c | `%%` |", "**`%%x%%`**",
]  # fmt: skip
QUIET = [
    "text",
    "# Head",
    "it`s",
    "paid ($20)",
    "> quote",
    "- item\n- item",
    "cost $5 and $6",
    "<b>x</b>",
    "a | b",
    "*a* _b_",
    "",
]


@given(st.integers(0, 1 << 32))
def test_code_and_lone_signs_are_never_lost(seed: int) -> None:
    """Without a comment nothing is left out, whatever stands around what holds the sign."""
    rng = random.Random(seed)  # noqa: S311  # a repeatable choice
    parts = [rng.choice(TREASURES), *(rng.choice(QUIET) for _ in range(rng.randint(0, 4)))]
    rng.shuffle(parts)
    parts.append(rng.choice(TREASURES))
    text = "\n\n".join(parts).replace("\n", rng.choice(ENDLINES))
    assert strip_comments(text).text == text


@given(st.integers(0, 1 << 32))
def test_beside_a_comment_code_stays(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # a repeatable choice
    one, two, three = (rng.choice(TREASURES) for _ in range(3))
    sent = strip_comments(f"{one}\n\na %%comment `%% b\n\n{two}\n\n%%\n```\nlong\n%%\n\nb\n\n{three}").text
    assert sent == f"{one}\n\na  b\n\n{two}\n\n\nb\n\n{three}"
