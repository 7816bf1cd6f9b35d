"""slo.yml and the rules written from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus import slo

Slos = list[dict[str, Any]]


@pytest.fixture
def slos() -> Slos:
    return [
        {"slo": "availability", "objective": 0.995, "requests": "sum(a)", "errors": "sum(b)"},
        {"slo": "latency", "objective": 0.99, "requests": "sum(c)", "errors": "sum(d)"},
    ]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[object], Path]:
    def write(document: object) -> Path:
        path = tmp_path / "slo.yml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return path

    return write


def test_committed_rules_are_what_the_generator_writes() -> None:
    written = {name: (slo.TARGET / name).read_text(encoding="utf-8") for name in slo.rules()}
    assert written == slo.rules(), "Write them anew: make slo"
    assert set(written) == {"slo.yml", "erp/slo-erp.yml"}


def test_every_slo_has_its_budget_requests_and_errors(slos: Slos, write: Callable[[object], Path]) -> None:
    rules = yaml.safe_load(slo.rules(write({"slos": slos}))["slo.yml"])["groups"][0]["rules"]
    own = {(rule["record"], rule["labels"]["slo"]): rule["expr"] for rule in rules if "slo" in rule.get("labels", {})}
    seen = 'group by (application, env) (last_over_time(slo:requests:rate5m{{slo="{}"{}}}[6h]))'.format
    none = 'or on (application, env) 0 * slo:requests:rate5m{{slo="{}"}}'.format
    assert own == {
        ("slo:requests:rate5m", "availability"): "sum(a)",
        ("slo:errors:rate5m", "availability"): f"sum(b) {none('availability')}",
        ("slo:error_budget:ratio", "availability"): f"0.005 * {seen('availability', '')}",
        ("slo:requests:rate5m", "latency"): "sum(c)",
        ("slo:errors:rate5m", "latency"): f"sum(d) {none('latency')}",
        ("slo:error_budget:ratio", "latency"): f"0.01 * {seen('latency', '')}",
    }


def test_slo_of_one_application_is_recorded_in_a_file_of_its_own(
    slos: Slos, write: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("own", "erp"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(slo, "TARGET", tmp_path)
    own = [{**slos[1], "slo": name, "application": name.split("-")[0]} for name in ("shop-b", "erp-a", "shop-c")]
    files = {name: yaml.safe_load(text) for name, text in slo.rules(write({"slos": [slos[0], *own]})).items()}
    recorded = {
        name: [
            rule["labels"]["slo"] for rule in file["groups"][0]["rules"] if rule.get("record") == "slo:requests:rate5m"
        ]
        for name, file in files.items()
    }
    assert recorded == {
        "slo.yml": ["availability"],
        "erp/slo-erp.yml": ["erp-a"],
        "own/slo-shop.yml": ["shop-b", "shop-c"],
    }


def test_application_with_an_objective_of_its_own_has_its_own_budget(
    slos: Slos, write: Callable[[object], Path]
) -> None:
    slos[0]["objectives"] = {"intranet": 0.9, "shop.eu": 0.999}
    seen = 'group by (application, env) (last_over_time(slo:requests:rate5m{{slo="availability",{}}}[6h]))'.format
    assert slo.budget(slo.load(write({"slos": slos}))[0]) == " or ".join(
        [
            "0.005 * " + seen('application!~"intranet|shop[.]eu"'),
            "0.1 * " + seen('application="intranet"'),
            "0.001 * " + seen('application="shop.eu"'),
        ]
    )


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        *(
            ({"objective": value}, f"2: the objective is {value!r}; expected a share between 0 and 1, such as 0.995.")
            for value in (0, 1, -0.5, 99.5, "0.995", True, float("nan"))
        ),
        *(({key: None}, f"2 lacks {key}; expected slo, objective, requests, errors.") for key in slo.KEYS),
        (
            {"objectiv": 0.9},
            "2 has the unknown objectiv; expected only slo, objective, requests, errors, objectives, application.",
        ),
        ({"objectives": 0.9}, "2: objectives is 0.9; expected a share by application, such as `shop: 0.999`."),
        (
            {"objectives": {"shop": 99}},
            "2: the objective of shop is 99; expected a share between 0 and 1, such as 0.995.",
        ),
        (
            {"objectives": {'shop"': 0.9}},
            "2: 'shop\"' is no application's name; expected the label's value, such as shop.",
        ),
        (
            {"application": "../shop"},
            "2: '../shop' is no application's name; expected the label's value, such as shop.",
        ),
        ({"errors": ""}, "2: errors is ''; expected a text."),
        ({"requests": 5}, "2: requests is 5; expected a text."),
    ],
)
def test_slo_that_no_rule_can_be_made_of_is_refused(
    spoil: dict[str, object], sentence: str, slos: Slos, write: Callable[[object], Path]
) -> None:
    slos[1] = {key: value for key, value in (slos[1] | spoil).items() if value is not None}
    with pytest.raises(slo.SloError) as caught:
        slo.rules(write({"slos": slos}))
    assert str(caught.value) == f"slo.yml, SLO {sentence}"


def test_name_that_is_there_twice_is_refused(slos: Slos, write: Callable[[object], Path]) -> None:
    slos[1]["slo"] = "availability"
    with pytest.raises(slo.SloError, match="availability is there twice; expected a name of its own for every SLO"):
        slo.rules(write({"slos": slos}))


@pytest.mark.parametrize("document", [None, [], {}, {"slos": []}, {"slos": {"slo": "availability"}}])
def test_file_without_slos_is_refused(document: object, write: Callable[[object], Path]) -> None:
    with pytest.raises(slo.SloError, match="expected a list under `slos`, with at least one SLO"):
        slo.rules(write(document))


def test_command_says_the_fault_and_leaves_the_rules(
    slos: Slos, write: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slos[0]["objective"] = 2
    source = write({"slos": slos})
    monkeypatch.setattr(slo, "load", lambda _, load=slo.load: load(source))
    monkeypatch.setattr(slo, "TARGET", source.parent / "rules")
    assert slo.main() == 2
    assert not (source.parent / "rules").exists()
    assert "the objective is 2;" in capsys.readouterr().err


def test_file_of_an_application_that_has_no_slo_any_more_is_deleted_and_a_file_of_somebody_else_stays(
    slos: Slos, write: Callable[[object], Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setattr(slo, "TARGET", tmp_path)
    monkeypatch.setattr(slo, "load", lambda _: slos)
    (tmp_path / "own" / "slo-mine.yml").write_text("groups: []\n", encoding="utf-8")
    slos[1]["application"] = "shop"
    assert slo.main() == 0
    assert {path.name for path in tmp_path.rglob("*.yml")} == {"slo.yml", "slo-shop.yml", "slo-mine.yml"}
    slos[1]["application"] = "crm"
    assert slo.main() == 0
    assert {path.name for path in tmp_path.rglob("*.yml")} == {"slo.yml", "slo-crm.yml", "slo-mine.yml"}
