"""Samples that are pushed to SCALE=on's receivers one each second, as an agent's Prometheus would, from outside."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import requests

from gateway.tests.bodies import remote_write
from tests.support import stack
from tests.support.prometheus import Prometheus

NAME = "planted_pushed"
PATIENCE_SECONDS = 5
RECEIVERS = ("thanos-receive-1", "thanos-receive-2", "thanos-receive-3")


def push(value: float, **labels: str) -> None:
    """Hand a sample to the first receiver that takes it; AssertionError with what each said where none does."""
    body = remote_write(({"__name__": NAME, "application": "planted", **labels}, value))
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    said = []
    for receiver in RECEIVERS:
        found = stack.inside(receiver, 19291)
        if not found:
            said.append(f"{receiver}: not running")
            continue
        try:
            answer = requests.post(f"{found[0]}/api/v1/receive", data=body, headers=headers, timeout=PATIENCE_SECONDS)
        except requests.RequestException as error:
            said.append(f"{receiver}: {error}")
            continue
        if answer.ok:
            return
        said.append(f"{receiver}: {answer.status_code} {answer.text.strip()}")
    raise AssertionError(f"No receiver took a sample. {' '.join(said)}")


@contextmanager
def each_second(run: str) -> Iterator[list[int]]:
    """Meanwhile a sample is pushed each second; their numbers so far."""
    sent: list[int] = []
    ended = Event()

    def go_on() -> None:
        while not ended.wait(1):
            push(len(sent) + 1, run=run)
            sent.append(len(sent) + 1)

    with ThreadPoolExecutor(1) as pool:
        pushing = pool.submit(go_on)
        try:
            yield sent
        finally:
            ended.set()
        pushing.result()


def found(run: str, minutes: int = 10) -> int:
    """How many of a run's samples a query finds."""
    return int(Prometheus().value(f'count_over_time({NAME}{{run="{run}"}}[{minutes}m])'))
