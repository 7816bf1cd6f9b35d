"""The words that queries are made of, and the questions that every board asks. A panel holds no query of its own.

`$application`, `$env`, `$service` and `$instance` are the board's choice; "All" is all that have the metric. A zero
stands in where nothing has happened yet, and only there: it is made from what has, so that without requests there is no
error rate either.
"""

from collections.abc import Mapping

APPLICATION = 'application=~"$application",env=~"$env"'
SERVICE = f'{APPLICATION},service=~"$service"'
PROCESS = f'{SERVICE},instance=~"$instance"'
IDENTITY = ("application", "env", "service")
BY_SERVICE = ", ".join(IDENTITY)
RATE = "[$__rate_interval]"
RANGE = "[$__range]"

# An alert without series of its own has no env: Prometheus adds it only to what it sends.
_ALERTS = 'application=~"$application",env=~"$env|"'
_NEWS = f'{_ALERTS},alertstate="firing",alertname!="Watchdog"'
# Watchdog always fires and is no news; without it there is no number, and that is news.
ALERTS_FIRING = f'count(ALERTS{{{_NEWS}}}) or 0 * count(ALERTS{{alertname="Watchdog",alertstate="firing"}})'
FIRING_ANNOTATION = f"sum by (alertname, application, service, severity) (ALERTS{{{_NEWS}}}) > 0"
# What ran within the hour before and was away is restarted, not deployed.
_VERSIONS = f"sum by ({BY_SERVICE}, version)"
_HOUR_BEFORE = f"{_VERSIONS} (last_over_time(build_info[1h] offset 1m))"
DEPLOY_ANNOTATION = f"{_VERSIONS} (build_info{{{SERVICE}}}) unless {_HOUR_BEFORE}"


def rate(metric: str, labels: str = PROCESS) -> str:
    return f"rate({metric}{{{labels}}}{RATE})" if labels else f"rate({metric}{RATE})"


def total(metric: str, labels: str = PROCESS, per: str = "") -> str:
    return f"sum({rate(metric, labels)}){per}"


def rate_by(by: str, metric: str, labels: str = PROCESS, per: str = "") -> str:
    return f"sum by ({by}) ({rate(metric, labels)}){per}"


def counted_by(by: str, metric: str, labels: str = PROCESS) -> str:
    """How many in the board's time range."""
    return f"sum by ({by}) (increase({metric}{{{labels}}}{RANGE}))"


def or_zero(expression: str, of: str) -> str:
    """Zero where there is `of`, a rate, and nothing of the expression yet."""
    return f"{expression} or 0 * {of}"


def share(part: str, whole: str) -> str:
    return f"({or_zero(part, whole)}) / {whole}"


def quantile(of: float, histogram: str, labels: str = PROCESS, *by: str) -> str:
    return f"histogram_quantile({of}, {rate_by(', '.join(('le', *by)), f'{histogram}_bucket', labels)})"


def percentiles(histogram: str, labels: str = PROCESS) -> dict[str, str]:
    return {f"p{of:.0%}".rstrip("%"): quantile(of, histogram, labels) for of in (0.5, 0.95, 0.99)}


def recorded(series: str) -> str:
    """A recorded series of the chosen services."""
    return f"{series}{{{SERVICE}}}"


def recorded_of_application(series: str) -> str:
    """A recorded series of the chosen applications, whose services it adds up."""
    return f"{series}{{{APPLICATION}}}"


def lines_of(services: str, more: str = "") -> str:
    return f'{{{APPLICATION},service=~"{services}"{more}}}'


def lines_by(label: str, selector: str) -> str:
    return f"sum by ({label}) (count_over_time({selector} [$__auto]))"


def alert_states(evaluated: Mapping[str, str], also: str = "") -> str:
    """2 for each alert that fires, 1 while it is pending, 0 while its rules are evaluated and it is neither.

    Those of the chosen applications count, and of the application `also`.
    """
    names = "|".join(evaluated)
    chosen = _ALERTS.replace("$application", f"$application|{also}") if also else _ALERTS
    states = [
        f'2 * ALERTS{{alertname=~"{names}",{chosen},alertstate="firing"}}',
        f'ALERTS{{alertname=~"{names}",{chosen},alertstate="pending"}}',
        *(f'label_replace(0 * {series}, "alertname", "{name}", "", "")' for name, series in evaluated.items()),
    ]
    return f"max by (alertname) ({' or '.join(states)})"
