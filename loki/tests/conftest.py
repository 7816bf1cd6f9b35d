"""One Loki for all tests of its configuration."""

from collections.abc import Iterator

import pytest

from loki.tests.server import Server, running


@pytest.fixture(scope="session")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("loki")) as server:
        yield server
