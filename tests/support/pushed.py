"""Another host that pushes through the gateway: a sample and a line at a time, again until they are taken."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Event

import requests

from gateway.tests.bodies import lines, remote_write
from tests.support.loki import Loki
from tests.support.other_host import authority_of_the_gateway
from tests.support.prometheus import Prometheus
from tests.support.second_stack import SecondStack
from tests.support.wait import eventually

NAME = "planted_pushed"
HOST, APPLICATION = "pushing-host", "planted"
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Host:
    """`root` is the certificate of the gateway's authority."""

    base: str
    root: Path
    token: str

    @classmethod
    def known_to(cls, running: SecondStack, folder: Path) -> Host:
        """With a new token, kept in `folder`; the stack has to run with GATEWAY=on."""
        token = folder / "token"
        running.make("agent-token", f"HOST={HOST}", f"APPLICATIONS={APPLICATION}", f"FILE={token}")
        root = authority_of_the_gateway(running.compose, folder)
        base = f"https://localhost:{running.settings['GATEWAY_PORT']}"
        return cls(base, root, token.read_text(encoding="utf-8").strip())

    def push(self, value: float, run: str) -> None:
        """A sample, and a line that says it."""
        labels = {"host": HOST, "application": APPLICATION, "env": "sandbox", "service": "planted", "run": run}
        stream = ", ".join(f'{name}="{text}"' for name, text in labels.items())
        bodies = {
            "metrics": remote_write(({"__name__": NAME, **labels}, value)),
            "logs": lines(f"{{{stream}}}", f"{value:g}"),
        }
        for signal, body in bodies.items():
            eventually(
                partial(self._sent, signal, body),
                f"the gateway to take {signal}",
                PATIENCE_SECONDS,
                until=lambda said: said == str(HTTPStatus.NO_CONTENT.value),
            )

    def _sent(self, signal: str, body: bytes) -> str:
        headers = {"Content-Type": "application/x-protobuf", "Authorization": f"Bearer {self.token}"}
        try:
            answer = requests.post(
                f"{self.base}/push/{signal}", body, headers=headers, verify=str(self.root), timeout=10
            )
        except requests.RequestException as error:
            return str(error)
        return f"{answer.status_code} {answer.text}".strip()

    @contextmanager
    def each_second(self, run: str) -> Iterator[list[int]]:
        """Meanwhile it pushes each second; the numbers so far."""
        sent: list[int] = []
        ended = Event()

        def go_on() -> None:
            while not ended.wait(1):
                self.push(len(sent) + 1, run)
                sent.append(len(sent) + 1)

        with ThreadPoolExecutor(1) as pool:
            pushing = pool.submit(go_on)
            try:
                yield sent
            finally:
                ended.set()
            pushing.result()


def found(run: str, minutes: int = 10) -> tuple[int, int]:
    """How many samples and lines of a run queries find."""
    samples = Prometheus().value(f'count_over_time({NAME}{{run="{run}"}}[{minutes}m])')
    said = Loki().value(f'sum(count_over_time({{host="{HOST}", run="{run}"}}[{minutes}m]))')
    return int(samples), int(said)
