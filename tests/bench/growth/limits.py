"""The limits of the configuration: for how much each is enough, what it is for, and what has none."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from deploy.kubernetes.monitors import TARGET_LIMIT
from ops.load_faults import ALERTS
from prometheus import rule_files
from tests.bench.growth import fits
from tests.bench.growth.machines import NOTHING, Places
from tests.bench.growth.units import (
    GIB,
    LOGS_TB,
    LOKI,
    METRICS_DAYS,
    METRICS_SIZE,
    MIB,
    PROMETHEUS,
    SERVICES,
    SPARE,
    Units,
)

LINE = 124
STREAMS = 6
"""Of a service: its levels, and the two outputs of its process."""
DEFAULTS = {
    "max_label_name_length": 1024,
    "max_label_value_length": 2048,
    "max_structured_metadata_size": "64KB",
    "max_structured_metadata_entries_count": 128,
    "ruler_max_rule_groups_per_tenant": 0,
    "ruler_max_rules_per_rule_group": 0,
}
"""Of Loki 3.7, as the reference of its limits_config has them."""
LABELS = (
    ("labels", "label_limit", "max_label_names_per_series"),
    ("bytes of a label's name", "label_name_length_limit", "max_label_name_length"),
    ("bytes of a label's value", "label_value_length_limit", "max_label_value_length"),
    ("series of one scrape, streams of all", "sample_limit", "max_global_streams_per_user"),
    ("a second, of one stream", "", "per_stream_rate_limit"),
    ("structured metadata of a line", "", "max_structured_metadata_size"),
    ("entries of it", "", "max_structured_metadata_entries_count"),
)
RULERS = ("ruler_max_rule_groups_per_tenant", "ruler_max_rules_per_rule_group")
ALERTMANAGER = ("--alerts.per-alertname-limit", "--silences.max-silences", "--silences.max-silence-size-bytes")
NONE = "none of the rows"
RULES_NOT_MEASURED = (
    "From how many applications on the rules take too long isn't measured yet (`make bench BENCH=rules`)."
)


def to_raise(units: Units, places: Places) -> str:
    """Rows of a limit, its place and value, for how much it is enough, and the first row above that is too much."""
    streams, megabytes = LOKI["max_global_streams_per_user"], LOKI["ingestion_rate_mb"]
    targets, lines = PROMETHEUS["target_limit"], megabytes * MIB / units.line_bytes
    small, large = (each["prometheus"].memory for each in (places.one, places.scaled))
    ours, lokis = "`prometheus/prometheus.yml`, `{}`".format, "`loki/loki.yml`, `{}`".format
    rows = (
        (
            "targets of one job",
            ours("target_limit"),
            targets,
            f"{targets} containers on one host; agents have their own",
            f"{_first(lambda number: number > targets)} on one host",
        ),
        (
            "targets of Kubernetes' pods",
            "`deploy/kubernetes/monitoring/monitors.yaml`, `targetLimit`",
            f"{TARGET_LIMIT:,}",
            f"{TARGET_LIMIT:,} pods of one target, replicas counted",
            _first(lambda number: number > TARGET_LIMIT),
        ),
        (
            "samples of one scrape",
            ours("sample_limit"),
            f"{PROMETHEUS['sample_limit']:,}",
            "three services of the package's 5,000 in one process",
            NOTHING,
        ),
        _memory("compose.yaml", small, units),
        _memory("compose.scale.yaml", large, units),
        (
            "streams",
            lokis("max_global_streams_per_user"),
            f"{streams:,}",
            f"{streams // STREAMS} services of {STREAMS} streams",
            _first(lambda number: number * STREAMS > streams),
        ),
        (
            "lines coming in",
            lokis("ingestion_rate_mb"),
            f"{megabytes} MB/s",
            f"{lines:,.0f} lines/s",
            next((f"{size} TB" for size in LOGS_TB if units.lines(size) > lines), NONE),
        ),
        (
            "size of metrics",
            "`.env`, `METRICS_RETENTION_SIZE`",
            f"{METRICS_SIZE // GIB}GB",
            f"{METRICS_SIZE / units.disk_of(SERVICES[0], 1):.1f} days of {SERVICES[0]} services",
            _first(lambda number: units.disk_of(number, METRICS_DAYS) > METRICS_SIZE),
        ),
    )
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def _memory(file: str, memory: int, units: Units) -> tuple[str, ...]:
    return (
        "memory of Prometheus",
        f"`{file}`, `mem_limit`",
        f"{memory // MIB:,} MiB",
        f"{memory / units.memory / SPARE:,.0f} series",
        _first(lambda number: units.memory_of(number) > memory),
    )


def _first(is_too_much: Callable[[int], bool]) -> str:
    return next((f"{number:,} services" for number in SERVICES if is_too_much(number)), NONE)


def of_labels() -> str:
    """Rows of what is limited, and the limits of Prometheus and of Loki."""
    return "\n".join(
        f"| {what} | {_limit(ours, PROMETHEUS) if ours else NOTHING} | {_limit(lokis, LOKI)} |"
        for what, ours, lokis in LABELS
    )


def _limit(name: str, given: dict[str, Any]) -> str:
    """With the default where the file has none."""
    value = given.get(name, DEFAULTS.get(name, "none"))
    shown = f"{value:,}" if isinstance(value, int) else value
    return f"`{name}`: {shown}{'' if name in given else ' (default)'}"


def of_groups() -> dict[str, object]:
    """How many groups and rules there are, and what may be more of them."""
    groups = [group for _, group in rule_files.groups()]
    longest = max(groups, key=lambda group: len(group["rules"]))
    return {
        "groups": len(groups),
        "rules": sum(len(group["rules"]) for group in groups),
        "longest": longest["name"],
        "longest_rules": len(longest["rules"]),
        "evaluation": PROMETHEUS["evaluation_interval"].removesuffix("s"),
        "lokis_limits": ", ".join(_limit(name, LOKI) for name in RULERS),
    }


def judged(found: dict[str, Any]) -> str:
    """What the bench of rules has measured."""
    if not found:
        return RULES_NOT_MEASURED
    applications, cores = ([each[name] for each in found["rules"]] for name in ("applications", "cores"))
    rows = "\n".join(
        f"| {each['applications']} | {each['series']:,} | {each['round_seconds']} | {each['cores']} "
        f"| {each['slowest_group']}, {each['slowest_share']:.1%} | {each['missed']} |"
        for each in found["rules"]
    )
    before = filled(
        f"Measured on {found['machine']['taken']}, each application with all {found['series_each']:,} series of the "
        "sample (web, worker, beat, database, broker and their containers), after eleven minutes:"
    )
    after = filled(
        f"The cores grow with the power {fits.power(applications, cores)} of the number of applications. A group that "
        "takes its whole interval misses rounds. Windows of hours have few values here: on a stack that has run for "
        "days the rules read more."
    )
    head = (
        "| applications | series | all groups once, s | cores | slowest group, share of its interval | rounds missed |"
    )
    return f"{before}\n\n{head}\n|---|---|---|---|---|---|\n{rows}\n\n{after}"


def of_alertmanager(command: str) -> dict[str, object]:
    """By its arguments: seconds that a member waits for each before it, and the limits that it isn't given."""
    return {
        "peer_seconds": re.findall(r"--cluster\.peer-timeout=(\d+)s", command)[0],
        "unset": ", ".join(f"`{flag}`" for flag in ALERTMANAGER if flag not in command),
    }


def storm(found: dict[str, Any], memory: int) -> str:
    """What was measured of an Alertmanager of so much memory that gets many alerts at once."""
    if not found or found["trouble"]:
        return "How many alerts at once one Alertmanager bears isn't measured yet (`make faults NAME=alert-storm`)."
    return filled(
        f"Measured on {found['taken']} (`make faults NAME=alert-storm`): {ALERTS:,} alerts of one group came to one "
        f"Alertmanager of {memory // MIB} MiB at once. Within {found['seen_after']} s each channel had one page of all "
        "of them, and none got a second one in the seconds in which it would have come; Alertmanager was never "
        "restarted. More alerts, and a cluster that gets so many, aren't measured."
    )


def filled(sentences: str) -> str:
    return textwrap.fill(sentences, LINE, break_long_words=False, break_on_hyphens=False)
