"""The words that queries are made of, and the questions that every board asks. A panel holds no query of its own.

`$job` and `$instance` are the board's choice; "All" is every job that has the metric. A zero stands in where nothing
has happened yet, and only there: it is made from what has, so that without requests there is no error rate either.
"""

from collections.abc import Mapping

APP = 'job=~"$job",instance=~"$instance"'
JOB = 'job=~"$job"'
RATE = "[$__rate_interval]"
RANGE = "[$__range]"

# Watchdog always fires and is no news; without it there is no number, and that is news.
ALERTS_FIRING = 'count(ALERTS{alertstate="firing"}) - 1'
FIRING_ANNOTATION = 'sum by (alertname, service, severity) (ALERTS{alertstate="firing",alertname!="Watchdog"}) > 0'
# What ran within the hour before and was away is restarted, not deployed.
_HOUR_BEFORE = "sum by (job, version) (last_over_time(build_info[1h] offset 1m))"
DEPLOY_ANNOTATION = f"sum by (job, version) (build_info{{{JOB}}}) unless {_HOUR_BEFORE}"


def rate(metric: str, labels: str = APP) -> str:
    return f"rate({metric}{{{labels}}}{RATE})" if labels else f"rate({metric}{RATE})"


def total(metric: str, labels: str = APP, per: str = "") -> str:
    return f"sum({rate(metric, labels)}){per}"


def rate_by(by: str, metric: str, labels: str = APP, per: str = "") -> str:
    return f"sum by ({by}) ({rate(metric, labels)}){per}"


def counted_by(by: str, metric: str, labels: str = APP) -> str:
    """How many in the board's time range."""
    return f"sum by ({by}) (increase({metric}{{{labels}}}{RANGE}))"


def or_zero(expression: str, of: str) -> str:
    """Zero where there is `of`, a rate, and nothing of the expression yet."""
    return f"{expression} or 0 * {of}"


def share(part: str, whole: str) -> str:
    return f"({or_zero(part, whole)}) / {whole}"


def quantile(of: float, histogram: str, labels: str = APP, *by: str) -> str:
    return f"histogram_quantile({of}, {rate_by(', '.join(('le', *by)), f'{histogram}_bucket', labels)})"


def percentiles(histogram: str, labels: str = APP) -> dict[str, str]:
    return {f"p{of:.0%}".rstrip("%"): quantile(of, histogram, labels) for of in (0.5, 0.95, 0.99)}


def recorded(series: str) -> str:
    """A recorded series of the chosen jobs."""
    return f"{series}{{{JOB}}}"


def lines_of(services: str, more: str = "") -> str:
    return f'{{service=~"{services}"{more}}}'


def lines_by(label: str, selector: str) -> str:
    return f"sum by ({label}) (count_over_time({selector} [$__auto]))"


def alert_states(groups: Mapping[str, str]) -> str:
    """2 for each alert that fires, 1 while it is pending, 0 while its rules are evaluated and it is neither."""
    names = "|".join(groups)
    states = [
        f'2 * ALERTS{{alertname=~"{names}",alertstate="firing"}}',
        f'ALERTS{{alertname=~"{names}",alertstate="pending"}}',
        *(
            f'label_replace(0 * prometheus_rule_group_rules{{rule_group=~".*;{group}"}}, "alertname", "{name}", "", "")'
            for name, group in groups.items()
        ),
    ]
    return f"max by (alertname) ({' or '.join(states)})"
