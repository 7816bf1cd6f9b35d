"""deploy/kubernetes on a real node: it starts, an order's story and an alert arrive, a kill loses nothing."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from prometheus.rule_files import all_rules
from tests.faults.accounts import COUNTED, FINISHED, LINES, MOST_LINES
from tests.faults.customer import OK, Customer
from tests.support import kubernetes_node
from tests.support.erp import Erp, Ids
from tests.support.kubernetes_node import Node
from tests.support.loki import Loki
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.timeout(3600)

PODS = {
    **dict.fromkeys(("erp-web", "erp-worker", "prometheus"), 2),
    "alertmanager": 3,
    **dict.fromkeys(("erp-beat", "erp-db", "erp-redis", "postgres-exporter", "redis-exporter"), 1),
    **dict.fromkeys(("partner", "inbox", "mailpit", "bugsink", "blackbox", "promtail", "loki"), 1),
    "prometheus-operator": 1,
}
# Not the sandbox's inbox and mail server: they are where a test looks, and keep what they got in memory.
KILLED = [name for name in PODS if name not in ("inbox", "mailpit")]
# It takes the counts with it of what it answered since the last scrape.
TAKES_ITS_COUNTS = ("erp-web",)
ORDERS = 8
ALERT, STORE = "PostgresDown", "statefulset/erp-db"
FLUSH_SECONDS = 40  # several times the group_interval of critical alerts
STATEMENT = "SELECT count(*) FROM orders_order o WHERE o.number IN ({numbers}) AND {condition}"


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with kubernetes_node.running() as found:
        yield found


def test_each_pod_is_there_as_often_as_it_should_be(node: Node) -> None:
    found = Counter(node.name_of(pod) for pod in node.get("pods") if pod["status"]["phase"] != "Succeeded")
    assert found == PODS
    (migration,) = [each for each in node.get("jobs", "erp") if each["metadata"]["name"] == "erp-migrate"]
    assert migration["status"]["succeeded"] == 1


@pytest.mark.usefixtures("node")
def test_both_prometheus_scrape_every_target_and_have_every_rule() -> None:
    prometheus = Prometheus()
    eventually(
        lambda: [
            f"{each['scrapeUrl']}: {each['lastError']}" for each in prometheus.targets() if each["health"] != "up"
        ],
        "no target down",
        120,
        until=lambda found: not found,
    )
    eventually(lambda: prometheus.query("probe_success == 0"), "no failing probe", 60, until=lambda found: not found)
    loaded = prometheus.rules()
    assert {rule["name"] for rule in loaded} >= {rule.get("alert") or rule["record"] for _, rule in all_rules()}
    assert [rule["name"] for rule in loaded if rule.get("lastError")] == []


@pytest.mark.usefixtures("node")
def test_an_orders_story_is_found() -> None:
    """By its request id: the access line, the lines of its tasks; it is counted."""
    ids, prometheus, loki = Ids.fresh("node"), Prometheus(), Loki()
    query = 'sum(erp_orders_total{job="erp-web",outcome="placed"})'
    counted = prometheus.value(query)
    answer = Erp().place_order(ids)
    assert answer.status_code == 201, answer.text
    assert answer.headers["X-Request-ID"] == ids.request
    eventually(lambda: prometheus.value(query), "the order counted", 60, until=lambda value: value == counted + 1)

    def told(service: str) -> list[dict[str, str]]:
        entries = loki.entries(f'{{application="erp",env="sandbox",service="{service}"}} |= "{ids.request}" | json')
        return [each.fields for each in entries]

    (access,) = eventually(
        lambda: [each for each in told("erp-web") if each["logger"] == "access"], "the access line", 60
    )
    assert access["trace_id"] == ids.trace
    eventually(
        lambda: {each["task_id"] for each in told("erp-worker") if each.get("task_id")},
        "the lines of its two tasks",
        60,
        until=lambda tasks: len(tasks) == 2,
    )


def test_one_alert_is_delivered_once_by_every_channel(node: Node) -> None:
    """Of two Prometheus and three Alertmanager; and its end."""
    Prometheus().wait_until_it_judges()
    begun = time.time()

    def told(*, resolution: bool) -> dict[str, int]:
        return {each: len(Pages().of(ALERT, each, since=begun, resolution=resolution)) for each in CHANNELS}

    node.kubectl("-n", "erp", "scale", STORE, "--replicas=0")
    try:
        eventually(lambda: told(resolution=False), f"{ALERT} told", 180, until=lambda found: all(found.values()))
    finally:
        node.kubectl("-n", "erp", "scale", STORE, "--replicas=1")
    eventually(lambda: told(resolution=True), f"the end of {ALERT} told", 300, until=lambda found: all(found.values()))
    once = dict.fromkeys(CHANNELS, 1)
    stays(
        lambda: (told(resolution=False), told(resolution=True)),
        "it is told once",
        FLUSH_SECONDS,
        until=lambda found: found == (once, once),
    )
    eventually(node.unready, "every pod ready", 180, until=lambda found: not found, interval=5)


@pytest.mark.parametrize("name", KILLED)
def test_a_kill_of_one_pod_of_a_kind_loses_nothing(node: Node, name: str) -> None:
    """Killed with -9 under orders, all its containers; the kubelet starts them anew."""
    # The test before may have taken away what a log-in needs.
    customer = eventually(Customer, "a customer is let in", 120)
    counted = answers_counted()
    with customer.ordering():
        eventually(lambda: len(customer.orders), "orders before it", 180, until=lambda number: number >= ORDERS)
        node.kill(name)
        before = len(customer.orders)
        eventually(node.unready, "every pod ready again", 300, until=lambda found: not found, interval=2)
        eventually(lambda: len(customer.orders) - before, "orders after it", 120, until=lambda number: number >= ORDERS)
    # A task that dies with the broker is sent again within four minutes.
    eventually(lambda: differing(node, customer), "every account whole", 300, until=lambda found: not found, interval=3)
    if name not in TAKES_ITS_COUNTS:
        eventually(
            lambda: round(Prometheus().value(COUNTED) - counted),
            "every answer counted",
            120,
            until=lambda number: number == customer.asked[str(OK)],
        )


def answers_counted() -> float:
    """Once every web has been scraped: what the test before asked is counted then."""
    now = time.time()
    scraped = f'({COUNTED} or vector(0)) and on () min(timestamp(up{{job="erp-web"}})) > {now}'
    (sample,) = eventually(lambda: Prometheus().query(scraped), "every web scraped", 60)
    return sample.value


def differing(node: Node, customer: Customer) -> dict[str, tuple[int, int]]:
    """What is and what should be there of the customer's, where they differ."""
    found = {
        "orders": (in_database(node, customer, "o.status IN ('paid', 'shipped')"), len(customer.orders)),
        "shipped once and invoiced once": (in_database(node, customer, FINISHED), len(customer.orders)),
        "lines": (len(lines(customer) & customer.answered), len(customer.answered)),
    }
    return {account: numbers for account, numbers in found.items() if numbers[0] != numbers[1]}


def in_database(node: Node, customer: Customer, condition: str) -> int:
    statement = STATEMENT.format(numbers=",".join(f"'{number}'" for number in customer.orders), condition=condition)
    return int(node.execute("erp", "erp-db-0", "psql", "-At", "-U", "postgres", "-d", "erp", "-c", statement))


def lines(customer: Customer) -> set[str]:
    entries = Loki().entries(LINES.format(run=customer.run), limit=MOST_LINES)
    return {str(entry.fields["request_id"]) for entry in entries}
