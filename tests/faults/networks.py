"""Rows of the network between two services: dropped, reset, half open, and names that don't resolve."""

from tests.faults.looks import lasted, orders_are_taken
from tests.faults.model import Fault
from tests.faults.receivers import FAILING
from tests.faults.stores import ERRORS, FINISHED_SECONDS, LATE, SLOW, TASKS

CUT_SECONDS = 60
DOWN = ("HealthProbeFailing", "HttpErrorRatioHigh", "PostgresDown", "RedisDown", *ERRORS, *LATE, *TASKS)


def _cut(name: str, noticed: str, batch: int, *, may: tuple[str, ...] = (), touches_orders: bool = False) -> Fault:
    """A minute without that way: nothing is lost, and no order is touched but where it says so."""
    return Fault(
        name,
        "F13" if touches_orders else "F27",
        noticed,
        orders_are_taken,
        30,
        batch,
        sees=lasted(CUT_SECONDS),
        shows="the answers to orders",
        seen_within=CUT_SECONDS + 30,
        may=(*may, *DOWN) if touches_orders else may,
        apart_from=SLOW if touches_orders else (),
        settles=FINISHED_SECONDS if touches_orders else 90,
    )


FAULTS: tuple[Fault, ...] = (
    _cut("erp-web-to-erp-db-dropped", "orders get an error after seconds", 50, touches_orders=True),
    _cut("erp-web-to-erp-db-refused", "orders get an error at once", 51, touches_orders=True),
    _cut("erp-web-to-erp-db-unanswered", "orders get an error after seconds", 52, touches_orders=True),
    _cut("erp-web-to-erp-redis-dropped", "orders take seconds longer, tasks come later", 53, touches_orders=True),
    _cut("erp-web-to-erp-redis-refused", "tasks come up to 4 minutes later", 54, touches_orders=True),
    _cut("erp-worker-to-erp-db-dropped", "tasks come later", 55, touches_orders=True),
    _cut("erp-web-to-partner-dropped", "orders get a 503 after 3 s", 56, may=("ExternalApiDown",), touches_orders=True),
    _cut("erp-db-unnamed", "orders get an error", 57, touches_orders=True),
    _cut("erp-redis-unnamed", "tasks come later", 58, touches_orders=True),
    _cut("erp-worker-to-erp-redis-dropped", "tasks come later", 62, touches_orders=True),
    _cut("erp-db-slow", "pages take seconds for each question to the database", 63, touches_orders=True),
    _cut("erp-redis-slow", "orders take seconds longer, tasks come later", 64, touches_orders=True),
    _cut("erp-web-to-bugsink-dropped", "nothing; events of this minute are counted as dropped", 59),
    _cut("promtail-to-loki-dropped", "lines come a minute later", 59),
    _cut("prometheus-to-alertmanager-dropped", "pages come a minute later", 59),
    _cut("prometheus-to-node-dropped", "the machine's figures have a gap of a minute", 59),
    _cut("grafana-to-prometheus-dropped", "boards say that they get no answer", 59),
    _cut("logkeeper-to-loki-dropped", "nothing; the account of lines goes on a minute later", 59),
    _cut("erp-beat-to-erp-redis-dropped", "a periodic task comes a minute later", 59, may=TASKS),
    _cut("alertmanager-to-mailpit-dropped", "mails come a minute later", 59, may=FAILING),
    _cut("promtail-to-loki-unanswered", "lines come a minute later", 60),
    _cut("promtail-to-socket-proxy-dropped", "lines come a minute later", 60),
    _cut("grafana-to-loki-dropped", "panels of lines say that they get no answer", 60),
    _cut("alertmanager-to-inbox-dropped", "Slack and PagerDuty are told a minute later", 60, may=FAILING),
    _cut("prometheus-to-blackbox-dropped", "probes have a gap of a minute", 60, may=("InstanceDown", "TargetDown")),
    _cut("bugsink-to-inbox-dropped", "messages of the tracker come later or not at all", 60),
    _cut("loki-to-alertmanager-dropped", "alerts of lines come a minute later", 61),
    _cut("loki-to-prometheus-dropped", "what Loki's rules record comes a minute later", 61),
    _cut("prometheus-to-loki-dropped", "Loki's own figures have a gap of a minute", 61, may=("InstanceDown",)),
    *(
        _cut(f"{caller}-to-{called}-dropped", "figures of it have a gap of a minute", 61, may=may)
        for caller, called, may in (
            ("postgres-exporter", "erp-db", ("PostgresDown",)),
            ("redis-exporter", "erp-redis", ("RedisDown",)),
        )
    ),
    *(
        _cut(f"prometheus-to-{service}-dropped", "figures of it have a gap of a minute", 65, may=("InstanceDown", down))
        for service, down in (("postgres-exporter", "PostgresDown"), ("redis-exporter", "RedisDown"))
    ),
    _cut("loki-unnamed", "lines come a minute later", 61),
    _cut("node-unnamed", "the machine's figures have a gap of a minute", 61),
)
