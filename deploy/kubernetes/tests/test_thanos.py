"""Thanos is told on Kubernetes what compose.scale.yaml tells it, and all ask and tell the same as with SCALE=on.

What the chart's templates (thanos 0.38) and the operator (0.93) write of the values is repeated here.
"""

import re
import shlex
from typing import Any

import pytest
import yaml

from deploy.kubernetes.model import LEFT_OUT_OF_SCALE, committed
from ops import scale_files
from tests.support import kubernetes

SCALED = committed().scaled
THANOS = kubernetes.values("thanos")
STACK, OVERLAY = (kubernetes.values(f"kube-prometheus-stack{more}") for more in ("", "-thanos"))
RULER = OVERLAY["thanosRuler"]["thanosRulerSpec"]
COMPONENTS = {
    "thanos-query": "query",
    "thanos-store": "storegateway",
    "thanos-compact": "compactor",
    "thanos-receive": "receive",
}
# Where its own pod has it, which Compose and a chart don't have to agree on.
OF_A_POD = re.compile(
    r"data-dir|tsdb\.path|objstore\.config-file|rule-file|prometheus\.url|receive\.(local-endpoint|hashrings-file)"
)
# Compose's name of a replica, and who has which here.
REPLICA = "replica"
REPLICA_LABELS = [REPLICA, "receive_replica", "thanos_ruler_replica"]
ADDRESSES = {
    "thanos-sidecar": "kube-prometheus-stack-thanos-discovery",
    "thanos-receive": "thanos-receive-headless",
    "thanos-store": "thanos-storegateway",
    "thanos-rule": "thanos-ruler-operated",
}


def services(name: str) -> list[dict[str, Any]]:
    return [each for other, each in SCALED.items() if re.fullmatch(rf"{name}(-\d)?", other)]


def composes(name: str) -> list[str]:
    """The options of the first such service, without those of its own pod and without names of replicas."""
    words = shlex.split(" ".join(services(name)[0]["command"]))
    options = [word.removeprefix("--") for word in words if word.startswith("--")]
    kept = [each for each in options if not OF_A_POD.match(each) and "replica-label" not in each]
    return sorted(each for each in kept if not re.match(r"label=|alert\.label-drop|endpoint=", each))


def of_the_chart(component: str) -> list[str]:
    given = THANOS[component]
    options = [each.removeprefix("--") for each in given["extraArgs"]]
    if component == "compactor":
        options += [
            "wait",
            f"retention.resolution-raw={given['retention']['resolutionRaw']}",
            f"retention.resolution-5m={given['retention']['resolution5m']}",
            f"retention.resolution-1h={given['retention']['resolution1h']}",
        ]
    if component == "receive":
        options.append(f"tsdb.retention={given['tsdb']['retention']}")
    return sorted(each for each in options if "replica-label" not in each)


def named(arguments: list[dict[str, str]]) -> list[str]:
    return sorted(f"{each['name']}={each.get('value', '')}".removesuffix("=") for each in arguments)


@pytest.mark.parametrize(("name", "component"), COMPONENTS.items())
def test_a_component_is_told_what_it_is_told_in_compose(name: str, component: str) -> None:
    assert of_the_chart(component) == composes(name)


@pytest.mark.parametrize(("name", "component"), COMPONENTS.items())
def test_a_component_runs_as_often_and_as_large_as_in_compose(name: str, component: str) -> None:
    given, service = THANOS[component], services(name)[0]
    assert given["replicaCount"] == len(services(name))
    assert given["resources"]["limits"]["memory"] == f"{int(service['mem_limit']) >> 20}Mi"
    context = given["podSecurityContext"]
    assert f"{context['runAsUser']}:{context['runAsGroup']}" == service["user"]
    assert given["podLabels"]["observability.service"] == name


def test_query_asks_all_that_it_asks_in_compose() -> None:
    asked = [each.removeprefix("--endpoint=") for each in services("thanos-query")[0]["command"] if "endpoint" in each]
    names = {re.sub(r"^dns\+(.+?)(-\d)?:10901$", r"\1", each) for each in asked}
    endpoints = THANOS["query"]["endpoints"]
    assert sorted(endpoints["static"]) == sorted(f"dns+{ADDRESSES[name]}:10901" for name in names)
    assert endpoints["autogen"]["enabled"] is False
    assert OVERLAY["prometheus"]["thanosService"]["enabled"] is True


def test_one_series_is_left_of_all_replicas_live_and_in_the_bucket() -> None:
    for name, option in (
        ("thanos-query", "--query.replica-label="),
        ("thanos-compact", "--deduplication.replica-label="),
    ):
        assert [each for each in services(name)[0]["command"] if option in each] == [f"{option}{REPLICA}"]
    assert STACK["prometheus"]["prometheusSpec"]["replicaExternalLabelName"] == REPLICA
    assert THANOS["query"]["replicaLabels"] == REPLICA_LABELS
    compact = [each for each in THANOS["compactor"]["extraArgs"] if "replica-label" in each]
    assert compact == [f"--deduplication.replica-label={label}" for label in REPLICA_LABELS]


def test_rulers_judge_what_they_judge_in_compose() -> None:
    """With the labels that the operator gives them and drops of alerts: thanos_ruler_replica."""
    relabel = "alert.relabel-config"
    found = [
        f"eval-interval={RULER['evaluationInterval']}",
        f"for-grace-period={RULER['ruleGracePeriod']}",
        f"alert.query-url={RULER['alertQueryUrl']}",
        *(f"query={each}" for each in RULER["queryEndpoints"]),
        *(each for each in named(RULER["additionalArgs"]) if not each.startswith(relabel)),
    ]
    [to] = RULER["alertmanagersConfig"]["secret"]["alertmanagers"]
    [address] = to["static_configs"]
    # Of the operator's Service each has an address of its own, as each has under the one name in Compose.
    name, port = address.removeprefix("dns+").split(":")
    assert name == "alertmanager-operated.monitoring"
    assert sorted([*found, f"alertmanagers.url=dns+{to['scheme']}://alertmanager:{port}"]) == composes("thanos-rule")
    words = shlex.split(" ".join(services("thanos-rule")[0]["command"]).replace("\\", ""))
    labels = {word.removeprefix("--label=").partition("=")[0] for word in words if word.startswith("--label=")}
    assert labels == {REPLICA, *RULER["labels"]}
    assert RULER["labels"] == STACK["prometheus"]["prometheusSpec"]["externalLabels"]
    assert RULER["replicas"] == len(services("thanos-rule"))
    [dropped] = [each["value"] for each in RULER["additionalArgs"] if each["name"] == relabel]
    assert yaml.safe_load(dropped) == STACK["prometheus"]["prometheusSpec"]["additionalAlertRelabelConfigs"]


def test_the_pair_asks_and_keeps_and_judges_nothing() -> None:
    """Helm takes the chart's own selector away for null, and no selector is no rule."""
    spec = OVERLAY["prometheus"]["prometheusSpec"]
    assert spec["ruleSelector"] is None
    assert STACK["prometheus"]["prometheusSpec"]["ruleSelectorNilUsesHelmValues"] is False
    assert RULER["ruleSelectorNilUsesHelmValues"] is False
    options = dict(each.lstrip("-").partition("=")[::2] for each in SCALED["prometheus"]["command"])
    two = {options[f"storage.tsdb.{each}-block-duration"] for each in ("min", "max")}
    assert (len(two) == 1) is spec["disableCompaction"] is True
    assert named(spec["thanos"]["additionalArgs"]) == composes("thanos-sidecar")


def test_all_run_composes_thanos_on_one_bucket() -> None:
    reference = {each["image"] for name, each in SCALED.items() if name.startswith("thanos-")}
    sidecar = OVERLAY["prometheus"]["prometheusSpec"]["thanos"]
    images = [f"{each['repository']}:{each['tag']}" for each in (THANOS["global"]["image"], RULER["image"])]
    assert {sidecar["image"], *images} == reference
    assert {sidecar["version"], RULER["version"]} == {each.rpartition(":")[2] for each in reference}
    bucket = sidecar["objectStorageConfig"]["existingSecret"]
    assert RULER["objectStorageConfig"]["existingSecret"] == bucket
    assert THANOS["global"]["objstore"] == {"secretName": bucket["name"], "secretKey": bucket["key"]}


def test_boards_ask_query_under_the_same_uids() -> None:
    before, now = (each["grafana"]["additionalDataSources"] for each in (STACK, OVERLAY))
    assert [each["uid"] for each in now] == [each["uid"] for each in before]
    assert [each for each in now if each["uid"] != "prometheus"] == [
        each for each in before if each["uid"] != "prometheus"
    ]
    [metrics] = [each for each in now if each["uid"] == "prometheus"]
    assert metrics["url"] == f"http://thanos-query:{THANOS['query']['service']['httpPort']}"
    allowed = OVERLAY["grafana"]["env"]["GF_SECURITY_DATA_SOURCE_PROXY_WHITELIST"].split()
    assert {each["url"].removeprefix("http://") for each in now} <= set(allowed)


def test_receivers_are_where_agents_push_in_compose() -> None:
    port = THANOS["receive"]["service"]["remoteWritePort"]
    assert f"http://{THANOS['fullnameOverride']}-receive:{port}/api/v1/receive" == scale_files.PUSH


def test_every_sidecar_is_scraped_as_the_container_is_in_compose() -> None:
    steps = OVERLAY["prometheus"]["thanosServiceMonitor"]["relabelings"]
    said = {each["targetLabel"]: each["replacement"] for each in steps if "targetLabel" in each}
    labels = services("thanos-sidecar")[0]["labels"]
    assert {key: said[key] for key in ("application", "env")} == {
        key: labels[f"observability.{key}"] for key in ("application", "env")
    }
    assert said["service"] == said["job"] == "thanos-sidecar"


def test_every_service_of_scale_is_here_or_has_a_reason() -> None:
    added = {re.sub(r"-\d$", "", name) for name in SCALED if name not in committed().services}
    here = {*COMPONENTS, "thanos-sidecar", "thanos-rule", *scale_files.REPLICAS}
    assert added - here == set(LEFT_OUT_OF_SCALE)
    assert added >= here - set(scale_files.REPLICAS)
    loki = kubernetes.values("loki")
    replicas = {
        "prometheus": STACK["prometheus"]["prometheusSpec"]["replicas"],
        "alertmanager": STACK["alertmanager"]["alertmanagerSpec"]["replicas"],
        "loki": loki["singleBinary"]["replicas"],
    }
    assert replicas == {name: len(services(name)) for name in scale_files.REPLICAS}


@pytest.mark.parametrize("where", ["values", "operator"])
def test_loki_tells_every_alertmanager_and_each_of_the_pair(where: str) -> None:
    """By the SRV record of the port's name: of a Service with one address one Alertmanager alone would know."""
    if where == "values":
        ruler, port = (
            kubernetes.values("loki")["loki"]["rulerConfig"],
            STACK["alertmanager"]["alertmanagerSpec"]["portName"],
        )
        prometheus, pairs = "kube-prometheus-stack-prometheus", STACK["prometheus"]["prometheusSpec"]["replicas"]
    else:
        ruler = yaml.safe_load(kubernetes.config("loki-loki-yml")["loki.yml"])["ruler"]
        port = kubernetes.one("Alertmanager", "alertmanager")["spec"]["portName"]
        given = kubernetes.one("Prometheus", "prometheus")["spec"]
        prometheus, pairs = "prometheus", given["replicas"]
        assert [each["port"] for each in given["alerting"]["alertmanagers"]] == [port]
    assert ruler["enable_alertmanager_discovery"] is True
    assert ruler["alertmanager_url"] == f"http://_{port}._tcp.alertmanager-operated.monitoring"
    assert [each["url"] for each in ruler["remote_write"]["clients"].values()] == [
        f"http://prometheus-{prometheus}-{number}.prometheus-operated.monitoring:9090/api/v1/write"
        for number in range(pairs)
    ]
    assert "client" not in ruler["remote_write"]
