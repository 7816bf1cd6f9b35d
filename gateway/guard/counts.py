"""What the guard counts. The rules read gateway_refusals_total."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram

OF_A_HOST = ("other_host", "other_application", "unreadable", "too_large", "too_often")
REASONS = {
    "push": ("no_token", "unknown_token"),
    "login": ("no_credentials", "wrong_password", "role", "path", "other_page", "too_often"),
}

REFUSALS = Counter(
    "gateway_refusals_total",
    "Requests that the gateway's guard refused; `host` where a push has a token that is known.",
    ["door", "reason", "host"],
)
ACCEPTED = Counter("gateway_accepted_total", "Requests that the gateway's guard let through.", ["door"])
PUSHED = Counter("gateway_pushed_bytes_total", "Bytes of the pushes that were passed on.", ["host", "signal"])
CHECK_SECONDS = Histogram(
    "gateway_check_seconds",
    "Time that the guard takes to decide, without the time of the program behind it.",
    ["door"],
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)

for _door, _reasons in REASONS.items():
    ACCEPTED.labels(_door)
    for _reason in _reasons:
        REFUSALS.labels(_door, _reason, "")


def begin(hosts: Iterable[str]) -> None:
    """At 0 for each host that has a token: what begins at another number is no increase."""
    for host in hosts:
        for reason in OF_A_HOST:
            REFUSALS.labels("push", reason, host)
