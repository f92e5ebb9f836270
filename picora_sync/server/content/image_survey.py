"""What the images of a document are, told from their URLs alone (contract §9.2, §15 #21 #24)."""

from __future__ import annotations

from urllib.parse import urlsplit

from picora_sync.server.content import data_uris

_MAX_WARNINGS = 100
_SHOWN_CHARACTERS = 200


class ImageSurvey:
    """Counts images as they are found, and keeps no more of them than will be told.

    Attributes:
        count: all references (contract §8, ``imageCount``).
        embedded: those with base64 data, which the plan limits (contract §15 #21).
        web: index and URL of the first one with a web address.
    """

    def __init__(self, most_embedded: int) -> None:
        self.count = 0
        self.embedded = 0
        self.web: tuple[int, str] | None = None
        self._most_embedded = most_embedded
        self._local_count = 0
        self._local: list[str] = []
        self._other_data = 0

    def take(self, url: str) -> bool:
        """Count the next reference; True if it is an image inside the text, within the limit."""
        index = self.count
        self.count += 1
        if data_uris.is_data(url):
            return self._take_data(url)
        if self.web is None and is_web(url):
            self.web = index, url
        if _is_local(url):
            self._local_count += 1
            if self._local_count <= _MAX_WARNINGS:
                self._local.append(f"image {index} skipped: local path {url[:_SHOWN_CHARACTERS]}")
        return False

    def warnings(self) -> list[str]:
        """What a person should know about images that are kept as they are."""
        warnings = list(self._local)
        if self._local_count > _MAX_WARNINGS:
            warnings.append(f"{self._local_count - _MAX_WARNINGS} more local images skipped")
        if self._other_data:
            warnings.append(f"{self._other_data} data URIs that are no base64 images are kept as they are")
        return warnings

    def _take_data(self, url: str) -> bool:
        uri = data_uris.parse(url)
        if uri is not None:
            self.embedded += 1
        if uri is None or not uri.is_image:
            self._other_data += 1
            return False
        return self.embedded <= self._most_embedded


def is_web(url: str) -> bool:
    """Whether a URL leads to a web server."""
    return url[:8].lower().startswith(("http://", "https://"))


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "file" or not parts.netloc
