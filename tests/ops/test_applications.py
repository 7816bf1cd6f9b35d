"""What `make applications` misses, told of containers that were never started."""

import dataclasses
from collections.abc import Iterator

import pytest

from ops.applications import Container, containers, down, inspected, lacks, misleading, unseen
from ops.commands import current
from tests.support.stack import run

WEB = Container(
    name="shop-web-1",
    service="web",
    number="1",
    labels={"application": "shop", "env": "production", "metrics-port": "8000", "health": "/livez"},
    networks=frozenset({"shop_default", "observability"}),
    log_driver="json-file",
    is_running=True,
)
NAME: set[tuple[str, ...]] = {("shop", "production", "web")}


def labelled(**labels: str) -> Container:
    given = {**WEB.labels, **{name.replace("_", "-"): value for name, value in labels.items()}}
    return dataclasses.replace(WEB, labels={name: value for name, value in given.items() if value})


def test_nothing_is_missed_of_what_is_complete_and_arrives() -> None:
    assert [*lacks([WEB]), *unseen([WEB], NAME, NAME)] == []


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (labelled(env=""), "has no label observability.env"),
        (dataclasses.replace(WEB, networks=frozenset({"shop_default"})), "isn't on the network observability"),
        (labelled(network="backend"), "isn't on the network backend"),
        (labelled(metrics_port=""), "has observability.health and no port"),
        (
            labelled(metrics_port="", health=""),
            "No container of shop (production) has the label observability.metrics-port",
        ),
        (dataclasses.replace(WEB, log_driver="syslog"), "logs by syslog"),
    ],
)
def test_what_a_container_lacks_is_told(container: Container, said: str) -> None:
    assert said in "\n".join(lacks([container]))


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (dataclasses.replace(WEB, labels={"application": ""}), "observability.application is ''; expected at most 63"),
        (labelled(application='Shop "2"'), "observability.application is 'Shop \"2\"'; expected at most 63"),
        (labelled(env="e" * 64), "expected at most 63"),
        (labelled(metrics_port="80;90"), "observability.metrics-port is '80;90'; expected a port's number"),
        (labelled(metrics_port="99999"), "expected a port's number, at most 65535"),
        (labelled(metrics_token="true"), 'observability.metrics-token is \'true\'; expected "on" or "off"'),
        (labelled(logs="false"), 'observability.logs is \'false\'; expected "on" or "off" in quotation marks'),
        (labelled(health="livez"), "observability.health is 'livez'; expected a path"),
        (labelled(health="/livez, /readyz"), "two with a comma and no space between them"),
        (labelled(health="/a,/b,/c"), "observability.health is '/a,/b,/c'; expected a path, two"),
        (labelled(metrics_scheme="ftp"), "expected http or https"),
        (labelled(metric_port="8000"), "observability.metric-port is no label of this stack; expected one of"),
        (labelled(application="erp"), "the application erp is this stack's own; expected another name."),
    ],
)
def test_a_label_that_cannot_be_meant_is_told(container: Container, said: str) -> None:
    assert said in "\n".join(misleading(container, "erp-observability"))


def test_labels_that_can_be_meant_are_not_told() -> None:
    own = dataclasses.replace(labelled(application="monitoring"), project="erp-observability")
    ports = [labelled(metrics_port=each) for each in ("1", "9", "59999", "60000", "65499", "65535")]
    fine = [*ports, WEB, own, labelled(health="tcp"), labelled(health="/livez,/readyz"), labelled(logs="off")]
    assert [sentence for each in fine for sentence in misleading(each, "erp-observability")] == []


def test_two_containers_that_would_write_the_same_series_are_told() -> None:
    other = dataclasses.replace(WEB, name="shop-blue-web-1")
    assert "shop-blue-web-1 and shop-web-1 have the same" in "\n".join(lacks([WEB, other]))
    assert [*lacks([WEB, dataclasses.replace(other, number="2")])] == []


@pytest.mark.parametrize(
    ("container", "said"),
    [(WEB, ["no target for shop-web-1", "shop-web-1 has had no log line"]), (labelled(logs="off"), ["no target"])],
)
def test_what_does_not_arrive_is_told(container: Container, said: list[str]) -> None:
    found = list(unseen([container], set(), set()))
    assert [text in sentence for text, sentence in zip(said, found, strict=True)] == [True] * len(said)


def test_an_exporter_is_seen_by_what_it_measures() -> None:
    exporter = dataclasses.replace(labelled(measures="db"), service="db-exporter")
    assert list(unseen([exporter], {("shop", "production", "db")}, {("shop", "production", "db-exporter")})) == []


def test_what_is_down_is_told_with_the_reason() -> None:
    labels = {"application": "shop", "env": "production", "instance": "web:8000"}
    refused = {"health": "down", "labels": labels, "lastError": "connect: connection refused"}
    found = list(down([refused, {**refused, "health": "up"}], [("shop", "production", "http://web:8000/livez")]))
    assert found == [
        "web:8000 of shop (production) can't be scraped: connect: connection refused.",
        "http://web:8000/livez of shop (production) fails its probe: it refuses, hangs, or doesn't answer 200.",
    ]


@pytest.fixture
def misspelt() -> Iterator[str]:
    """The id of a container whose only label of this stack's is a slip; it is never started."""
    image = current().model["services"]["alertmanager-config"]["image"]
    created = run("docker", "create", "--label", "observability.aplication=shop", image).strip()
    yield created
    run("docker", "rm", "--force", created)


def test_a_container_whose_label_is_misspelt_is_told(misspelt: str) -> None:
    name = run("docker", "inspect", "--format", "{{.Name}}", misspelt).strip().removeprefix("/")
    (found,) = (each for each in containers() if each.name == name)
    told = list(misleading(found, "erp-observability"))
    assert told[0].startswith("observability.aplication is no label of this stack; expected one of application, env")
    assert told[1].startswith("it has no label observability.application, without which nothing of it is collected")
    assert len(told) == 2


def test_a_container_that_goes_while_it_is_asked_for_is_left_out(misspelt: str) -> None:
    assert [each["Id"] for each in inspected(["0" * 64, misspelt])] == [misspelt]
    assert inspected(["0" * 64]) == []
