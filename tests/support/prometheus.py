"""Client of Prometheus' HTTP API."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.support.api import Api
from tests.support.wait import eventually

STARTED_SECONDS = 110  # prometheus:starting:bool is 0 after 90, seen one scrape and one evaluation later


@dataclass(frozen=True)
class Sample:
    labels: dict[str, str]
    value: float


class Prometheus(Api):
    service = "prometheus"
    root = "/api/v1"

    def get(self, path: str, **parameters: Any) -> Any:
        return super().get(path, **parameters)["data"]

    def query(self, expression: str) -> list[Sample]:
        """Instant query; a scalar comes back as one sample without labels."""
        data = self.get("query", query=expression)
        if data["resultType"] == "scalar":
            return [Sample({}, float(data["result"][1]))]
        return [Sample(row["metric"], float(row["value"][1])) for row in data["result"]]

    def value(self, expression: str) -> float:
        """The one value of an expression that must have exactly one; 0 when it has none."""
        samples = self.query(expression)
        if len(samples) > 1:
            raise AssertionError(f"Expected one value of {expression}, found {len(samples)}: {samples[:3]}")
        return samples[0].value if samples else 0.0

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[list[float]]:
        """The values of each series of a range query."""
        data = self.get("query_range", query=expression, start=start, end=end, step=step)
        return [[float(value) for _, value in row["values"]] for row in data["result"]]

    def label_values(self, label: str, matcher: str = "") -> list[str]:
        values = self.get(f"label/{label}/values", **({"match[]": matcher} if matcher else {}))
        return [str(value) for value in values]

    def targets(self) -> list[dict[str, Any]]:
        return list(self.get("targets", state="active")["activeTargets"])

    def rules(self) -> list[dict[str, Any]]:
        """Every rule of every group, alerting and recording."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        return list(self.get("alerts")["alerts"])

    def age(self) -> float:
        """Seconds since it started."""
        started = datetime.fromisoformat(self.get("status/runtimeinfo")["startTime"])
        return (datetime.now(UTC) - started).total_seconds()

    def wait_until_it_judges(self) -> None:
        """In its first 90 seconds it takes what is missing for something that still starts."""
        eventually(self.age, "Prometheus to be past its start", 150, until=lambda seconds: seconds > STARTED_SECONDS)

    def is_firing(self, alert: str) -> bool:
        firing = {each["labels"]["alertname"] for each in self.alerts() if each["state"] == "firing"}
        return alert in firing
