"""Rows of the volumes of the services: full, without inodes, read-only, and damaged files."""

from dataclasses import replace
from typing import Any

from tests.faults.looks import both, is_unhealthy, lasted, orders_are_taken, started_anew
from tests.faults.model import SETTLES, Fault
from tests.faults.stores import ERRORS, FINISHED_SECONDS, LATE, SLOW, TASKS

DROPPED = "The start drops what came after the first failed write; MetricsNotStored tells of it before."
FORGOTTEN = (("pages", "What was told is forgotten with the log."),)
ILL_SECONDS = 60
UNWRITTEN = (("lines", "Loki takes lines that it can't write; LokiStorageFailing tells it, LogLinesLost how many."),)
UNFLUSHED = (("lines", "Lines of the last half minute before aren't all on the disk; LogLinesLost tells how many."),)
# What it can't write it takes with a full disk, and refuses with one that has failed: then Promtail keeps it.
LOKI: dict[str, dict[str, Any]] = {
    "full": {"alerts": ("LokiStorageFailing",), "seen_within": 180, "apart_from": UNWRITTEN},
    "read-only": {"alerts": ("LogsStalled",), "seen_within": 420, "apart_from": UNFLUSHED},
}
# With a full disk it answers what only reads; with one that has failed it ends, and doesn't start.
DATABASE = {"full": ("HttpErrorRatioHigh",), "read-only": ("PostgresDown",)}
AGAIN = {"full": "there is room again", "read-only": "the disk is mended"}


def _unwritable(state: str, *batches: int) -> tuple[Fault, ...]:
    """A disk that can't be written to any more, of Prometheus, Loki, the database and Alertmanager."""
    prometheus, loki, database, alertmanager = batches
    again = f"until {AGAIN[state]}"
    return (
        Fault(
            f"prometheus-disk-{state}",
            "F14",
            f"graphs have a gap {again}",
            both(started_anew("prometheus"), orders_are_taken),
            60,
            prometheus,
            sees=is_unhealthy("prometheus"),
            shows="Prometheus unhealthy",
            alerts=("MetricsNotStored",),
            seen_within=180,
            may=("MetricStorageFailing", "ContainerRestartLoop", "MonitoringRuleGroupLate", "LogErrorsUnusual"),
            apart_from=(("samples", DROPPED),),
        ),
        replace(
            Fault(
                f"loki-disk-{state}",
                "F15",
                f"lines can't be searched {again}",
                both(started_anew("loki"), orders_are_taken),
                90,
                loki,
                may=("LogLinesLost", "ContainerRestartLoop", "LogErrorsUnusual", "LokiRequestErrors"),
            ),
            **LOKI[state],
        ),
        Fault(
            f"erp-db-disk-{state}",
            "F15",
            f"orders get an error {again}",
            both(started_anew("erp-db"), orders_are_taken),
            60,
            database,
            alerts=DATABASE[state],
            seen_within=240,
            may=(*ERRORS, *TASKS, *LATE, "PostgresDown", "HealthProbeFailing", "HttpErrorRatioHigh"),
            apart_from=SLOW,
            settles=FINISHED_SECONDS,
        ),
        Fault(
            f"alertmanager-disk-{state}",
            "F15",
            "nothing",
            both(started_anew("alertmanager"), orders_are_taken),
            60,
            alertmanager,
            alerts=("AlertStateNotStored",),
            seen_within=240,
        ),
    )


FAULTS: tuple[Fault, ...] = (
    *_unwritable("full", 41, 42, 43, 45),
    # Alertmanager at the end: while what a full disk has led to still fires, it is told of no second time.
    *_unwritable("read-only", 47, 48, 49, 79),
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
    *(
        Fault(
            f"{service}-disk-full",
            "F15",
            noticed,
            both(started_anew(service), orders_are_taken),
            180,
            45,
            sees=lasted(ILL_SECONDS),
            shows="the answers to orders",
            seen_within=ILL_SECONDS + 30,
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
            sees=lasted(ILL_SECONDS),
            shows="the answers to orders",
            seen_within=ILL_SECONDS + 30,
            may=("AlertStateNotStored",) if service == "alertmanager" else (),
            apart_from=SLOW if service.startswith("erp-") else (),
            settles=FINISHED_SECONDS if service.startswith("erp-") else SETTLES,
        )
        for service in ("prometheus", "loki", "alertmanager", "promtail", "bugsink", "erp-db", "erp-redis")
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
