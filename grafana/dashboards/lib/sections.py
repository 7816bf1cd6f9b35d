"""Sections that more than one board has, and that of the gateway, which not every stack has."""

from grafana_foundation_sdk.builders import timeseries

from grafana.dashboards.lib.alerts import linked, watched
from grafana.dashboards.lib.layout import Section, row
from grafana.dashboards.lib.panels import lines, log_counts, log_lines
from grafana.dashboards.lib.queries import containers, gateway
from grafana.dashboards.lib.queries.common import APPLICATION, lines_by, lines_of, rate_by
from grafana.dashboards.lib.style import BYTES, BYTES_PER_SECOND, COUNT, NAMED, PER_MINUTE, RATIO, REQUESTS, SECONDS

LINES_OF_ALERTS = 40  # the panel that alerts link to for log lines


def container_disks(chosen: str) -> timeseries.Panel:
    built = lines("Disk I/O: what each container reads and writes.", containers.disk(chosen), BYTES_PER_SECOND)
    return built.no_value("The kernel of this machine counts no block I/O by container.")


def use_of_machine(number: int, title: str, chosen: str, *beside: timeseries.Panel, collapsed: bool = False) -> Section:
    """What the containers of these services use of the machine; `chosen` are their matchers."""
    first = row(
        lines(
            "CPU of containers: the share of all cores.",
            {NAMED: containers.cpu(chosen)},
            RATIO,
            watched("ContainerCpu"),
        ),
        lines(
            "Memory against its limit: at 100% the kernel kills it.",
            {NAMED: containers.memory_share(chosen)},
            RATIO,
            watched("ContainerMemory"),
            maximum=1,
        ),
        lines("Memory: what each container holds.", {NAMED: containers.memory(chosen)}, BYTES),
    )
    second = row(
        lines("Network: what each container receives and sends.", containers.network(chosen), BYTES_PER_SECOND),
        lines(
            "Starts: how often each container was started in a quarter of an hour.",
            {NAMED: containers.starts(chosen)},
            COUNT,
            linked("ContainerRestartLoop"),
        ),
        *beside,
    )
    return Section(number, title, [first, second], collapsed)


def log_section(
    number: int,
    more: str = "",
    pipeline: str = "",
    *,
    services: str = "$service",
    collapsed: bool = False,
    lines_panel: int = 0,
) -> Section:
    """How many lines the services write, those at WARNING and above, and all that pass the `pipeline`.

    `services` is the board's choice of them, `more` are matchers beside it.
    """
    selector = f"{lines_of(services, more)}{pipeline}"
    text = "Log lines by level: how much is written, and how bad."
    counted = rate_by("level", "promtail_log_lines_total", f'{APPLICATION},service=~"{services}"{more}', per=" * 60")
    written = (
        log_counts(text, lines_by("level", selector))  # what passes a pipeline, only Loki knows
        if pipeline
        else lines(text, {"{{level}}": counted}, PER_MINUTE, stacked=True)
    )
    bad = lines_of(services, f'{more},level=~"WARNING|ERROR|CRITICAL"')
    return Section(
        number,
        "Logs",
        [
            row(
                written,
                log_lines("Warnings and errors: the latest lines that somebody should read.", bad),
            ),
            row(log_lines("Log lines: every line, newest first.", selector, identifier=lines_panel), height=12),
        ],
        collapsed,
    )


def gateway_section(number: int) -> Section:
    """Its series are there while GATEWAY is on."""
    off = "Without GATEWAY=on there is no gateway."
    first = row(
        lines("Gateway: requests let through and refused.", gateway.REQUESTS, REQUESTS).no_value(off),
        lines(
            "Refusals: by minute, by door and reason, and by the host that pushes where its token is known.",
            {"{{door}}: {{reason}} {{host}}": gateway.REFUSALS},
            PER_MINUTE,
            linked("GatewayRefusals"),
        ).no_value("Nothing was refused, or there is no gateway."),
        lines("Pushed: what other hosts send.", {"{{host}} {{signal}}": gateway.PUSHED}, BYTES_PER_SECOND).no_value(
            off
        ),
        lines("Check: how long the guard takes to decide, p95.", {"{{door}}": gateway.CHECK}, SECONDS).no_value(off),
    )
    return Section(number, "The gateway", [first], collapsed=True)
