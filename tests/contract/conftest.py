"""The embedded server in this process, driven through its wire and nothing else."""

from collections.abc import Callable, Iterator

import pytest

from tests.contract.harness import Anything, Api, Clock, Service


@pytest.fixture
def new_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """A factory of servers with their own data, plan, limits and clock."""
    made: list[Service] = []

    def make(**options: Anything) -> Service:
        made.append(Service(data=tmp_path_factory.mktemp("picora"), **options))
        return made[-1]

    yield make
    for service in made:
        service.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One server for a whole module, limits off: tests in it are tenants of their own."""
    shared = Service(data=tmp_path_factory.mktemp("picora"))
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
