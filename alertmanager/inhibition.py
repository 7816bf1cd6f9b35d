"""Which alert mutes which: the cause is told, what follows from it is not."""

from dataclasses import dataclass

from alertmanager.channels import Config

QUEUES = ("ErpQueueWaitHigh", "ErpQueueStuck", "ErpQueueBacklog", "ErpQueueMetricMissing")
LATENCY = ("ErpLatencyP95High", "ErpLatencyP99High")
ERRORS = ("ErpHigh5xxRatio", "ErpViewFailing")
CAUSES = ("ErpAllDown", "ErpPostgresDown", "ErpRedisDown")


@dataclass(frozen=True)
class Row:
    """While an alert of `source` fires, those of `target` with the same values of `equal` tell nobody."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...]
    reason: str

    @property
    def config(self) -> Config:
        return {
            "source_matchers": list(self.source),
            "target_matchers": list(self.target),
            "equal": list(self.equal),
        }


def alert(*names: str) -> str:
    return f'alertname="{names[0]}"' if len(names) == 1 else f'alertname=~"{"|".join(names)}"'


ROWS = (
    Row(
        ('severity="critical"',),
        ('severity=~"warning|info"',),
        ("alertname", "service"),
        "The higher tier of a condition says all that the lower one would.",
    ),
    Row(
        (alert("ErpAllDown"),),
        (
            'service=~"erp-.+"',
            'service!~"erp-db|erp-redis"',
            'team!="business"',
            f'alertname!~"Watchdog|{"|".join(CAUSES)}"',
        ),
        (),
        "An ERP of which nothing answers is one page. Its database and cache may be the cause and speak for "
        "themselves; lost business is told to other people.",
    ),
    Row(
        (alert("ErpPostgresDown"),),
        ('service=~"erp-.+"', 'service!="erp-redis"', alert(*LATENCY, *ERRORS, *QUEUES, "ErpHealthProbeFailing")),
        (),
        "Without its database the ERP answers late, wrongly or not at all, and its tasks wait: all one cause.",
    ),
    Row(
        (alert("ErpRedisDown"),),
        (alert(*QUEUES),),
        (),
        "Redis holds the queues: while it is gone they can be neither read nor worked off.",
    ),
    Row(
        (alert("ErpExternalApiDown"),),
        (alert("ErpExternalApiFailing", "ErpExternalApiSlow"),),
        ("service",),
        "An API of which no call succeeds also fails often and answers late.",
    ),
    Row(
        (alert("ErpExternalApiDown", "ErpExternalApiFailing"),),
        (alert("ErpTaskFailureRatio"),),
        (),
        "The tasks that fail are those that call the API.",
    ),
    Row(
        (alert("ErpQueueStuck"),),
        (alert("ErpHeartbeatTaskStale"),),
        (),
        "The heartbeat is a task, and tasks stand still.",
    ),
    Row(
        (alert("ErpHigh5xxRatio"),),
        (alert("ErpViewFailing"),),
        ("service",),
        "Where the whole service fails, the list of its failing views only repeats it.",
    ),
    Row(
        (alert("ErpInstanceDown"),),
        (alert("ErpHealthProbeFailing", "ErpWorkerMissing"),),
        ("service",),
        "A process that is gone answers no probe, and a worker that is gone is missing.",
    ),
)
