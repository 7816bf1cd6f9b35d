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
    batch waits for its end, which that batch's faults would hold up; `told_only`: its end isn't awaited; `probed`: a
    probe finds it.
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
    probed: bool = False

    @property
    def channels(self) -> tuple[str, ...]:
        return RECEIVERS[route(self.alert, self.severity)["receiver"]]

    @property
    def name(self) -> str:
        return f"{self.alert}/{self.severity}"


DRILLS: tuple[Drill, ...] = (
    # First, while the last hour has no other server error: the error budget's alert looks back on it.
    Drill(
        "HttpErrorRatioHigh",
        "critical",
        "orders-broken",
        1,
        condition=(10, 60),
        inhibits="HttpViewFailing",
        ends_first=True,
    ),
    # More than half of the requests fail; 14.4 times half a percent of an hour's takes ten minutes. A younger stack has
    # fewer to weigh against.
    Drill("ErrorBudgetFastBurn", "critical", "orders-broken", 1, condition=(10, 640), ends_first=True),
    Drill("CeleryQueueStuck", "critical", "queue-flood", 1, condition=(110, 130)),
    Drill("CeleryQueueBacklog", "warning", "queue-flood", 1, condition=(30, 345)),
    Drill("CeleryHeartbeatStale", "warning", "queue-flood", 1, condition=(105, 120)),
    Drill("LogsStalled", "warning", "loki-stopped", 1, condition=(110, 130)),
    Drill("HostOomKill", "critical", "memory-exhausted", 1, condition=(0, 15)),
    Drill("HostDiskInodesLow", "critical", "inodes-gone", 1),
    Drill("ErpOrdersDropped", "critical", "orders-dropped", 1, condition=(0, 60)),
    Drill("RedisMemory", "warning", "redis-memory-tight", 1),
    #
    Drill(
        "ApplicationDown",
        "critical",
        "erp-web-stopped",
        2,
        says="erp-web",  # not an application of which a test has taken the last container away
        inhibits="InstanceDown",
        ends_first=True,
        probed=True,
    ),
    #
    Drill("PostgresDown", "critical", "erp-db-stopped", 3, inhibits="HealthProbeFailing", ends_first=True, probed=True),
    Drill("InstanceDown", "critical", "erp-beat-stopped", 3, says="erp-beat", probed=True),
    #
    Drill("RedisDown", "critical", "erp-redis-stopped", 4, probed=True),
    Drill("HealthProbeFailing", "critical", "erp-redis-stopped", 4, says="erp-web", probed=True),
    # Nothing here makes an order fail: a service that fails as a whole keeps its views' alerts back.
    Drill(
        "HttpViewFailing",
        "warning",
        "sessions-broken",
        5,
        condition=(135, 190),
        says="admin",
        ends_first=True,
    ),
    Drill(
        "ExceptionSpike",
        "critical",
        "sessions-broken",
        5,
        condition=(150, 200),
        says="erp-web",
        ends_first=True,
    ),
    Drill("HealthProbeFailing", "warning", "bugsink-stopped", 5, says="bugsink", probed=True),
    Drill("SentryDeliveryFailing", "warning", "bugsink-stopped", 5, condition=(30, 90)),
    Drill("CeleryTasksRevoked", "warning", "tasks-revoked", 5, condition=(30, 70)),
    Drill("CeleryTaskFailureRatio", "warning", "tasks-failing", 5, condition=(0, 30), ends_first=True),
    Drill("PostgresConnections", "warning", "connections-full", 5),
    Drill("PostgresLongTransaction", "warning", "transaction-long", 5, condition=(300, 300)),
    Drill("PostgresLockWaits", "warning", "table-locked", 5),
    Drill("PostgresDeadlocks", "warning", "deadlocks", 5, resolves_within=1500),
    Drill("PostgresRollbackRatio", "warning", "rollbacks", 5, condition=(0, 120)),
    Drill("RedisRejectedConnections", "warning", "redis-refusing", 5),
    Drill("RedisEvictions", "critical", "redis-evicting", 5),
    Drill("ContainerRestartLoop", "warning", "restart-loop", 5, says="erp-beat", resolves_within=1500),
    Drill("ContainerMemory", "warning", "memory-pressure", 5, says="traffic"),
    Drill("HostDiskFull", "critical", "disk-full", 5),
    Drill("ErpLoginsRefused", "warning", "log-ins-failing", 5, condition=(0, 20)),
    Drill("TargetDown", "warning", "promtail-stopped", 5, says="promtail"),
    Drill("HeartbeatLate", "critical", "watchdog-silenced", 5, condition=(120, 200)),
    #
    Drill("ExternalApiSlow", "warning", "payment-slow", 5, condition=(25, 90), says="payment", ends_first=True),
    Drill("HttpLatencyP95High", "warning", "payment-slow", 5, condition=(15, 120), says="erp-web", ends_first=True),
    Drill("HttpLatencyP99High", "warning", "payment-slow", 5, condition=(5, 60), says="erp-web"),
    #
    # Not beside failing payments, after which nothing is shipped, nor beside tasks that fail for another reason.
    Drill("ExternalApiDown", "warning", "shipping-down", 6, condition=(30, 90), says="shipping"),
    # Not beside what a probe finds.
    Drill("HealthProbeMissing", "warning", "blackbox-stopped", 6, condition=(60, 60)),
    # Not beside the stopped Promtail, which counts what is lost and hands no line on.
    Drill("LogsDropped", "warning", "line-refused", 6, condition=(0, 10)),
    # 22 lines at once, then one in 14 seconds: 21 to 40 in any five minutes.
    Drill("LogErrorsUnusual", "warning", "errors-logged", 6, says="partner"),
    # Docker has the line. It is told for an hour.
    Drill(
        "LogLinesLost",
        "warning",
        "line-refused",
        6,
        condition=(60, 200),
        says="found in the last hour: 1.",
        told_only=True,
    ),
    #
    Drill("ExternalApiDown", "critical", "payment-down", 7, condition=(60, 90), says="payment"),
    Drill("ErpPaymentsFailing", "critical", "payment-down", 7, condition=(0, 180), resolves_within=1500),
    Drill("ContainerCpu", "warning", "cpu-pressure", 7, condition=(200, 300), says="erp-worker"),
)


def drill(name: str) -> Drill:
    """By alert and severity, as in ApplicationDown/critical."""
    (found,) = [each for each in DRILLS if each.name == name]
    return found


# What has to be drilled anew, by name: the rule, a series that it reads or its route has changed since.
DUE: frozenset[str] = frozenset(
    {
        "ContainerCpu/warning",
    }
)

LONG = "Its notification takes over 15 minutes."
BY_DAY = "It is sent in business hours only, and a drill runs at any hour."
WEEKS = "It compares with the weeks before, of which a new sandbox has no samples."
MACHINE = "The fault would take the resource from the whole machine, not from the sandbox alone."
OTHER_TIER = "It has the fault and the rule of the drilled tier, at another limit."
BROKEN_DISK = "The drill would need a disk or a store that fails under the running program."
BROKEN_APART = "`make faults` breaks the disk of a stack of its own, and sees it told."
CAUSED = "The alert on its cause, which has a drill, inhibits it."
# By alert, or by alert/severity where another tier is drilled.
NOT_DRILLED: dict[str, str] = {
    "Watchdog": "Always fires; tests/apart/test_without_prometheus.py proves what its absence does.",
    "GatewayRefusals": "The sandbox runs without the gateway; tests/apart/test_gateway.py proves its counts.",
    **dict.fromkeys(
        ("SentryQueueStuck", "SentryQueueLag", "SentryEventsRejected", "SentryTasksWaiting"),
        "Self-hosted Sentry can't run where no registry answers; the sandbox's tracker is Bugsink.",
    ),
    "DjangoMigrationsPending": LONG,
    "VersionsDiffer": LONG,
    "NewReleaseRegression": LONG,
    "HostDiskFilling": LONG,
    "BackupTooOld": LONG,
    "NoReceiverConfigured": LONG,
    "ErrorBudgetSlowBurn": LONG,
    "ErpStockLow": BY_DAY,
    "ErpOrdersRefused": BY_DAY,
    "ErpOrdersAbsent": BY_DAY,
    "ErpOrdersDropped/warning": BY_DAY,
    "ErpOrdersStopped": WEEKS,
    "ErpLoginsDropped": WEEKS,
    "ErpRevenueDropped": WEEKS,
    "HttpTrafficStopped": WEEKS,
    "ErpBusinessMetricMissing": "The drill would need a release without one of the metrics.",
    "CeleryQueueWaitHigh": LONG,
    "CeleryBeatStalled": "The drill would need a beat whose main thread hangs while its process answers.",
    "CeleryWorkerMissing": CAUSED,
    "CeleryQueueMetricMissing": CAUSED,
    "ExternalApiFailing": CAUSED,
    "ExceptionSpike/warning": OTHER_TIER,
    "PostgresConnections/critical": OTHER_TIER,
    "HttpLatencyP99High/critical": OTHER_TIER,
    "HostCpuSaturated": MACHINE,
    "HostMemoryLow": MACHINE,
    "NotificationsFailing": "The drill would need a channel that is down while other drills use it.",
    "AlertmanagerUnreachable": "An Alertmanager that is gone can't send it: the heartbeat receiver turns red.",
    "ConfigReloadFailed": "The drill would need a bad configuration in place of the checkout's own.",
    "CertificateExpiring": "The drill would need an address with a certificate that a public authority has signed.",
    "DiscoveryFailing": "Without Docker's API Telegraf and Promtail have nothing either, which other drills need.",
    "ClockSkewed": "`make faults` gives a service of a stack of its own another clock, and sees it told.",
    "AgentGone": "tests/apart/test_agent.py has the agent and the cut way that it needs.",
    "ApplicationUnwatched": "It tells nobody.",
    "TargetsRefused": "tests/e2e/test_targets.py has the bad file that it needs.",
    "MonitoringRuleFailures": "The drill would need a bad rule in place of the checkout's own.",
    "MonitoringRuleGroupLate": "The drill would need a Prometheus that is too slow for its rules.",
    "MetricsNotStored": BROKEN_APART,
    "MetricStorageFailing": BROKEN_APART,
    "PrometheusDiskRetention": BROKEN_DISK,
    "LokiDiskFilling": BROKEN_DISK,
    "LokiStorageFailing": BROKEN_DISK,
    "LokiRequestErrors": BROKEN_DISK,
    "ScrapeSamplesHigh": "The drill would need a target with over 12,000 series.",
    "StateSetAside": "`make faults NAME=alertmanager-damaged` has the damaged file, and sees it told.",
    "AlertStateNotStored": "`make faults NAME=alertmanager-disk-full` has the full disk, and sees it told.",
    "SeriesChurn": "`make faults NAME=series-churn` has the service that it needs, and sees it told.",
    "ScrapeEmpty": "`make faults NAME=metrics-garbage` has the page that it needs, and sees it told.",
    "SamplesRefused": "`make faults NAME=metrics-doubled` has the page that it needs, and sees it told.",
    "TargetLimitNear": "The drill would need more than 40 containers, or a file of 41 targets that are down.",
    "LogsLagging": "The drill would need lines that come late and aren't lost.",
    "MetricsDropped": "tests/app/instrumentation/test_multiprocess.py has the full or damaged folder that it needs.",
    "SpansDropped": "tests/app/instrumentation/test_tracker_away.py has the store that refuses, is gone or hangs.",
    "TraceStoreFailing": "tests/apart/test_trace_store.py has the store that is gone, slow or full.",
    "TraceStoreLarge": "The drill would need gigabytes of traces.",
    "ObjectStorageFailing": "It takes a storage of SCALE=on that is gone for a quarter of an hour.",
    "CompactionHalted": "It wants a compaction of SCALE=on that fails.",
    "LogTracebackNew": "It wants a service that Promtail has read for an hour.",
    "LogsMissing": "It compares with the six hours before, of which a new sandbox has no lines.",
    "LogRulesFailing": "The drill would need bad rules in place of the checkout's own.",
    "LogAccountBehind": "It takes half an hour without Loki.",
    "LogAccountIncomplete": "It takes 200 MB of lines of one container in a quarter of a minute.",
    "LogStoreLarge": "The drill would need gigabytes of lines.",
    "LogLinesUnwritten": "tests/app/instrumentation/test_stalled_reader.py has the engine that stops reading.",
}
