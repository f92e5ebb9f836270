"""What is between the brackets of ``[[…]]`` and ``![[…]]``, and how it reads as plain Markdown (design §5)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

from picora_sync.core.model import suffix_of

_BAR = re.compile(r"\\?\|")
_SIZE = re.compile(r"\d+(?:x\d+)?")
_UNESCAPED_BRACKET = re.compile(r"(?<!\\)[\[\]]")
_MARKUP = re.compile(r"[\\`*\[\]<$~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LINE_START = re.compile(
    r"(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|>|`{3}|~{3}|=+\s*$|-+\s*$)|(?P<number>\d{1,9})(?=[.)](?:\s|$))"
)
_NOT_WORD = re.compile(r"[\W_]+")
_TAIL_OF_LINK = re.compile(rb"\((?:<[^<>\n]*>|[^\s()<]*)(?:[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'))?\)")


@dataclass(frozen=True, slots=True)
class Reference:
    """``[[target#fragment|alias]]``. ``bar`` is how its author wrote the bar: with a backslash in a table."""

    target: str
    fragment: str = ""
    alias: str = ""
    bar: str = "|"

    @classmethod
    def of(cls, inner: str) -> Reference:
        """Read what is between the brackets."""
        inner = " ".join(inner.split())
        bar = _BAR.search(inner)
        link, alias = (inner[: bar.start()], inner[bar.end() :]) if bar else (inner, "")
        target, _, fragment = link.partition("#")
        return cls(target.strip(), fragment.strip(), alias.strip(), bar[0] if bar else "|")

    @property
    def block(self) -> str:
        """The id of ``#^id``, and of ``#Heading#^id``, whose heading says nothing more; ``""`` if there is none."""
        last = self.fragment.rpartition("#")[2].strip()
        return last[1:] if last.startswith("^") else ""

    @property
    def headings(self) -> tuple[str, ...]:
        """The chain of headings of ``#A#B``; empty for a block (``#^id``)."""
        return () if self.block else tuple(part.strip() for part in self.fragment.split("#") if part)

    def text(self) -> str:
        """What a reader of Obsidian sees instead of the link, as Markdown."""
        if self.alias:
            return self.alias
        return _MARKUP.sub(r"\\\g<0>", " > ".join(filter(None, (self.target, *self._fragment_parts()))))

    def embed_text(self) -> str:
        """The same for an embed, whose alias may be nothing but a size."""
        sized = _SIZE.fullmatch(self.alias)
        return Reference(self.target, self.fragment).text() if sized else self.text()

    def alt(self) -> str:
        """The alt text of an embedded image: alias or file name, with Obsidian's size hint (``alt|300``) if given."""
        *words, last = [part.strip() for part in _BAR.split(self.alias)]
        size = last if _SIZE.fullmatch(last) else ""
        alt = " ".join(words if size else [*words, last]) or self.target.rpartition("/")[2]
        return as_link_text(alt) + (f"{self.bar}{size}" if size else "")

    def _fragment_parts(self) -> tuple[str, ...]:
        return self.headings or ((self.fragment,) if self.fragment else ())


def is_plain_link(data: bytes, end: int) -> bool:
    """Whether a destination follows the ``[[…]]`` that ends here: then it is a Markdown link with a bracketed text."""
    return _TAIL_OF_LINK.match(data, end) is not None


def as_link_text(text: str) -> str:
    """The text with its brackets escaped."""
    return _UNESCAPED_BRACKET.sub(r"\\\g<0>", text)


def at_line_start(text: str) -> str:
    """The text so that it stays a text at the start of a line, and does not become a heading, list or quote."""
    return (
        _LINE_START.sub(lambda match: f"{match['number'] or ''}\\", text, count=1) if _LINE_START.match(text) else text
    )


def link_url(base: str, path: str, permalink: str, headings: tuple[str, ...]) -> str:
    """The stable address of a note: its ``permalink``, else a slug of its path in the folder; plus its heading's."""
    stem = path[: -len(suffix_of(path))]
    slug = quote(permalink.strip().strip("/"), safe="/%") or "/".join(_slug(part) for part in stem.split("/"))
    anchor = f"#{_slug(headings[-1])}" if headings else ""
    return base + ("" if base.endswith(("/", "=", "#")) else "/") + slug + anchor


def _slug(text: str) -> str:
    text = unicodedata.normalize("NFC", text).lower()
    return quote(_NOT_WORD.sub("-", text).strip("-") or "-", errors="surrogateescape")
