"""Rows of the volumes of the services: full, without inodes, read-only, and damaged files."""

from tests.faults.looks import both, is_unhealthy, lasted, orders_are_taken, started_anew
from tests.faults.model import Fault
from tests.faults.stores import ERRORS, FINISHED_SECONDS, LATE, SLOW, TASKS

DROPPED = "The start drops what came after the first failed write; MetricsNotStored tells of it before."
FORGOTTEN = (("pages", "What was told is forgotten with the log."),)
NO_INODE_SECONDS = 60

FAULTS: tuple[Fault, ...] = (
    Fault(
        "prometheus-disk-full",
        "F14",
        "graphs have a gap until there is room again",
        both(started_anew("prometheus"), orders_are_taken),
        60,
        41,
        sees=is_unhealthy("prometheus"),
        shows="Prometheus unhealthy",
        alerts=("MetricsNotStored",),
        seen_within=180,
        may=("MetricStorageFailing", "ContainerRestartLoop", "MonitoringRuleGroupLate"),
        apart_from=(("samples", DROPPED),),
    ),
    Fault(
        "loki-disk-full",
        "F15",
        "lines can't be searched until there is room again",
        both(started_anew("loki"), orders_are_taken),
        90,
        42,
        alerts=("LokiStorageFailing",),
        seen_within=180,
        may=("LogLinesLost", "ContainerRestartLoop"),
        apart_from=(
            ("lines", "Loki takes lines that it can't write; LokiStorageFailing tells it, LogLinesLost how many."),
        ),
    ),
    Fault(
        "erp-db-disk-full",
        "F15",
        "orders get an error until there is room again",
        both(started_anew("erp-db"), orders_are_taken),
        60,
        43,
        alerts=("HttpErrorRatioHigh",),
        seen_within=240,
        may=(*ERRORS, *TASKS, *LATE, "PostgresDown", "HealthProbeFailing"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "erp-redis-disk-full",
        "F15",
        "tasks come up to 4 minutes later",
        both(started_anew("erp-redis"), orders_are_taken),
        60,
        44,
        alerts=("ExceptionSpike",),
        seen_within=420,
        may=("ContainerRestartLoop", "InstanceDown", *ERRORS, *TASKS, *LATE, "RedisDown", "HealthProbeFailing"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "alertmanager-disk-full",
        "F15",
        "nothing",
        both(started_anew("alertmanager"), orders_are_taken),
        60,
        45,
        alerts=("AlertStateNotStored",),
        seen_within=240,
    ),
    *(
        Fault(
            f"{service}-disk-full",
            "F15",
            noticed,
            both(started_anew(service), orders_are_taken),
            180,
            45,
            sees=lasted(NO_INODE_SECONDS),
            shows="the answers to orders",
            seen_within=NO_INODE_SECONDS + 30,
            may=may,
        )
        for service, noticed, may in (
            ("promtail", "nothing; after a kill lines of that time come twice", ("ContainerRestartLoop",)),
            ("bugsink", "events of that time are lost and counted", ("HealthProbeFailing", "InstanceDown")),
        )
    ),
    *(
        Fault(
            f"{service}-disk-inodes",
            "F15",
            "nothing, for as long as it needs no new file",
            both(started_anew(service), orders_are_taken),
            90,
            46,
            sees=lasted(NO_INODE_SECONDS),
            shows="the answers to orders",
            seen_within=NO_INODE_SECONDS + 30,
        )
        for service in ("prometheus", "loki", "alertmanager", "promtail", "bugsink", "erp-db", "erp-redis")
    ),
    Fault(
        "prometheus-disk-read-only",
        "F14",
        "graphs have a gap until the disk is mended",
        both(started_anew("prometheus"), orders_are_taken),
        60,
        47,
        sees=is_unhealthy("prometheus"),
        shows="Prometheus unhealthy",
        alerts=("MetricsNotStored",),
        seen_within=180,
        may=("MetricStorageFailing", "ContainerRestartLoop", "MonitoringRuleGroupLate"),
        apart_from=(("samples", DROPPED),),
    ),
    Fault(
        "alertmanager-disk-read-only",
        "F15",
        "nothing",
        both(started_anew("alertmanager"), orders_are_taken),
        60,
        48,
        alerts=("AlertStateNotStored",),
        seen_within=240,
    ),
    Fault(
        "loki-disk-read-only",
        "F15",
        "lines can't be searched until the disk is mended",
        both(started_anew("loki"), orders_are_taken),
        90,
        48,
        alerts=("LokiStorageFailing",),
        seen_within=180,
        may=("LogLinesLost", "ContainerRestartLoop"),
        apart_from=(
            ("lines", "Loki takes lines that it can't write; LokiStorageFailing tells it, LogLinesLost how many."),
        ),
    ),
    Fault(
        "erp-db-disk-read-only",
        "F15",
        "orders get an error until the disk is mended",
        both(started_anew("erp-db"), orders_are_taken),
        60,
        49,
        alerts=("HttpErrorRatioHigh",),
        seen_within=240,
        may=(*ERRORS, *TASKS, *LATE, "PostgresDown", "HealthProbeFailing"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    *(
        Fault(
            f"{service}-damaged",
            "F15",
            noticed,
            both(started_anew(service), orders_are_taken),
            within,
            40,
            apart_from=apart,
            alerts=alerts,
            seen_within=300,
            may=("ContainerRestartLoop",),
        )
        for service, within, noticed, alerts, apart in (
            (
                "prometheus",
                60,
                "samples since the damage are gone, and that is told",
                ("MetricStorageFailing",),
                (("samples", "Its start drops what came after the damage, which MetricStorageFailing tells."),),
            ),
            (
                "loki",
                120,
                "lines since the damage are gone, and that is told",
                ("LogLinesLost",),
                (("lines", "Its start drops what came after the damage; LogLinesLost tells how many lines."),),
            ),
            (
                "promtail",
                60,
                "lines come twice",
                (),
                (("doubled", "Without positions the engine's files are read anew."),),
            ),
            ("erp-redis", 60, "tasks of the last second are done later", (), SLOW),
            (
                "bugsink",
                120,
                "the tracker begins anew without its issues, and that is told",
                ("StateSetAside",),
                (("events", "They were in the damaged file, which is set aside."),),
            ),
            (
                "alertmanager",
                120,
                "alerts that still fire are told again",
                ("StateSetAside",),
                FORGOTTEN,
            ),
        )
    ),
)
