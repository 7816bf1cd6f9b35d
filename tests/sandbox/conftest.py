"""One inbox and one partner for all tests; what needs settings or a state of its own starts another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.programs import API_KEY, Program, Starter


def _starter(folder: Path) -> Iterator[Starter]:
    started: list[Program] = []

    def start(module: str, *, port: int = 0, **environment: str) -> Program:
        log = folder / f"{module}-{len(started)}.log"
        program = Program(module, log, port=port, **environment)
        started.append(program)
        return program

    try:
        yield start
        for program in started:
            program.stop_and_check()
    finally:
        for program in started:
            program.process.kill()
            program.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    yield from _starter(tmp_path)


@pytest.fixture(scope="session")
def start_shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    yield from _starter(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secrets") / "partner_api_key"
    path.write_text(f"{API_KEY}\n")
    return path


@pytest.fixture(scope="session")
def inbox(start_shared: Starter) -> Program:
    return start_shared("sandbox.inbox")


@pytest.fixture(scope="session")
def shared_partner(start_shared: Starter, secret: Path) -> Program:
    return start_shared(
        "sandbox.partner",
        PARTNER_API_KEY_FILE=str(secret),
        PARTNER_SLOW_SECONDS="0.4",
        PARTNER_TIMEOUT_SECONDS="0.8",
    )


@pytest.fixture
def partner(shared_partner: Program) -> Iterator[Program]:
    """The partner with healthy switches, before and after."""
    yield shared_partner
    for name in ("payment", "shipping"):
        shared_partner.request("PUT", f"/switches/{name}", json={"mode": "ok"}).raise_for_status()
