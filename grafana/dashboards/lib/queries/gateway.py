"""The one door from outside: who comes through it, and who doesn't."""

from grafana.dashboards.lib.queries.common import quantile, rate_by

REQUESTS = {
    "{{door}}: let through": rate_by("door", "gateway_accepted_total", ""),
    "{{door}}: refused": rate_by("door", "gateway_refusals_total", ""),
}
# Only what is refused: most reasons never come.
REFUSALS = f"{rate_by('door, reason, host', 'gateway_refusals_total', '', per=' * 60')} > 0"
PUSHED = rate_by("host, signal", "gateway_pushed_bytes_total", "")
CHECK = quantile(0.95, "gateway_check_seconds", "", "door")
