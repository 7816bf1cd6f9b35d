"""Infrastructure: the machine, every container on it, the broker, the monitoring's own health and cost, the logs."""

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import INFRASTRUCTURE, linked, watched
from grafana.dashboards.lib.layout import Choice, Section, board, identity, row
from grafana.dashboards.lib.panels import ANY, level, lines, number, with_units
from grafana.dashboards.lib.queries import infrastructure as infra
from grafana.dashboards.lib.queries import redis
from grafana.dashboards.lib.queries.common import SERVICE
from grafana.dashboards.lib.sections import container_disks, gateway_section, log_section, use_of_machine
from grafana.dashboards.lib.style import (
    BYTES,
    BYTES_PER_SECOND,
    COUNT,
    NAMED,
    PER_MINUTE,
    PER_SECOND,
    RATIO,
    SECONDS,
    TIMES,
)

TARGET = "{{application}} {{job}}"
WAITING = watched("HostCpuSaturated", reads="instance:node_cpu_waiting")
DISK = watched("HostDiskFilling", "HostDiskFull", reads="mountpoint:node_filesystem_available:ratio")
MEMORY = watched("HostMemoryLow")
NOW = row(
    level("CPU busy: of all cores, over 5 minutes.", {"{{instance}}": infra.CPU_BUSY}, RATIO),
    number("CPU pressure: while work waited for it.", {"{{instance}}": infra.CPU_WAITING}, RATIO, WAITING),
    number("Memory free: available without swapping.", {"{{instance}}": infra.MEMORY_AVAILABLE}, RATIO, MEMORY),
    number("Disk free: on the fullest file system.", infra.DISK_AVAILABLE_LEAST, RATIO, DISK),
    number("Targets down: programs that gave no metrics.", infra.TARGETS_DOWN_COUNT, COUNT, ANY),
    number("Log lines lost: given up on in 10 minutes.", infra.LINES_LOST, COUNT, watched("LogsDropped")),
    height=5,
)
HOST = [
    row(
        lines("CPU: the share of all cores, by what they do.", {"{{mode}}": infra.CPU_BY_MODE}, RATIO, stacked=True),
        lines("Pressure: the share of the time in which work waited.", infra.PRESSURE, RATIO, WAITING),
        lines("Memory of the machine: used and available.", infra.MEMORY, BYTES, stacked=True),
        lines(
            "Killed: for want of memory, by minute.", {"killed": infra.OOM_KILLS}, PER_MINUTE, watched("HostOomKill")
        ),
    ),
    row(
        lines("Disk space: the share available.", {"{{instance}} {{mountpoint}}": infra.DISK_AVAILABLE}, RATIO, DISK),
        lines(
            "Disk of the machine: read and written.",
            {"{{instance}} {{device}} reads": infra.DISK_READ, "{{instance}} {{device}} writes": infra.DISK_WRITTEN},
            BYTES_PER_SECOND,
        ),
        lines(
            "Network of the machine: received and sent.",
            {"{{instance}} {{device}} receives": infra.NET_RECEIVED, "{{instance}} {{device}} sends": infra.NET_SENT},
            BYTES_PER_SECOND,
        ),
        lines(
            "Inodes: the share available.",
            {"{{instance}} {{mountpoint}}": infra.INODES_AVAILABLE},
            RATIO,
            watched("HostDiskInodesLow", reads="node_filesystem_files_free"),
        ),
    ),
]
BROKER = [
    row(
        level("Memory of Redis: the share of maxmemory.", {NAMED: redis.MEMORY}, RATIO, watched("RedisMemory")),
        lines("Commands: what Redis is asked.", {NAMED: redis.COMMANDS}, PER_SECOND, linked("RedisDown")),
        level("Cache hits: of Django's cache, in the chosen time.", {"hits": infra.CACHE_HITS}, RATIO),
        lines(
            "Lost by Redis: keys evicted and connections rejected, by minute.",
            redis.LOST,
            PER_MINUTE,
            watched("RedisEvictions", "RedisRejectedConnections"),
        ),
        height=7,
    )
]
MONITORING = [
    row(
        lines("Samples: of each target.", {TARGET: infra.SAMPLES}, COUNT, watched("ScrapeSamplesHigh")),
        lines(
            "Metrics lost: by a full disk, a damaged file, or no folder to write to.",
            {f"{NAMED} {{{{reason}}}}": infra.METRICS_LOST},
            PER_MINUTE,
            linked("MetricsDropped"),
        ),
        lines(
            "Spans lost: by a trace store that is away or slow, or at the end of a process.",
            {f"{NAMED} {{{{reason}}}}": infra.SPANS_LOST},
            PER_MINUTE,
            linked("SpansDropped", "TraceStoreFailing"),
        ),
        lines("Scrapes: how long each takes.", {TARGET: infra.SCRAPE_SECONDS}, SECONDS, linked("TargetDown")),
        lines(
            "Age of rules: intervals since each group was evaluated.",
            {"{{group}}": infra.RULE_AGE},
            TIMES,
            watched("MonitoringRuleGroupLate"),
        ),
        lines(
            "Failures: evaluations of rules and writes of the stores by minute; configurations refused.",
            infra.FAILURES,
            PER_MINUTE,
            linked(
                *("MonitoringRuleFailures", "MetricsNotStored", "MetricStorageFailing", "LokiStorageFailing"),
                *("ObjectStorageFailing", "CompactionHalted", "SeriesChurn", "SamplesRefused"),
                *("AlertStateNotStored", "ScrapeEmpty"),
                "ConfigReloadFailed",
            ),
        ),
    ),
    row(
        lines("Store of metrics: and its limit.", infra.METRICS_BYTES, BYTES, linked("PrometheusDiskRetention")),
        lines("Notifications: tried, by channel.", {"{{integration}}": infra.NOTIFICATIONS}, PER_MINUTE),
        lines(
            "Undelivered: the share, on the way to Alertmanager and by channel.",
            infra.UNDELIVERED,
            RATIO,
            watched("NotificationsFailing"),
        ),
        number("Heartbeat: since the receiver last heard.", infra.HEARTBEAT_AGE, SECONDS, watched("HeartbeatLate")),
        with_units(number("Cost: of the monitoring's containers.", infra.COST, BYTES), {"CPU in cores": TIMES}),
    ),
]
# Without it the row is closed and its panels say why they are empty.
NO_SENTRY = "Self-hosted Sentry isn't the tracker here (make sentry), or it hasn't sent this yet."
SENTRY = [
    row(
        lines(
            "Answers: of Sentry's web, and of the relay behind it; 1 is well.",
            {"{{instance}}": infra.SENTRY_PROBES},
            COUNT,
            linked("HealthProbeFailing"),
        ).no_value(NO_SENTRY),
        lines(
            "Envelopes: taken in and rejected by the relay.",
            infra.SENTRY_TAKEN,
            PER_MINUTE,
            linked("SentryEventsRejected"),
        ).no_value(NO_SENTRY),
        lines(
            "Events dropped: by the relay, what they were and what it decided.",
            {"{{category}}: {{outcome}}": infra.SENTRY_OUTCOMES},
            PER_MINUTE,
        ).no_value(NO_SENTRY),
        lines(
            "Queues: messages that wait for each consumer.",
            {"{{consumergroup}} {{topic}}": infra.SENTRY_LAG},
            COUNT,
            linked("SentryQueueLag", "SentryQueueStuck"),
        ).no_value(NO_SENTRY),
        lines(
            "Tasks: how long the oldest has waited.", infra.SENTRY_TASKS, SECONDS, watched("SentryTasksWaiting")
        ).no_value(NO_SENTRY),
        height=7,
    )
]
LOGS = [
    row(
        lines(
            "Log volume: what each service writes.",
            {NAMED: infra.BYTES_BY_SERVICE},
            BYTES_PER_SECOND,
            stacked=True,
        ),
        lines("Lines: sent by Promtail, and lost.", infra.LINES, PER_SECOND, linked("LogsStalled")),
        lines("Lag: how old a line is when it arrives.", {"lag": infra.LOG_LAG}, SECONDS, watched("LogsLagging")),
        lines(
            "Errors of Loki: the share of its requests.",
            {"{{route}}": infra.LOKI_ERRORS},
            RATIO,
            watched("LokiRequestErrors"),
        ),
        level("Disk of Loki: the share taken.", {"disk": infra.LOKI_DISK}, RATIO, watched("LokiDiskFilling")),
        height=7,
    ),
    row(
        lines("Account of lines: written by programs, and in Loki.", infra.ACCOUNT, PER_SECOND),
        lines("Missing in Loki: of the last hour.", {NAMED: infra.LINES_MISSING}, COUNT, watched("LogLinesLost")),
        lines("Twice in Loki: of the last hour.", {NAMED: infra.LINES_TWICE}, COUNT),
        lines(
            "Account: how far behind.",
            {"behind {{host}}": infra.ACCOUNT_AGE},
            SECONDS,
            linked("LogAccountBehind", "LogAccountIncomplete"),
        ),
        lines("Store of lines: and its limit.", infra.LINES_BYTES, BYTES, linked("LogStoreLarge")),
        height=7,
    ),
]


def page() -> models.Dashboard:
    return board(
        INFRASTRUCTURE,
        "Infrastructure",
        "The machine and every container on it, the broker, the monitoring's own health and cost, and the logs.",
        [
            *identity("up|docker_container_mem_usage", "docker_container_mem_usage|promtail_log_bytes_total"),
            Choice("host", "Machine", "label_values(node_memory_MemTotal_bytes, instance)"),
        ],
        [
            Section(1, "", [NOW]),
            Section(2, "The machine", HOST),
            use_of_machine(3, "Containers", SERVICE, container_disks(SERVICE)),
            Section(4, "Broker and cache", BROKER),
            Section(5, "The monitoring itself", MONITORING, collapsed=True),
            Section(6, "The way of the logs", LOGS, collapsed=True),
            log_section(7, collapsed=True),
            Section(9, "Self-hosted Sentry", SENTRY, collapsed=True),
            gateway_section(10),
        ],
    )
