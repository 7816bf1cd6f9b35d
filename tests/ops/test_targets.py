"""What `make targets` finds in the files of users: each thing that can't be meant, with its file, in one go."""

from pathlib import Path
from typing import Any

import pytest

from ops import application_files, targets
from ops.console import OpsError


def active(pool: str, **labels: str) -> dict[str, Any]:
    own = {"application": "shop", "env": "production", "service": "web", "instance": "shop-web-1"} | labels
    return {"scrapePool": pool, "labels": own, "discoveredLabels": {"__address__": "web.example:8000"}}


def test_an_address_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "shop.yml"
    file.write_text('- targets: ["a.example:1"]\n- targets: ["http://localhost:1/x"]\n', encoding="utf-8")
    said = '  FAILED: instance 0 in group : "http://localhost:1/x" is not a valid hostname'
    assert list(targets.no_addresses(file, said)) == [
        "targets/shop.yml:2: found 'http://localhost:1/x'; expected host:port. The rest of a URL is in the labels "
        "scheme and path, as in targets/README.md."
    ]
    assert list(targets.no_addresses(file, "line 2: field lables not found")) == []


def test_every_application_s_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "applications").mkdir()
    for name in ("crm", "shop"):
        (tmp_path / "applications" / f"{name}.toml").write_text("[routes]\n", encoding="utf-8")
    with pytest.raises(OpsError) as refused:
        application_files.read(tmp_path, tmp_path)
    assert [line.partition(":1: ")[0] for line in str(refused.value).splitlines()] == [
        "applications/crm.toml",
        "applications/shop.toml",
    ]


def test_a_file_with_another_ending_is_told_and_what_is_meant_so_is_not(tmp_path: Path) -> None:
    for name in (
        "targets/README.md",
        "targets/.a.yml.swp",
        "targets/a.yml",
        "targets/a.yml~",
        "targets/b.yaml",
        "applications/c.tml",
        "prometheus/rules/own/template.yml.example",
        "prometheus/rules/own/d.rules",
        "targets/more/e.yml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    told = ["targets/b.yaml", "targets/more", "applications/c.tml", "prometheus/rules/own/d.rules"]
    assert [sentence.partition(" ")[0] for sentence in targets.unread(tmp_path)] == told


@pytest.mark.parametrize(
    ("pool", "health", "state"), [("targets-probed", "up", "down"), ("targets", "unknown", "unknown")]
)
def test_a_target_whose_probe_fails_is_down(pool: str, health: str, state: str) -> None:
    target = active(pool) | {"health": health, "lastError": ""}
    assert targets.row(target, [])[4:] == [health, "fine"]
    assert targets.row(target, [("shop", "production", "web", "shop-web-1")])[4] == state


def test_a_target_of_a_name_that_this_stack_has_is_told() -> None:
    own = active("targets", application="erp", service="erp-web")
    assert [sentence for _, sentence in targets.mixed([own])] == [
        "web.example:8000: the application erp is this stack's own; expected another name."
    ]


def test_a_target_that_a_container_is_too_is_told_and_another_env_is_not() -> None:
    container, same = active("containers"), active("targets", instance="web.example:8000")
    ((found, said),) = targets.mixed(
        [container, same, active("targets", env="staging"), active("targets", service="db")]
    )
    assert found is same
    assert said.startswith("web.example:8000: web of shop is shop-web-1 too, found by its labels")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({"service": "web"}, "it has no label application; expected both"),
        ({"application": "sh op", "service": "web"}, "its label application is 'sh op'; expected at most 63 letters"),
        ({"application": "shop", "service": "w/b"}, "its label service is 'w/b'; expected at most 63 letters"),
        ({"application": "shop", "service": "web", "env": "a b"}, "its label env is 'a b'; expected at most 63"),
        ({"application": "shop", "service": "web", "probe": "icmp"}, "its label probe is 'icmp'; expected http or tcp"),
    ],
)
def test_why_a_target_is_not_watched_is_told(labels: dict[str, str], said: str) -> None:
    assert said in targets.lack(labels)


def test_what_is_dropped_of_a_file_is_known_without_its_pool_which_thanos_does_not_tell() -> None:
    found = [{"__meta_filepath": f"/etc/prometheus/sandbox/{name}"} for name in ("targets/shop.yml", "monitoring.yml")]
    assert [targets.is_of_a_file(each) for each in [*found, {"__address__": "erp-web:8000"}]] == [True, False, False]
