"""Which machines so many services or lines need: what runs how often on each of them, and what it takes.

The programs and their numbers are those of the Compose files and of the values for Kubernetes' charts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ops.agent import Agent
from ops.agent_files import Central
from ops.settings import Settings, defaults
from ops.stack import Stack
from tests.bench.growth.units import (
    GIB,
    LOGS_TB,
    METRICS_DAYS,
    METRICS_SIZE,
    MIB,
    MILLION,
    PROMETHEUS,
    SERVICES,
    Units,
    configuration,
)

OVERRIDES = ("compose.override.yaml", "compose.agent.override.yaml")
CENTRE = {"ENV": "production", "SAMPLE": "off", "GATEWAY": "on"}
# Of a cluster, besides what has replicas in the values.
THANOS = tuple(f"thanos-{part}" for part in ("sidecar", "query", "store", "compact", "receive", "rule"))
OF_A_CLUSTER = (*THANOS, "grafana", "blackbox", "bugsink")
OF_A_NODE = ("promtail", "node")
CHARTS = ("kube-prometheus-stack", "loki")
NOT_MEASURED, NOTHING, TIMES = "not measured", "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True)
class Program:
    """How often it runs, and the bytes of memory that each may take."""

    count: int
    memory: int


Programs = Mapping[str, Program]


@dataclass(frozen=True)
class Grown:
    """What a program takes that grows with the number of services: bytes of memory, cores, bytes of disk."""

    memory: float = 0
    cores: float = 0
    disk: float = 0


class Committed(Stack):
    """Without what somebody has changed for themselves."""

    @property
    def files(self) -> list[Path]:
        return [file for file in super().files if file.name not in OVERRIDES]


class CommittedAgent(Agent):
    @property
    def files(self) -> list[Path]:
        return [file for file in super().files if file.name not in OVERRIDES]


def programs(stack: Stack) -> Programs:
    """Those that run on, replicas of one together."""
    found: dict[str, list[int]] = {}
    for service, each in stack.model["services"].items():
        if service not in stack.one_shots:
            found.setdefault(re.sub(r"-[0-9]$", "", service), []).append(int(each["mem_limit"]))
    return {name: Program(len(limits), max(limits)) for name, limits in found.items()}


@dataclass(frozen=True)
class Places:
    """The programs of one machine, of SCALE=on, of an agent, of a cluster, and of each of its nodes.

    `commands` are those of SCALE=on, by service.
    """

    one: Programs
    scaled: Programs
    agent: Programs
    cluster: Programs
    node: Programs
    commands: Mapping[str, str]

    @staticmethod
    @cache
    def of_the_files() -> Places:
        small, large = (
            Committed(Settings({**defaults(), **CENTRE, "SCALE": scale}, {}), "official") for scale in ("off", "on")
        )
        central = Central("https://central.example", "host")
        one, scaled = programs(small), programs(large)
        return Places(
            one=one,
            scaled=scaled,
            agent=programs(CommittedAgent(Settings(defaults(), {}), "official", central=central)),
            cluster=_of_the_charts() | {name: scaled[name] for name in OF_A_CLUSTER},
            node={name: one[name] for name in OF_A_NODE},
            commands={name: " ".join(each.get("command") or []) for name, each in large.model["services"].items()},
        )

    @property
    def receivers_days(self) -> int:
        """How long a receiver keeps on its own disk what is pushed."""
        return int(re.findall(r"--tsdb\.retention=(\d+)d", self.commands["thanos-receive-1"])[0])


def _of_the_charts() -> dict[str, Program]:
    stack, loki = (configuration(f"deploy/kubernetes/values/{name}.yaml") for name in CHARTS)
    given = {
        "prometheus": stack["prometheus"]["prometheusSpec"],
        "alertmanager": stack["alertmanager"]["alertmanagerSpec"],
        "loki": loki["singleBinary"],
    }
    return {
        name: Program(each["replicas"], _bytes(each["resources"]["limits"]["memory"])) for name, each in given.items()
    }


def _bytes(quantity: str) -> int:
    return int(quantity[:-2]) * {"Mi": MIB, "Gi": GIB}[quantity[-2:]]


def placed(found: Programs, machines: int) -> list[tuple[int, dict[str, int]]]:
    """How often each program runs on a machine, and on how many machines it is so.

    Replicas are on machines of their own as far as there are so many; what there is one of is on the last machine.
    """
    each: list[dict[str, int]] = [{} for _ in range(machines)]
    for name, program in found.items():
        for replica in range(program.count):
            place = each[replica % machines if program.count > 1 else -1]
            place[name] = place.get(name, 0) + 1
    alike: list[tuple[int, dict[str, int]]] = []
    for place in each:
        number = alike.pop()[0] if alike and alike[-1][1] == place else 0
        alike.append((number + 1, place))
    return alike


def for_services(units: Units, places: Places) -> str:
    few, some, many = SERVICES
    one = {"prometheus": Grown(units.memory_of(few), units.cores_of(few), units.disk_of(few, METRICS_DAYS))}
    pushed = {
        "thanos-receive": Grown(
            units.memory_of(some), units.cores_of(some), units.disk_of(some, places.receivers_days)
        ),
        "prometheus": Grown(disk=METRICS_SIZE),
        "storage": Grown(disk=units.disk_of(some, METRICS_DAYS)),
    }
    pair = {"prometheus": Grown(units.memory_of(many), units.cores_of(many), METRICS_SIZE)}
    hosts = math.ceil(some / PROMETHEUS["target_limit"])
    nodes = max(program.count for program in places.cluster.values())
    rows = [
        *_rows(few, "1", places.one, 1, one),
        *_rows(some, "1, `SCALE=on`", places.scaled, 1, pushed),
        *_rows(some, f"{hosts} or more hosts with an agent", places.agent, 1, {}),
        *_rows(many, "{} of a cluster", places.cluster, nodes, pair),
        *_rows(many, "each node of the cluster", places.node, 1, {}),
    ]
    storage = gib(units.disk_of(many, METRICS_DAYS))
    return "\n".join(
        [*rows, f"| {many:,} | object storage of your own | {NOTHING} | {NOTHING} | {NOTHING} | {storage} |"]
    )


def _rows(services: int, machines: str, found: Programs, number: int, grown: Mapping[str, Grown]) -> list[str]:
    """Of each kind of machine, {} in `machines` is how many there are."""
    return [_row(services, machines.format(count), found, here, grown) for count, here in placed(found, number)]


def _row(services: int, machines: str, found: Programs, here: Mapping[str, int], grown: Mapping[str, Grown]) -> str:
    costs = {name: grown.get(name, Grown()) for name in here}
    memory = sum(times * max(found[name].memory, costs[name].memory) for name, times in here.items())
    cores, disk = (
        sum(times * getattr(costs[name], each) for name, times in here.items()) for each in ("cores", "disk")
    )
    listed = ", ".join(f"{name} {TIMES}{times}" if times > 1 else name for name, times in here.items())
    return (
        f"| {services:,} | {machines} | {listed} | {gib(memory, 1)} | {f'{cores:.3f}' if cores else NOT_MEASURED} "
        f"| {gib(disk) if disk else NOTHING} |"
    )


def gib(size: float, digits: int = 0) -> str:
    return f"{size / GIB:,.{digits}f} GiB"


def for_logs(units: Units, places: Places) -> str:
    small, large = LOGS_TB
    loki, storage, apart = places.scaled["loki"], places.scaled["storage"], places.cluster["loki"]
    rows = [
        _writing(small, units, places),
        _logs_row(
            small,
            "1, `SCALE=on`",
            f"loki {TIMES}{loki.count}",
            loki.count * loki.memory,
            loki.count * loki_cores(units, small),
        ),
        _logs_row(small, "the same", "storage", storage.memory, 0, chunks(units, small)),
        _writing(large, units, places),
        _logs_row(large, f"{apart.count} of a cluster", "loki", apart.memory, loki_cores(units, large)),
        f"| {large} TB | object storage of your own | {NOTHING} | {NOTHING} | {NOTHING} | {chunks(units, large)} |",
    ]
    return "\n".join(rows)


def _writing(size: int, units: Units, places: Places) -> str:
    number = hosts(units, size)
    cores = units.lines(size) * (units.promtail + units.engine) / MILLION / number
    memory = sum(program.memory for program in places.agent.values())
    return _logs_row(size, f"{number} or more hosts with an agent", "the agent, Docker's engine", memory, cores)


def _logs_row(size: int, machines: str, listed: str, memory: float, cores: float, disk: str = NOTHING) -> str:
    spent = f"{cores:.1f}" if cores else NOT_MEASURED
    return f"| {size} TB | {machines} | {listed} | {gib(memory, 1)} | {spent} | {disk} |"


def loki_cores(units: Units, size: int) -> float:
    """Of one Loki that takes every line."""
    return units.lines(size) * units.loki / MILLION


def hosts(units: Units, size: int) -> int:
    """How many have to write so many TB, at the most lines that one was measured with."""
    return math.ceil(units.lines(size) / units.most_lines)


def chunks(units: Units, size: int) -> str:
    return "isn't measured yet" if units.stored is None else f"{size * units.stored:.2f} TB"
