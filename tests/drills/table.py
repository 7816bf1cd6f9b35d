"""Every drill: the alert, the fault that must lead to it, and who is to be told.

To add one: a fault in ops/faults.py, a row here. Faults of one batch don't touch each other.
"""

from __future__ import annotations

from dataclasses import dataclass

PAGE = ("pagerduty", "slack", "email")
CHAT = ("slack",)


@dataclass(frozen=True)
class Drill:
    """`condition`: seconds from the fault until the rule's expression is true, at the least and at the most.

    `says` is in the notification; `inhibits` is an alert that must fire and not be told;
    `in_tests`: `make test` runs it too.
    """

    alert: str
    severity: str
    fault: str
    batch: int
    condition: tuple[float, float] = (0, 0)
    says: str = ""
    inhibits: str = ""
    resolves_within: float = 600
    in_tests: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        return PAGE if self.severity == "critical" else CHAT

    @property
    def name(self) -> str:
        return f"{self.alert}/{self.severity}"


DRILLS: tuple[Drill, ...] = (
    Drill("ErpExternalApiDown", "warning", "shipping-down", 1, condition=(30, 90), says="shipping", in_tests=True),
    Drill("ErpTargetDown", "warning", "redis-exporter-stopped", 1, says="redis-exporter", in_tests=True),
    Drill(
        *("ErpAllDown", "critical", "erp-web-stopped", 2),
        inhibits="ErpInstanceDown",
        in_tests=True,
    ),
    Drill("ErpExternalApiDown", "critical", "payment-down", 3, condition=(60, 90), says="payment"),
)
NOT_DRILLED: dict[str, str] = {
    "Watchdog": "Always fires; its absence is what tests/e2e proves.",
}
