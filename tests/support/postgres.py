"""A throwaway PostgreSQL: the stack's own image in a container of this run, which can be stopped and hung."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.commands import current
from tests.support import stack
from tests.support.ports import free_port
from tests.support.wait import eventually


@dataclass(frozen=True)
class Postgres:
    container: str
    port: int
    password: str

    @property
    def variables(self) -> dict[str, str]:
        """What leads the superuser `postgres` to the database `postgres`."""
        return {"DATABASE_PORT": str(self.port), "DATABASE_PASSWORD": self.password}

    def start(self) -> None:
        stack.run("docker", "start", self.container)
        ready = ("docker", "exec", self.container, "pg_isready", "-h", "127.0.0.1", "-U", "postgres")
        eventually(lambda: stack.run(*ready), "PostgreSQL to answer", 60)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        stack.run("docker", "kill", self.container)
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Connections are taken and never answered."""
        stack.run("docker", "pause", self.container)
        try:
            yield
        finally:
            stack.run("docker", "unpause", self.container)


@contextmanager
def running(folder: Path, title: str) -> Iterator[Postgres]:
    """Gone afterwards, with its data. `folder` lets no other user in."""
    image = current().model["services"]["erp-db"]["image"]
    made = Postgres(f"{title}-{os.getpid()}", free_port(), secrets.token_hex(16))
    file = folder / "postgres_password"
    file.write_text(made.password, encoding="utf-8")
    file.chmod(0o644)  # the container's user is another one
    command = ["docker", "create", "--name", made.container, "--publish", f"127.0.0.1:{made.port}:5432"]
    command += ["--volume", f"{file}:/run/secrets/postgres_password:ro", "--memory", "512m", "--pids-limit", "200"]
    command += ["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password", image]
    try:
        stack.run(*command, "postgres", "-c", "shared_buffers=64MB", timeout=600)
        made.start()
        yield made
    finally:
        remove = ["docker", "rm", "--force", "--volumes", made.container]
        subprocess.run(remove, check=False, capture_output=True)
