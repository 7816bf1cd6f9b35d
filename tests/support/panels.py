"""Answers a panel's query: straight from Prometheus and Loki, or through Grafana where Grafana runs."""

from __future__ import annotations

import math
import time
from typing import Protocol

from tests.support import stack
from tests.support.boards import RANGE_SECONDS, STEP_SECONDS, PanelQuery
from tests.support.grafana import Grafana
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus


class Answers(Protocol):
    """`name` is what the report says of where the answers came from."""

    name: str

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]: ...


class Direct:
    name = "straight from Prometheus and Loki"

    def __init__(self) -> None:
        self._sources: dict[str, Prometheus | Loki] = {"prometheus": Prometheus(), "loki": Loki()}

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]:
        return self._sources[query.kind].query_range(query.expression, start, end, step)


class ThroughGrafana:
    name = "through Grafana's query API"

    def __init__(self) -> None:
        self._grafana = Grafana()
        self._uids = {each["type"]: each["uid"] for each in self._grafana.data_sources()}

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]:
        uid = self._uids[query.kind]
        return self._grafana.query_range(uid, query.expression, start, end, step, kind=query.kind)


def available_answers() -> list[Answers]:
    """Both ways where Grafana is part of this machine's stack, else the direct one alone."""
    return [Direct(), ThroughGrafana()] if "grafana" in stack.expected_services() else [Direct()]


def numbers(answers: Answers, query: PanelQuery) -> list[float]:
    """The values that the panel would draw for its last quarter of an hour, NaN left out."""
    now = time.time()
    series = answers.series(query, now - RANGE_SECONDS, now, STEP_SECONDS)
    return [value for values in series for value in values if not math.isnan(value)]
