"""The WSGI application, put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import falcon

from picora_sync.server import accounts
from picora_sync.server.accounts import Bootstrap, bootstrap
from picora_sync.server.api.about import Description, Page
from picora_sync.server.api.account import Health, RateLimits, UsageReport, Verify
from picora_sync.server.api.audio import AudioItem, AudioUpload
from picora_sync.server.api.cdn import AudioFile, CoverFile, ImageFile
from picora_sync.server.api.documents import DocumentItem, DocumentList, DocumentText
from picora_sync.server.api.images import ImageItem, ImageList
from picora_sync.server.api.media import MediaList, SyncState
from picora_sync.server.errors import ServerError, StorageUnavailable
from picora_sync.server.library.audio import AudioFiles
from picora_sync.server.library.composing import Composer
from picora_sync.server.library.documents import Documents
from picora_sync.server.library.images import Images
from picora_sync.server.library.media import Media
from picora_sync.server.library.trash import Trash
from picora_sync.server.library.upkeep import tidy
from picora_sync.server.library.usage import Usage
from picora_sync.server.library.views import Urls
from picora_sync.server.private_directory import keep_private
from picora_sync.server.settings import ServerSettings
from picora_sync.server.store.blobs import Blobs
from picora_sync.server.store.clock import Stamps
from picora_sync.server.store.counters import DatabaseCounters, MemoryCounters
from picora_sync.server.store.database import Database
from picora_sync.server.web import envelope
from picora_sync.server.web.access import Gate
from picora_sync.server.web.hosts import AnyHost, LoopbackHosts
from picora_sync.server.web.rate_windows import RateWindows

__all__ = ["App", "Bootstrap", "bootstrap", "create_app", "open_app", "prepare"]


class App(falcon.App[falcon.Request, falcon.Response]):
    """The WSGI application, and what it holds open."""

    def __init__(self, database: Database, gate: Gate) -> None:
        super().__init__(middleware=[gate])
        self._database = database
        self.bodies = gate.bodies

    def close(self) -> None:
        """Give the connections to the database back; no request may follow."""
        self._database.close()


def create_app(
    settings: ServerSettings,
    *,
    base_url: str = "http://testserver",
    clock: Callable[[], float] = time.time,
    blobs: Blobs | None = None,
) -> App:
    """:func:`prepare` and :func:`open_app`; ``blobs`` replaces the configured object store."""
    blobs = blobs or Blobs(settings.data, settings.storage)
    prepare(settings, clock=clock, blobs=blobs)
    return open_app(settings, base_url=base_url, clock=clock, blobs=blobs)


def prepare(settings: ServerSettings, *, clock: Callable[[], float] = time.time, blobs: Blobs | None = None) -> None:
    """Make what is missing of the schema, remove leftovers of a crash, and accept the key in the settings from now on.

    :func:`bootstrap` makes a key where there is none. No other process may use the data directory meanwhile.

    Raises:
        ServerError: database or object store cannot be used.
    """
    keep_private(settings.data)
    with closing(Database.for_settings(settings.data, settings.database)) as database:
        database.create()
        if settings.key is not None and accounts.find(database, settings.key) is None:
            bootstrap(settings, clock)
        try:
            tidy(database, blobs or Blobs(settings.data, settings.storage), clock())
        except StorageUnavailable as error:
            raise ServerError(
                f"The storage cannot be used: {error}",
                hint="Check --storage, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and whether it runs.",
            ) from error


def open_app(
    settings: ServerSettings,
    *,
    base_url: str,
    clock: Callable[[], float] = time.time,
    blobs: Blobs | None = None,
    database: Database | None = None,
) -> App:
    """The application on a library that was prepared; media are served below ``{base_url}/media/``.

    ``blobs`` and ``database`` replace those of the settings.
    """
    database = database or Database.for_settings(settings.data, settings.database, processes=settings.workers)
    blobs = blobs or Blobs(settings.data, settings.storage)
    counters = DatabaseCounters(database) if database.shared else MemoryCounters()
    windows = RateWindows(clock, counters, enforced=settings.rate_limits)
    stamps = Stamps(clock)
    hosts = AnyHost() if settings.reachable else LoopbackHosts(base_url)
    app = App(database, Gate(database, windows, hosts))
    envelope.install(app)
    app.add_route("/health", Health(stamps))
    app.add_route("/v1/health", Health(stamps))
    app.add_route("/v1/auth/verify", Verify())
    app.add_route("/v1/user/me/rate-limits", RateLimits(windows))
    app.add_route("/v1/user/me/usage", UsageReport(Usage(database, stamps)))
    app.add_route("/openapi.json", Description(base_url.rstrip("/")))
    app.add_route("/", Page(base_url.rstrip("/")))
    trash = Trash(settings.soft_delete, settings.purge)
    _add_library(app, database, blobs, stamps, Urls(base_url.rstrip("/")), trash)
    return app


def _add_library(app: App, database: Database, blobs: Blobs, stamps: Stamps, urls: Urls, trash: Trash) -> None:
    """The routes of what an account holds."""
    images = Images(database, blobs, stamps)
    audio = AudioFiles(database, blobs, stamps)
    media = Media(database, images, audio, stamps)
    documents = Documents(database, blobs, stamps, Composer(images, urls), trash)
    routes: dict[str, object] = {
        "/v1/docs": DocumentList(documents),
        "/v1/docs/{doc_id}": DocumentItem(documents),
        "/v1/docs/{doc_id}/raw": DocumentText(documents),
        "/v1/audio": AudioUpload(audio, blobs, urls),
        "/v1/audio/{audio_id}": AudioItem(audio, urls),
        "/v1/images": ImageList(images, blobs, urls),
        "/v1/images/{image_id}": ImageItem(images, urls),
        "/v1/media": MediaList(media, urls),
        "/v1/sync/state": SyncState(media, urls),
        "/media/{name}": ImageFile(database, blobs),
        "/media/audio/{name}": AudioFile(database, blobs),
        "/media/audio-cover/{name}": CoverFile(database, blobs),
    }
    for route, resource in routes.items():
        app.add_route(route, resource)
