"""`make applications`: every application that containers or targets name, what arrives of it, and what is missing."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.alerts import IDENTITY as SERVICE
from ops.alerts import prometheus, query
from ops.console import OpsError, capture, output, say, table
from ops.labels import PREFIX, TAKEN, expected, faults
from ops.settings import FIRST, NETWORK, Settings
from ops.stack import Stack

GONE = re.compile("no such (container|object)", re.IGNORECASE)
READABLE_LOGS = ("json-file", "local", "journald")
IDENTITY = ("application", "env")
HEAD = ("application", "env", "targets up", "probes up", "lines/min", "events/min", "last deploy")
UP = "sum by (application, env) (up{probe=''})"
TARGETS = "count by (application, env) (up{probe=''})"
PROBES_UP = "sum by (application, env) (probe_success{probe!='port'})"
PROBES = "count by (application, env) (probe_success{probe!='port'})"
LINES = "60 * sum by (application, env) (rate(promtail_log_lines_total[5m]))"
EVENTS = "60 * sum by (application, env) (rate(sentry_events_total[5m]))"
# Since when its newest version runs, as far back as a day.
DEPLOYED = """max by (application, env, version) (
  min_over_time((timestamp(build_info) and on (application, env, version) build_info)[1d:1m])
)"""
SCRAPED = f"count by ({', '.join(SERVICE)}, instance) (up)"
SPEAKING = f"count by ({', '.join(SERVICE)}) (last_over_time(promtail_log_lines_total[1d]))"
NONE = "No container has the label observability.application; docs/applications.md shows what a Compose file needs."


@dataclass(frozen=True)
class Container:
    name: str
    service: str
    number: str
    labels: dict[str, str]
    networks: frozenset[str]
    log_driver: str
    is_running: bool
    project: str = ""
    is_one_off: bool = False

    @property
    def stack(self) -> str:
        return self.labels.get("stack", FIRST)

    @property
    def identity(self) -> tuple[str, str]:
        return self.labels.get("application", ""), self.labels.get("env", "")


def applications(stack: Stack) -> int:
    """The exit status is 1 where something is missing."""
    labelled = containers()
    found = [each for each in labelled if each.stack == stack.project]
    if not found:
        say(NONE)
        return 1
    figures = [query(stack, expression, IDENTITY) for expression in (TARGETS, UP, PROBES, PROBES_UP, LINES, EVENTS)]
    deploys = _deploys(query(stack, DEPLOYED, (*IDENTITY, "version")))
    refused = [each for each in found if _is_refused(each)]
    misnamed = [f"{each.name}: {sentence}" for each in found for sentence in misleading(each, stack.project)]
    found = [each for each in found if each not in refused]
    names = sorted({each.identity for each in found} | {name for name in figures[0] if name[0]})
    say(table([_row(name, figures, deploys) for name in names], HEAD))
    speaking = set(query(stack, SPEAKING, SERVICE))
    scraped = {key[:3] for key in query(stack, SCRAPED, (*SERVICE, "instance"))}
    failing = query(stack, "probe_success{probe!='port'} == 0", (*IDENTITY, "instance"))
    targets = prometheus(stack, "targets", state="active")["activeTargets"]
    said = [*misnamed, *astray(labelled, stack.settings), *lacks(found, stack.settings.network)]
    missing = [*said, *unseen(found, scraped, speaking), *down(targets, failing)]
    for sentence in missing:
        say(f"MISSING  {sentence}")
    return 1 if missing else 0


def containers() -> list[Container]:
    """Those with a label of this stack's, of any stack, whatever their state, but for those of `docker compose run`."""
    listed = output(["docker", "ps", "--all", "--format", "{{.ID}} {{.Labels}}"]).splitlines()
    found = [_container(each) for each in inspected([line.split()[0] for line in listed if PREFIX in line])]
    return [each for each in found if each.labels and not each.is_one_off]


def inspected(ids: list[str]) -> list[dict[str, Any]]:
    """What `docker inspect` says of each container, but for those that are gone by now."""
    if not ids:
        return []
    done = capture(["docker", "inspect", "--type", "container", *ids])
    unknown = [line for line in done.stderr.splitlines() if not GONE.search(line)]
    if done.returncode != 0 and unknown:
        raise OpsError(f"`docker inspect` failed: {' '.join(unknown)}.")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _container(said: dict[str, Any]) -> Container:
    given = said["Config"]["Labels"] or {}
    name = said["Name"].removeprefix("/")
    labels = {key.removeprefix(PREFIX): value for key, value in given.items() if key.startswith(PREFIX)}
    return Container(
        name=name,
        service=labels.get("service") or given.get("com.docker.compose.service") or name,
        number=given.get("com.docker.compose.container-number", "1"),
        labels=labels,
        networks=frozenset(said["NetworkSettings"]["Networks"]),
        log_driver=said["HostConfig"]["LogConfig"]["Type"],
        is_running=said["State"]["Running"],
        project=given.get("com.docker.compose.project", ""),
        is_one_off=given.get("com.docker.compose.oneoff") == "True",
    )


def astray(labelled: list[Container], settings: Settings) -> Iterator[str]:
    """On this stack's network, and another one's by the label."""
    for each in labelled:
        if settings.network in each.networks and each.stack != settings["PROJECT"]:
            yield (
                f"{each.name} is on the network {settings.network} and belongs to the stack {each.stack}; "
                f"expected the label {PREFIX}stack: {settings['PROJECT']}, or the network of {each.stack}."
            )


def _is_refused(container: Container) -> bool:
    """Whether Prometheus and Promtail leave it out, because a name of it isn't one."""
    names = {"application": "", **container.labels}
    return any(expected(label, names[label]) for label in ("application", "env", "service") if label in names)


def misleading(container: Container, project: str) -> Iterator[str]:
    """What its labels say that can't be so."""
    yield from faults(container.labels)
    if "application" not in container.labels:
        yield f"it has no label {PREFIX}application, without which nothing of it is collected; expected its name."
        return
    name = container.labels["application"]
    if name in TAKEN and container.project != project:
        yield f"the application {name} is this stack's own; expected another name."


def lacks(found: list[Container], standard: str = NETWORK) -> Iterator[str]:
    """What the containers' own settings leave out."""
    for each in found:
        if "env" not in each.labels:
            yield f"{each.name} has no label {PREFIX}env; expected its environment, such as production."
        network = each.labels.get("network", standard)
        if {"metrics-port", "health"} & each.labels.keys() and network not in each.networks:
            yield f"{each.name} isn't on the network {network}; nothing can scrape or probe it. Add it to its networks."
        if "health" in each.labels and not {"metrics-port", "health-port"} & each.labels.keys():
            yield f"{each.name} has {PREFIX}health and no port; expected {PREFIX}health-port or {PREFIX}metrics-port."
        if each.labels.get("logs") != "off" and each.log_driver not in READABLE_LOGS:
            yield f'{each.name} logs by {each.log_driver}; expected json-file, or {PREFIX}logs: "off".'
    for name in sorted({each.identity for each in found}):
        if (
            not any("metrics-port" in each.labels for each in found if each.identity == name)
            and name[0] != "monitoring"
        ):
            yield f"No container of {name[0]} ({name[1]}) has the label {PREFIX}metrics-port; so it has no metrics."
    yield from _twins(found)


def _twins(found: list[Container]) -> Iterator[str]:
    """Containers whose series would be the same ones."""
    seen: dict[tuple[str, ...], str] = {}
    for each in found:
        if "metrics-port" in each.labels:
            key = (*each.identity, each.service, each.number, each.labels["metrics-port"])
            if key in seen:
                yield f"{each.name} and {seen[key]} have the same application, env and service; give one another env."
            seen[key] = each.name


def unseen(found: list[Container], scraped: set[tuple[str, ...]], speaking: set[tuple[str, ...]]) -> Iterator[str]:
    """What is set up and doesn't arrive."""
    for each in found:
        service = each.labels.get("measures", each.service)
        if "metrics-port" in each.labels and (*each.identity, service) not in scraped:
            yield f"Prometheus has no target for {each.name} yet; it looks for containers every 10 s."
        wants_lines = each.is_running and each.labels.get("logs") != "off"
        if wants_lines and each.identity[0] != "monitoring" and (*each.identity, each.service) not in speaking:
            yield f"{each.name} has had no log line for a day: it writes none, or Promtail can't read them."


def down(targets: Iterable[dict[str, Any]], failing: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """What Prometheus can't scrape, with its reason, and which probe from outside fails."""
    for each in targets:
        labels = each["labels"]
        if each["health"] == "down" and "application" in labels:
            name = f"{labels['instance']} of {labels['application']} ({labels.get('env', '')})"
            yield f"{name} can't be scraped: {each['lastError']}."
    for application, env, instance in failing:
        yield f"{instance} of {application} ({env}) fails its probe: it refuses, hangs, or doesn't answer 200."


def _deploys(times: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], str]:
    """Of each application the version that began last, and when."""
    newest: dict[tuple[str, ...], tuple[float, str]] = {}
    for (application, env, version), begun in times.items():
        newest[application, env] = max(newest.get((application, env), (0.0, "")), (begun, version))
    return {
        name: f"{version or 'without VERSION'} ({datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC)"
        for name, (at, version) in newest.items()
    }


def _row(
    name: tuple[str, ...], figures: list[dict[tuple[str, ...], float]], deploys: dict[tuple[str, ...], str]
) -> list[str]:
    targets, up, probes, probes_up, lines, events = figures
    shown = [f"{each[name]:.1f}" if name in each else "none" for each in (lines, events)]
    return [*name, _share(up, targets, name), _share(probes_up, probes, name), *shown, deploys.get(name, "unknown")]


def _share(part: dict[tuple[str, ...], float], whole: dict[tuple[str, ...], float], name: tuple[str, ...]) -> str:
    return f"{part.get(name, 0):.0f} of {whole[name]:.0f}" if name in whole else "none"
