"""One PostgreSQL and one S3 endpoint for all tests that need them; each takes a database and a prefix of its own."""

import os
from collections.abc import Iterator

import pytest

from tests import backends
from tests.backends import Backends


@pytest.fixture(scope="session")
def started() -> Iterator[Backends]:
    """Both, running."""
    try:
        with backends.running() as both:
            yield both
    except backends.Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI tests PostgreSQL and S3, but {missing}")
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def both(started: Backends) -> Iterator[Backends]:
    """Both, with their credentials in the environment."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in started.environment().items():
            environment.setenv(name, value)
        yield started
