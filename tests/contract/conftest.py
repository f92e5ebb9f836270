"""The embedded server in this process, driven through its wire and nothing else.

``PICORA_TEST_BACKEND=postgres+s3`` runs the same tests on a PostgreSQL and an S3 endpoint of their own; the default is
SQLite and a directory.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from tests import backends
from tests.contract.harness import Anything, Api, Clock, Service

NewLibrary = Callable[[], dict[str, str]]
"""Settings of an empty library: nothing for the default backend."""


@pytest.fixture(scope="session")
def new_library() -> Iterator[NewLibrary]:
    """Where the servers of this run keep their things."""
    chosen = os.environ.get("PICORA_TEST_BACKEND", "sqlite")
    if chosen == "sqlite":
        yield dict
        return
    assert chosen == "postgres+s3", f"PICORA_TEST_BACKEND is {chosen}: use sqlite or postgres+s3"
    with backends.running() as both, pytest.MonkeyPatch.context() as environment:
        for name, value in both.environment().items():
            environment.setenv(name, value)
        yield both.fresh


@pytest.fixture
def new_service(tmp_path_factory: pytest.TempPathFactory, new_library: NewLibrary) -> Iterator[Callable[..., Service]]:
    """A factory of servers with their own data, plan, limits and clock."""
    made: list[Service] = []

    def make(**options: Anything) -> Service:
        made.append(Service(data=tmp_path_factory.mktemp("picora"), **{**new_library(), **options}))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, new_library: NewLibrary) -> Iterator[Service]:
    """One server for a whole module, limits off: tests in it are tenants of their own."""
    shared = Service(data=tmp_path_factory.mktemp("picora"), **new_library())
    yield shared
    shared.close()


@pytest.fixture
def api(service: Service) -> Api:
    """A fresh pro_plus account with a key that may do everything."""
    return service.tenant()


@pytest.fixture
def other(service: Service) -> Api:
    """Somebody else on the same server."""
    return service.tenant()


@pytest.fixture
def anonymous(service: Service) -> Api:
    """Requests without a credential."""
    return service.api()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def timed(new_service: Callable[..., Service], clock: Clock) -> Api:
    """An account on a server whose time is ``clock``, limits off."""
    return new_service(clock=clock).owner()


@pytest.fixture
def limited(new_service: Callable[..., Service], clock: Clock) -> Service:
    """A server whose time is ``clock``, limits on."""
    return new_service(clock=clock, rate_limits=True)
