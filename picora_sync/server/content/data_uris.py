"""Data URIs of images: recognised, decoded strictly, checked by signature (contract §9.2, §15 #24)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from picora_sync.server.content import image_formats, svg
from picora_sync.server.content.image_formats import ImageInfo

# Nothing in it is tried twice: five megabytes may lack the comma.
_DATA = re.compile(r"data:(?P<mime>[^,;]*+)(?P<parameters>[^,]*+),", re.IGNORECASE)


class Unusable(Exception):
    """A data URI that stays as it is: ``reason`` is a code of contract §15 #24."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class DataUri:
    """A base64 data URI: its media type in lower case, and the text behind the comma."""

    mime: str
    plain: bool
    payload: str

    @property
    def is_image(self) -> bool:
        """Whether it claims to be an image."""
        return self.mime.startswith("image/")


def is_data(url: str) -> bool:
    """Whether a URL carries its data itself."""
    return url[:5].lower() == "data:"


def parse(url: str) -> DataUri | None:
    """A base64 data URI taken apart; None for every other URL."""
    match = _DATA.match(url)
    if match is None:
        return None
    parameters = match["parameters"].lower()
    if not parameters.endswith(";base64"):
        return None
    return DataUri(match["mime"].strip().lower(), parameters == ";base64", url[match.end() :])


def decode(uri: DataUri) -> tuple[bytes, bytes, ImageInfo]:
    """The image's bytes as sent, as they will be stored (SVG sanitised), and what they are.

    Raises:
        Unusable: type, base64, signature or size is not accepted.
    """
    if uri.mime not in image_formats.EXTENSIONS or not uri.plain:
        raise Unusable("UNSUPPORTED_TYPE", f"{uri.mime or 'no type'} is not accepted")
    try:
        source = base64.b64decode(uri.payload, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unusable("INVALID_BASE64", "the data is not valid base64") from error
    if not source:
        raise Unusable("INVALID_BASE64", "the data is empty")
    if uri.mime == image_formats.SVG:
        try:
            content = svg.sanitise(source)
        except svg.SvgTooLarge as error:
            raise Unusable("TOO_LARGE", str(error)) from error
        except svg.SvgInvalid as error:
            raise Unusable("SVG_INVALID", str(error)) from error
        return source, content, ImageInfo(image_formats.SVG, *svg.dimensions(content))
    info = image_formats.identify(source)
    if info is None or info.mime != uri.mime:
        raise Unusable("SIGNATURE_MISMATCH", f"the data is not {uri.mime}")
    return source, source, info
