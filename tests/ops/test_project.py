"""A stack of another name has nothing in common with the first one, and a clone doesn't take another clone's over."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import application, named, up
from ops.applications import Container, astray
from ops.commands import current
from ops.console import OpsError
from ops.settings import Settings, load
from ops.stack import Stack, foreign_folder
from tests.ops.conftest import Ops
from tests.support.stack import ROOT, run

CLONED = "erp-observability-clone-test"
OWN = f"label=com.docker.compose.project={CLONED}"


def of(project: str, root: Path) -> Stack:
    (root / ".env").write_text(f"PROJECT={project}\n", encoding="utf-8")
    return Stack(load(root), "official")


def names(stack: Stack) -> dict[str, set[Any]]:
    """What the engine or the machine can have only once."""
    model = stack.model
    ports = [port["published"] for each in model["services"].values() for port in each.get("ports", [])]
    return {
        "project": {model["name"], stack.local, stack.settings.secrets},
        **{kind: {each["name"] for each in model[kind].values()} for kind in ("networks", "volumes")},
        "secrets": {each["file"] for each in model["secrets"].values()},
        "ports": set(ports),
        "addresses": {value for name, value in stack.variables.items() if name.startswith("BASE_URL_")},
        "labels": {each["labels"]["observability.stack"] for each in model["services"].values()},
        "store": {model["services"]["erp-db"]["labels"]["observability.network"]},
        "telegraf": {model["services"]["telegraf"]["environment"]["PROJECT"]},
    }


def test_two_stacks_have_nothing_in_common(root: Path) -> None:
    first, second = names(of("erp-observability", root)), names(of("staging", root))
    assert {kind: first[kind] & second[kind] for kind in first} == {kind: set() for kind in first}
    assert {kind: len(first[kind]) for kind in first} == {kind: len(second[kind]) for kind in second}
    assert second["networks"] >= {"observability-staging", *second["store"]}
    assert second["ports"] == {str(int(port) + 10000) for port in first["ports"]}


def test_an_offset_moves_every_port(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_OFFSET", "7")
    monkeypatch.setenv("GRAFANA_PORT", "4000")
    settings = of("staging", root).settings
    assert (settings.ports["grafana"], settings.ports["erp-web"]) == (4007, 8007)


@pytest.mark.parametrize(("service", "changes"), [("prometheus", 2), ("promtail", 1)])
def test_what_fills_in_no_variable_reads_a_copy(root: Path, service: str, changes: int) -> None:
    original = (ROOT / named.FILES[service]).read_text(encoding="utf-8")
    stack = of("staging", root)
    copy = named.text(original, stack.settings)
    changed = [line for line in difflib.ndiff(original.splitlines(), copy.splitlines()) if line.startswith("+ ")]
    assert len(changed) == changes
    assert all(line.strip().endswith("staging") for line in changed)
    source = str(stack.read(named.FILES[service]))
    assert source != str(ROOT / named.FILES[service])
    assert source in [mount.get("source") for mount in stack.model["services"][service]["volumes"]]


@pytest.mark.parametrize("service", named.FILES)
def test_every_discovery_of_containers_begins_with_the_stack(service: str) -> None:
    jobs = yaml.safe_load((ROOT / named.FILES[service]).read_text(encoding="utf-8"))["scrape_configs"]
    rules = [job["relabel_configs"][0] for job in jobs if "docker_sd_configs" in job]
    label = "__meta_docker_container_label_observability_stack"
    expected = {"source_labels": [label], "regex": "(erp-observability)?", "action": "keep"}
    assert rules == [expected] * len(rules)
    assert rules != []


def test_make_application_prints_the_label_and_the_network(root: Path) -> None:
    settings = of("staging", root).settings
    printed = yaml.safe_load(application.lines("shop", "staging", "web", "8000", "/s", "dsn", settings=settings))
    assert printed["services"]["web"]["labels"]["observability.stack"] == "staging"
    assert printed["networks"] == {"observability": {"external": True, "name": "observability-staging"}}


@pytest.mark.parametrize(
    ("network", "labels", "told"),
    [
        ("observability-staging", {"stack": "staging"}, []),
        ("observability", {}, []),
        ("observability-staging", {}, ["expected the label observability.stack: staging"]),
    ],
)
def test_a_container_on_the_network_without_the_label_is_told(
    root: Path, network: str, labels: dict[str, str], told: list[str]
) -> None:
    found = Container("shop-web-1", "web", "1", labels, frozenset({network}), "json-file", is_running=True)
    said = list(astray([found], of("staging", root).settings))
    assert [text in sentence for text, sentence in zip(told, said, strict=True)] == [True] * len(told)


@pytest.fixture
def cloned(settings: Settings) -> Iterator[Settings]:
    """A container and a volume of a project that another folder has started."""
    labels = ["--label", f"com.docker.compose.project={CLONED}"]
    folder = "--label=com.docker.compose.project.working_dir=/srv/another-clone"
    image = current().model["services"]["alertmanager-config"]["image"]
    run("docker", "create", "--name", CLONED, *labels, folder, image)
    run("docker", "volume", "create", *labels, CLONED)
    yield Settings({**settings.values, "PROJECT": CLONED}, {})
    for kind, *more in (("container", "--all"), ("volume",)):
        if left := run("docker", kind, "ls", "-q", *more, "--filter", OWN).split():
            run("docker", kind, "rm", "--force", *left)


def test_a_clone_is_refused_what_another_clone_has(cloned: Settings, ops: Ops) -> None:
    with pytest.raises(OpsError, match=r"runs from /srv/another-clone; expected it from .* set PROJECT in .env here"):
        up.check_secrets_and_volumes(cloned)
    done = ops("clean", PROJECT=CLONED)
    assert done.returncode == 1
    assert f"deletes every volume of {CLONED}, which runs from /srv/another-clone" in done.stderr
    assert foreign_folder(cloned) == "/srv/another-clone"
    assert up.volumes_exist(cloned)
    assert ops("clean", "yes", PROJECT=CLONED).returncode == 0
    assert foreign_folder(cloned) == ""
    assert not up.volumes_exist(cloned)


def test_whoever_has_the_secrets_is_told_what_is_taken_over(
    cloned: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    up.tell_of_another_folder(cloned)
    assert "was started from /srv/another-clone: this takes its containers and data over" in capsys.readouterr().out
