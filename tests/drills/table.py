"""Every drill: the alert, the fault that must lead to it, and who is to be told.

To add one: a fault in ops/faults.py, a row here. Faults of one batch don't touch each other; rows of one batch with the
same fault are told of by one injection. `condition` of rows whose window fills with traffic is for the sandbox's 60
orders a minute.
"""

from dataclasses import dataclass

from alertmanager.routes import RECEIVERS
from tests.drills.rules import route


@dataclass(frozen=True)
class Drill:
    """`condition`: seconds from the fault until the rule's expression is true, at the least and at the most.

    `says` is in the notification; `inhibits` is an alert that must fire and not be told; `ends_first`: the next
    batch waits for its end, which that batch's faults would hold up; `told_only`: its end isn't awaited.
    """

    alert: str
    severity: str
    fault: str
    batch: int
    condition: tuple[float, float] = (0, 0)
    says: str = ""
    inhibits: str = ""
    resolves_within: float = 900
    ends_first: bool = False
    told_only: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        return RECEIVERS[route(self.alert, self.severity)["receiver"]]

    @property
    def name(self) -> str:
        return f"{self.alert}/{self.severity}"


DRILLS: tuple[Drill, ...] = (
    # First, while the last hour has no other server error: the error budget's alert looks back on it.
    Drill(
        "ErpHigh5xxRatio",
        "critical",
        "orders-broken",
        1,
        condition=(10, 60),
        inhibits="ErpViewFailing",
        ends_first=True,
    ),
    # More than half of the requests fail; 14.4 times half a percent of an hour's takes ten minutes. A younger stack has
    # fewer to weigh against.
    Drill("ErpErrorBudgetFastBurn", "critical", "orders-broken", 1, condition=(10, 640), ends_first=True),
    Drill("ErpQueueStuck", "critical", "queue-flood", 1, condition=(110, 130)),
    Drill("ErpQueueBacklog", "warning", "queue-flood", 1, condition=(30, 345)),
    Drill("ErpHeartbeatTaskStale", "warning", "queue-flood", 1, condition=(105, 120)),
    Drill("ErpLogsStalled", "warning", "loki-stopped", 1, condition=(110, 130)),
    Drill("ErpOomKill", "critical", "memory-exhausted", 1, condition=(0, 15)),
    Drill("ErpDiskInodesLow", "critical", "inodes-gone", 1),
    Drill("ErpOrdersDropped", "critical", "orders-dropped", 1, condition=(0, 60)),
    Drill("ErpRedisMemory", "warning", "redis-memory-tight", 1),
    #
    Drill("ErpAllDown", "critical", "erp-web-stopped", 2, inhibits="ErpInstanceDown", ends_first=True),
    Drill("ErpProbeMissing", "warning", "blackbox-stopped", 2, condition=(60, 60)),
    #
    Drill("ErpPostgresDown", "critical", "erp-db-stopped", 3, inhibits="ErpHealthProbeFailing", ends_first=True),
    Drill("ErpInstanceDown", "critical", "erp-beat-stopped", 3, says="erp-beat"),
    #
    Drill("ErpRedisDown", "critical", "erp-redis-stopped", 4),
    Drill("ErpHealthProbeFailing", "critical", "erp-redis-stopped", 4, says="erp-web"),
    # Nothing here makes an order fail: a service that fails as a whole keeps its views' alerts back.
    Drill(
        "ErpViewFailing",
        "warning",
        "sessions-broken",
        5,
        condition=(135, 190),
        says="admin",
        ends_first=True,
    ),
    Drill(
        "ErpExceptionSpike",
        "critical",
        "sessions-broken",
        5,
        condition=(150, 200),
        says="erp-web",
        ends_first=True,
    ),
    Drill("ErpHealthProbeFailing", "warning", "bugsink-stopped", 5, says="bugsink"),
    Drill("ErpSentryDeliveryFailing", "warning", "bugsink-stopped", 5, condition=(30, 90)),
    Drill("ErpTasksRevoked", "warning", "tasks-revoked", 5, condition=(30, 70)),
    Drill("ErpTaskFailureRatio", "warning", "tasks-failing", 5, condition=(0, 30), ends_first=True),
    Drill("ErpPostgresConnections", "warning", "connections-full", 5),
    Drill("ErpPostgresLongTransaction", "warning", "transaction-long", 5, condition=(300, 300)),
    Drill("ErpPostgresLockWaits", "warning", "table-locked", 5),
    Drill("ErpPostgresDeadlocks", "warning", "deadlocks", 5, resolves_within=1500),
    Drill("ErpPostgresRollbackRatio", "warning", "rollbacks", 5, condition=(0, 120)),
    Drill("ErpRedisRejectedConnections", "warning", "redis-refusing", 5),
    Drill("ErpRedisEvictions", "critical", "redis-evicting", 5),
    Drill("ErpRestartLoop", "warning", "restart-loop", 5, says="erp-beat", resolves_within=1500),
    Drill("ErpContainerMemory", "warning", "memory-pressure", 5, says="traffic"),
    Drill("ErpDiskFull", "critical", "disk-full", 5),
    Drill("ErpLoginsRefused", "warning", "log-ins-failing", 5, condition=(0, 20)),
    Drill("ErpTargetDown", "warning", "promtail-stopped", 5, says="promtail"),
    Drill("ErpHeartbeatLate", "critical", "watchdog-silenced", 5, condition=(120, 200)),
    #
    Drill("ErpExternalApiSlow", "warning", "payment-slow", 5, condition=(25, 90), says="payment", ends_first=True),
    Drill("ErpLatencyP95High", "warning", "payment-slow", 5, condition=(15, 120), says="erp-web", ends_first=True),
    Drill("ErpLatencyP99High", "warning", "payment-slow", 5, condition=(5, 60), says="erp-web"),
    #
    # Not beside failing payments, after which nothing is shipped, nor beside tasks that fail for another reason.
    Drill("ErpExternalApiDown", "warning", "shipping-down", 6, condition=(30, 90), says="shipping"),
    # Not beside the stopped Promtail, which counts what is lost.
    Drill("ErpLogsDropped", "warning", "line-refused", 6, condition=(0, 10)),
    #
    Drill("ErpExternalApiDown", "critical", "payment-down", 7, condition=(60, 90), says="payment"),
    Drill("ErpPaymentsFailing", "critical", "payment-down", 7, condition=(0, 180), resolves_within=1500),
    Drill("ErpContainerCpu", "warning", "cpu-pressure", 7, condition=(200, 300), says="erp-worker"),
)


def drill(name: str) -> Drill:
    """By alert and severity, as in ErpAllDown/critical."""
    (found,) = [each for each in DRILLS if each.name == name]
    return found


LONG = "Its notification takes over 15 minutes."
BY_DAY = "It is sent in business hours only, and a drill runs at any hour."
WEEKS = "It compares with the weeks before, of which a new sandbox has no samples."
MACHINE = "The fault would take the resource from the whole machine, not from the sandbox alone."
OTHER_TIER = "It has the fault and the rule of the drilled tier, at another limit."
BROKEN_DISK = "The drill would need a disk or a store that fails under the running program."
CAUSED = "The alert on its cause, which has a drill, inhibits it."
# By alert, or by alert/severity where another tier is drilled.
NOT_DRILLED: dict[str, str] = {
    "Watchdog": "Always fires; tests/apart/test_without_prometheus.py proves what its absence does.",
    "ErpMigrationsPending": LONG,
    "ErpVersionsDiffer": LONG,
    "ErpNewReleaseRegression": LONG,
    "ErpDiskFilling": LONG,
    "ErpNoReceiverConfigured": LONG,
    "ErpErrorBudgetSlowBurn": LONG,
    "ErpStockLow": BY_DAY,
    "ErpOrdersRefused": BY_DAY,
    "ErpOrdersAbsent": BY_DAY,
    "ErpOrdersDropped/warning": BY_DAY,
    "ErpOrdersStopped": WEEKS,
    "ErpLoginsDropped": WEEKS,
    "ErpRevenueDropped": WEEKS,
    "ErpTrafficStopped": WEEKS,
    "ErpBusinessMetricMissing": "The drill would need a release without one of the metrics.",
    "ErpQueueWaitHigh": LONG,
    "ErpBeatStalled": "The drill would need a beat whose main thread hangs while its process answers.",
    "ErpWorkerMissing": CAUSED,
    "ErpQueueMetricMissing": CAUSED,
    "ErpExternalApiFailing": CAUSED,
    "ErpExceptionSpike/warning": OTHER_TIER,
    "ErpPostgresConnections/critical": OTHER_TIER,
    "ErpLatencyP99High/critical": OTHER_TIER,
    "ErpHostCpuSaturated": MACHINE,
    "ErpHostMemoryLow": MACHINE,
    "ErpNotificationsFailing": "The drill would need a channel that is down while other drills use it.",
    "ErpAlertmanagerUnreachable": "An Alertmanager that is gone can't send it: the heartbeat receiver turns red.",
    "ErpConfigReloadFailed": "The drill would need a bad configuration in place of the checkout's own.",
    "ErpTargetsRefused": "tests/e2e/test_targets.py has the bad file that it needs.",
    "ErpRuleFailures": "The drill would need a bad rule in place of the checkout's own.",
    "ErpRuleGroupLate": "The drill would need a Prometheus that is too slow for its rules.",
    "ErpMetricStorageFailing": BROKEN_DISK,
    "ErpTelemetryDiskRetention": BROKEN_DISK,
    "ErpLokiDiskFilling": BROKEN_DISK,
    "ErpLokiStorageFailing": BROKEN_DISK,
    "ErpLokiRequestErrors": BROKEN_DISK,
    "ErpScrapeSamplesHigh": "The drill would need a target with over 12,000 series.",
    "ErpLogsLagging": "The drill would need lines that come late and aren't lost.",
    "ErpMetricsDropped": "tests/app/o11y/test_multiprocess.py has the full or damaged folder that it needs.",
    "ErpSpansDropped": "tests/app/o11y/test_tracker_away.py has the store that refuses, is gone or never answers.",
    "ErpLogLinesUnwritten": "tests/app/o11y/test_stalled_reader.py has the engine that stops reading.",
}
