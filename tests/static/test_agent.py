"""The agent's services are the stack's, keep to its rules, and open nothing on their host."""

from typing import Any

import pytest

from ops import agent_files
from tests.static.test_policy import EXCEPTIONS, RULES, problems
from tests.support.compose_model import AGENT, OFFLINE, load, parse, parts, services, words

AGENT_OFFLINE = AGENT.with_name("compose.agent.offline.yaml")
WRITTEN: dict[str, Any] = parse(AGENT.read_text(encoding="utf-8"))["services"]
# In the agent's place of the stack's.
OF_THE_STACK = {name: each["extends"]["service"] for name, each in WRITTEN.items()}


def test_its_services_are_those_that_it_is_asked_to_scrape() -> None:
    assert set(WRITTEN) == set(agent_files.SERVICES)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_service_is_the_stacks_with_its_image_and_limits(name: str) -> None:
    assert AGENT.parent / WRITTEN[name]["extends"]["file"] in parts()
    # In agent mode Prometheus answers no query, such as that of its health check.
    own = {"healthcheck"} if name == agent_files.PROMETHEUS else set()
    assert {"image", "user", "healthcheck", "pids_limit", "restart"} & WRITTEN[name].keys() == own


@pytest.mark.parametrize("name", WRITTEN)
def test_a_service_has_the_files_that_it_runs(name: str) -> None:
    """Of those that the stack mounts anywhere."""
    known = {each.split(":")[1] for service in services().values() for each in mounts(service)}
    service = services(AGENT)[name]
    given = (service.get("entrypoint"), service.get("command"), service.get("healthcheck", {}).get("test"))
    run = {word for each in given for word in words(each)}
    assert run & known <= {each.split(":")[1] for each in mounts(service)}


def mounts(service: dict[str, Any]) -> list[str]:
    return [each for each in service.get("volumes", []) if isinstance(each, str)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", WRITTEN)
def test_a_service_keeps_to_the_rule(name: str, rule: str) -> None:
    assert (OF_THE_STACK[name], rule) in EXCEPTIONS or problems(rule, services(AGENT)[name]) == []


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_published(name: str) -> None:
    assert not services(AGENT)[name].get("ports")


def test_only_what_pushes_or_probes_gets_out() -> None:
    inner = {name for name, each in load(AGENT)["networks"].items() if (each or {}).get("internal")}
    outer = {name for name, each in services(AGENT).items() if set(words(each["networks"])) - inner}
    assert outer == {"prometheus-agent", "promtail", "blackbox"}


def test_only_its_readers_reach_the_docker_socket_proxy() -> None:
    reach = {name for name, each in services(AGENT).items() if "docker-api" in words(each["networks"])}
    assert reach == {"socket-proxy", "prometheus-agent", "promtail", "telegraf", "logkeeper"}


@pytest.mark.parametrize("name", WRITTEN)
def test_offline_it_has_the_image_of_the_stack(name: str) -> None:
    here, there = services(AGENT_OFFLINE)[name], services(OFFLINE)[OF_THE_STACK[name]]
    assert {**here, "image": here["image"].replace(":?run make agent", "")} == there
