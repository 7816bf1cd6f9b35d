"""What `make agent` refuses, and what the agent's files say; tests/apart/test_agent.py starts it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import agent_files, images, recipes
from ops.agent import agent
from ops.agent_files import Central
from ops.console import OpsError
from ops.paths import ROOT

URL = "https://central.example:8443"
CENTRAL = Central(URL, "web-2", ("shop", "c.r.m"), has_ca=True)
PROMETHEUS = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
PROMTAIL = (ROOT / "promtail" / "promtail.yml").read_text(encoding="utf-8")


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text("a-token\n", encoding="utf-8")
    return str(tmp_path / "token")


@pytest.mark.parametrize("url", ["", "central.example", "http://central.example:8443", f"{URL}/push", f"{URL} x"])
def test_an_address_that_is_none_is_refused(url: str, token: str) -> None:
    with pytest.raises(OpsError, match=r"CENTRAL=.* isn't the central side's address; expected"):
        agent(url, token)


@pytest.mark.parametrize("host", ["web 2", "-web", "web-", "a" * 64, 'x"}', "Web-2"])
def test_a_host_whose_name_can_be_no_label_of_its_own_is_refused(host: str, token: str) -> None:
    with pytest.raises(OpsError, match=r"HOST=.* can't be a host's name; expected"):
        agent(URL, token, "", host)


@pytest.mark.parametrize("applications", ["shop, CRM", "shop|crm", "shop,*"])
def test_applications_that_are_no_names_are_refused(applications: str, token: str) -> None:
    with pytest.raises(OpsError, match=r"APPLICATIONS=.* is no name; expected"):
        agent(URL, token, "", "web-2", applications)


@pytest.mark.parametrize(("text", "said"), [("", "nothing"), ("two words", "several words"), ("a\nb", "several words")])
def test_a_token_file_with_something_else_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8")
    with pytest.raises(OpsError, match=f"TOKEN_FILE=.* holds {said}; expected the token alone"):
        agent(URL, str(tmp_path / "token"))


@pytest.mark.parametrize("file", ["", "/nowhere/token"])
def test_a_token_file_that_cannot_be_read_is_refused(file: str) -> None:
    with pytest.raises(OpsError, match=r"TOKEN_FILE=.* can't be read .*; expected the file .*make agent-token"):
        agent(URL, file)


def test_an_authority_without_a_certificate_is_refused(token: str) -> None:
    with pytest.raises(OpsError, match=r"CA_FILE=.* holds no certificate; expected PEM"):
        agent(URL, token, token)


def test_an_environment_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(OpsError, match=r"IN_ENV='prod': expected one of sandbox, staging, production\."):
        agent(URL, token, env="prod")


def test_what_it_asks_is_what_the_stack_asks() -> None:
    made = yaml.safe_load(CENTRAL.prometheus(PROMETHEUS))
    original = yaml.safe_load(PROMETHEUS)
    assert made.keys() == {"global", "scrape_configs", "remote_write"}
    assert [made[key] for key in ("global", "scrape_configs")] == [
        original[key] for key in ("global", "scrape_configs")
    ]


def test_before_it_stops_it_asks_its_own_programs_alone() -> None:
    made = yaml.safe_load(CENTRAL.leaving(PROMETHEUS))
    [job] = made["scrape_configs"]
    assert job == {**yaml.safe_load(PROMETHEUS)["scrape_configs"][0], "sample_limit": 1}
    assert made["remote_write"] == yaml.safe_load(CENTRAL.prometheus(PROMETHEUS))["remote_write"]


def test_everything_is_pushed_with_the_hosts_name_and_of_the_tokens_applications() -> None:
    [push] = yaml.safe_load(CENTRAL.prometheus(PROMETHEUS))["remote_write"]
    keep, _, _, host, _ = push["write_relabel_configs"]
    assert keep == {"source_labels": ["application"], "regex": r"monitoring|shop|c\.r\.m", "action": "keep"}
    assert host == {"target_label": "host", "replacement": "web-2"}
    assert push["url"] == f"{URL}/push/metrics"
    [client] = yaml.safe_load(CENTRAL.promtail(PROMTAIL))["clients"]
    assert (client["url"], client["external_labels"]) == (f"{URL}/push/logs", {"host": "web-2"})
    assert push["tls_config"] == client["tls_config"] == {"ca_file": "/run/secrets/agent_ca"}


def test_lines_are_read_as_the_stack_reads_them_of_the_tokens_applications() -> None:
    [made] = yaml.safe_load(CENTRAL.promtail(PROMTAIL))["scrape_configs"]
    [original] = yaml.safe_load(PROMTAIL)["scrape_configs"]
    keep, *others = made["relabel_configs"]
    assert keep["regex"] == r"monitoring|shop|c\.r\.m"
    assert {**made, "relabel_configs": others} == original
    [client] = yaml.safe_load(CENTRAL.promtail(PROMTAIL))["clients"]
    assert client["backoff_config"]["max_retries"] == 0


def test_without_a_list_its_own_programs_are_pushed_and_without_an_authority_the_images_is_asked() -> None:
    [push] = yaml.safe_load(Central(URL, "web-2").prometheus(PROMETHEUS))["remote_write"]
    assert push["write_relabel_configs"][0]["regex"] == "monitoring"
    assert "tls_config" not in push


def test_its_own_programs_are_those_of_the_stack_that_it_has() -> None:
    made = yaml.safe_load(agent_files.monitoring((ROOT / "prometheus" / "monitoring.yml").read_text(encoding="utf-8")))
    assert {target.partition(":")[0] for group in made for target in group["targets"]} == set(agent_files.SERVICES)
    own = {"__scrape_interval__": "5s", "__scrape_timeout__": "4s"}
    assert [group.get("labels") for group in made] == [own, None, {"honor_labels": "yes"}]


def test_a_file_that_has_changed_too_much_is_told() -> None:
    with pytest.raises(LookupError, match="once in a file that an agent's is made from, found 0"):
        CENTRAL.promtail("clients: []")


def test_only_the_images_of_its_services_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    monkeypatch.setattr(images, "present", lambda reference: False)
    monkeypatch.setattr(images, "build", lambda recipe: built.append(recipe.name))
    every: dict[str, Any] = recipes.recipes()
    images.build_all({every["promtail"].reference, every["haproxy"].reference})
    assert built == ["base", "toolchain", "promtail", "haproxy"]
