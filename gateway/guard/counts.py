"""What the guard counts. The rules read gateway_refusals_total."""

from prometheus_client import Counter, Histogram

REASONS = {
    "push": (
        *("no_token", "unknown_token", "other_host", "other_application"),
        *("unreadable", "too_large", "too_often"),
    ),
    "login": ("no_credentials", "wrong_password", "role", "path", "other_page", "too_often"),
}

REFUSALS = Counter("gateway_refusals_total", "Requests that the gateway's guard refused.", ["door", "reason"])
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
        REFUSALS.labels(_door, _reason)
