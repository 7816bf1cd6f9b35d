"""Client of Loki's HTTP API that keeps stream labels, structured metadata and the line apart."""

import json
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.support.api import Api

DEFAULT_SECONDS = 3600.0


@dataclass(frozen=True)
class Entry:
    time: float
    line: str
    labels: dict[str, str]
    metadata: dict[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        """The line's JSON object; a line that isn't one is a ValueError."""
        return dict(json.loads(self.line))


class Loki(Api):
    service = "loki"
    root = "/loki/api/v1"
    headers = MappingProxyType({"X-Loki-Response-Encoding-Flags": "categorize-labels"})

    def get(self, path: str, **parameters: Any) -> Any:
        return super().get(path, **parameters)["data"]

    def entries(self, query: str, *, seconds: float = DEFAULT_SECONDS, limit: int = 1000) -> list[Entry]:
        """The lines that match within the last `seconds`, oldest first."""
        now = time.time()
        window = {"start": _ns(now - seconds), "end": _ns(now), "limit": limit, "direction": "forward"}
        data = self.get("query_range", query=query, **window)
        found = [_entry(stream["stream"], row) for stream in data["result"] for row in stream["values"]]
        return sorted(found, key=lambda entry: entry.time)

    def value(self, query: str) -> float:
        """The sum of an instant metric query such as sum(count_over_time(...)); 0 without a series."""
        return sum(float(row["value"][1]) for row in self.get("query", query=query)["result"])

    def query_range(self, query: str, start: float, end: float, step: float) -> list[list[float]]:
        """The values of each series of a metric query; a log query gives a one per line."""
        window = {"start": _ns(start), "end": _ns(end), "step": f"{step:.0f}s", "limit": 100}
        data = self.get("query_range", query=query, **window)
        if data["resultType"] == "streams":
            return [[1.0 for _ in stream["values"]] for stream in data["result"]]
        return [[float(value) for _, value in row["values"]] for row in data["result"]]

    def label_names(self) -> set[str]:
        return set(self.get("labels"))

    def label_values(self, label: str, selector: str = "") -> list[str]:
        return list(self.get(f"label/{label}/values", **({"query": selector} if selector else {})) or [])


def _entry(labels: dict[str, str], row: list[Any]) -> Entry:
    extra = row[2] if len(row) > 2 else {}
    metadata = {**extra.get("structuredMetadata", {}), **extra.get("parsed", {})}
    return Entry(int(row[0]) / 1e9, row[1], labels, metadata)


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
