"""Infrastructure: the machine, every container on it, the broker, the monitoring's own health and cost, the logs."""

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import INFRASTRUCTURE, linked, watched
from grafana.dashboards.lib.layout import Choice, Section, board, row
from grafana.dashboards.lib.panels import ANY, level, lines, number, with_units
from grafana.dashboards.lib.queries import containers
from grafana.dashboards.lib.queries import infrastructure as infra
from grafana.dashboards.lib.sections import log_section, use_of_machine
from grafana.dashboards.lib.style import BYTES, BYTES_PER_SECOND, COUNT, PER_MINUTE, PER_SECOND, RATIO, SECONDS, TIMES

WAITING = watched("ErpHostCpuSaturated", reads="instance:node_cpu_waiting")
DISK = watched("ErpDiskFilling", "ErpDiskFull", reads="mountpoint:node_filesystem_available:ratio")
MEMORY = watched("ErpHostMemoryLow")
NOW = row(
    level("CPU busy: of all cores, over 5 minutes.", {"{{instance}}": infra.CPU_BUSY}, RATIO),
    number("CPU pressure: while work waited for it.", {"{{instance}}": infra.CPU_WAITING}, RATIO, WAITING),
    number("Memory free: available without swapping.", {"{{instance}}": infra.MEMORY_AVAILABLE}, RATIO, MEMORY),
    number("Disk free: on the fullest file system.", infra.DISK_AVAILABLE_LEAST, RATIO, DISK),
    number("Targets down: programs that gave no metrics.", infra.TARGETS_DOWN_COUNT, COUNT, ANY),
    number("Log lines lost: given up on in 10 minutes.", infra.LINES_LOST, COUNT, watched("ErpLogsDropped")),
    height=5,
)
HOST = [
    row(
        lines("CPU: the share of all cores, by what they do.", {"{{mode}}": infra.CPU_BY_MODE}, RATIO, stacked=True),
        lines("Pressure: the share of the time in which work waited.", infra.PRESSURE, RATIO, WAITING),
        lines("Memory of the machine: used and available.", infra.MEMORY, BYTES, stacked=True),
        lines("Killed: for want of memory, by minute.", {"killed": infra.OOM_KILLS}, PER_MINUTE, watched("ErpOomKill")),
    ),
    row(
        lines("Disk space: the share available.", {"{{mountpoint}}": infra.DISK_AVAILABLE}, RATIO, DISK),
        lines(
            "Disk of the machine: read and written.",
            {"{{device}} reads": infra.DISK_READ, "{{device}} writes": infra.DISK_WRITTEN},
            BYTES_PER_SECOND,
        ),
        lines(
            "Network of the machine: received and sent.",
            {"{{device}} receives": infra.NET_RECEIVED, "{{device}} sends": infra.NET_SENT},
            BYTES_PER_SECOND,
        ),
        lines(
            "Inodes: the share available.",
            {"{{mountpoint}}": infra.INODES_AVAILABLE},
            RATIO,
            watched("ErpDiskInodesLow", reads="node_filesystem_files_free"),
        ),
    ),
]
CONTAINER_DISKS = lines(
    "Disk: what each container reads and writes.", containers.disk("$job"), BYTES_PER_SECOND
).no_value("The kernel of this machine counts no block I/O by container.")
BROKER = [
    row(
        level(
            "Memory of Redis: the share of maxmemory.", {"memory": infra.REDIS_MEMORY}, RATIO, watched("ErpRedisMemory")
        ),
        lines("Commands: what Redis is asked.", {"commands": infra.REDIS_COMMANDS}, PER_SECOND, linked("ErpRedisDown")),
        level("Cache hits: of Django's cache, in the chosen time.", {"hits": infra.CACHE_HITS}, RATIO),
        lines(
            "Lost by Redis: keys evicted and connections rejected, by minute.",
            infra.REDIS_LOST,
            PER_MINUTE,
            watched("ErpRedisEvictions", "ErpRedisRejectedConnections"),
        ),
        height=7,
    )
]
MONITORING = [
    row(
        lines("Samples: of each target.", {"{{job}}": infra.SAMPLES}, COUNT, watched("ErpScrapeSamplesHigh")),
        lines(
            "Metrics lost: by a full disk, a damaged file, or no folder to write to.",
            {"{{job}} {{reason}}": infra.METRICS_LOST},
            PER_MINUTE,
            linked("ErpMetricsDropped"),
        ),
        lines(
            "Spans lost: by a trace store that is away or slow, or at the end of a process.",
            {"{{job}} {{reason}}": infra.SPANS_LOST},
            PER_MINUTE,
            linked("ErpSpansDropped"),
        ),
        lines("Scrapes: how long each takes.", {"{{job}}": infra.SCRAPE_SECONDS}, SECONDS, linked("ErpTargetDown")),
        lines(
            "Age of rules: intervals since each group was evaluated.",
            {"{{group}}": infra.RULE_AGE},
            TIMES,
            watched("ErpRuleGroupLate"),
        ),
        lines(
            "Failures: evaluations of rules and writes of the stores by minute; configurations refused.",
            infra.FAILURES,
            PER_MINUTE,
            linked("ErpRuleFailures", "ErpMetricStorageFailing", "ErpLokiStorageFailing", "ErpConfigReloadFailed"),
        ),
    ),
    row(
        lines("Store of metrics: and its limit.", infra.METRICS_BYTES, BYTES, linked("ErpTelemetryDiskRetention")),
        lines("Notifications: tried, by channel.", {"{{integration}}": infra.NOTIFICATIONS}, PER_MINUTE),
        lines(
            "Undelivered: the share, on the way to Alertmanager and by channel.",
            infra.UNDELIVERED,
            RATIO,
            watched("ErpNotificationsFailing"),
        ),
        number("Heartbeat: since the receiver last heard.", infra.HEARTBEAT_AGE, SECONDS, watched("ErpHeartbeatLate")),
        with_units(number("Cost: of the monitoring's containers.", infra.COST, BYTES), {"CPU in cores": TIMES}),
    ),
]
LOGS = [
    row(
        lines(
            "Log volume: what each service writes.",
            {"{{service}}": infra.BYTES_BY_SERVICE},
            BYTES_PER_SECOND,
            stacked=True,
        ),
        lines("Lines: sent by Promtail, and lost.", infra.LINES, PER_SECOND, linked("ErpLogsStalled")),
        lines("Lag: how old a line is when it arrives.", {"lag": infra.LOG_LAG}, SECONDS, watched("ErpLogsLagging")),
        lines(
            "Errors of Loki: the share of its requests.",
            {"{{route}}": infra.LOKI_ERRORS},
            RATIO,
            watched("ErpLokiRequestErrors"),
        ),
        level("Disk of Loki: the share taken.", {"disk": infra.LOKI_DISK}, RATIO, watched("ErpLokiDiskFilling")),
        height=7,
    )
]


def page() -> models.Dashboard:
    return board(
        INFRASTRUCTURE,
        "Infrastructure",
        "The machine and every container on it, the broker, the monitoring's own health and cost, and the logs.",
        [
            Choice("job", "Service", "label_values(docker_container_mem_usage, service)"),
            Choice("host", "Machine", "label_values(node_memory_MemTotal_bytes, instance)"),
        ],
        [
            Section(1, "", [NOW]),
            Section(2, "The machine", HOST),
            use_of_machine(3, "Containers", "$job", CONTAINER_DISKS),
            Section(4, "Broker and cache", BROKER),
            Section(5, "The monitoring itself", MONITORING, collapsed=True),
            Section(6, "The way of the logs", LOGS, collapsed=True),
            log_section(7, collapsed=True),
        ],
    )
