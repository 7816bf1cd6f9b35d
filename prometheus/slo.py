"""`make slo`: writes rules/slo.yml, the burn rates and alerts of every SLO in slo.yml.

What an SLO of one application records is in a file of that application's folder, or in rules/own if it has none.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
SOURCE = FOLDER / "slo.yml"
TARGET = FOLDER / "rules"
HEAD = "# Written from prometheus/slo.yml by `make slo`. A burn of 1 uses the budget up in 30 days.\n"
# (burn, long window, short window, for): the long one says that it matters, the short one that it still goes on.
FAST = ((14.4, "1h", "5m", "2m"), (6, "6h", "30m", "15m"))
SLOW = ((3, "1d", "2h", "1h"), (1, "3d", "6h", "3h"))
KEYS = ("slo", "objective", "requests", "errors")
OPTIONAL = ("objectives", "application")  # objectives: by application; application: the only one that has the SLO
BOARD = "/d/overview?var-application={{ $labels.application }}&var-env={{ $labels.env }}"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
Rule = dict[str, Any]


class SloError(ValueError):
    """slo.yml says something that no rule can be made of."""


class Dumper(yaml.SafeDumper):
    """Indents lists, as the other files do, and writes out what is there twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


class Labels(dict[str, str]):
    """Written on one line."""


Dumper.add_representer(Labels, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, True))


def load(source: Path) -> list[Rule]:
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SloError(f"{source.name} is no YAML: {error}") from error
    slos = document.get("slos") if isinstance(document, dict) else None
    if not isinstance(slos, list) or not slos:
        raise SloError(f"{source.name}: expected a list under `slos`, with at least one SLO.")
    for place, slo in enumerate(slos, start=1):
        _check(f"{source.name}, SLO {place}", slo)
    names = [slo["slo"] for slo in slos]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SloError(f"{source.name}: {', '.join(twice)} is there twice; expected a name of its own for every SLO.")
    return slos


def _check(where: str, slo: object) -> None:
    if not isinstance(slo, dict):
        raise SloError(f"{where} is {slo!r}; expected the keys {', '.join(KEYS)}.")
    if missing := [key for key in KEYS if key not in slo]:
        raise SloError(f"{where} lacks {', '.join(missing)}; expected {', '.join(KEYS)}.")
    if unknown := [str(key) for key in slo if key not in KEYS + OPTIONAL]:
        raise SloError(f"{where} has the unknown {', '.join(unknown)}; expected only {', '.join(KEYS + OPTIONAL)}.")
    for key in ("slo", "requests", "errors"):
        if not isinstance(slo[key], str) or not slo[key].strip():
            raise SloError(f"{where}: {key} is {slo[key]!r}; expected a text.")
    _check_objective(f"{where}: the objective", slo["objective"])
    own = slo.get("objectives", {})
    if not isinstance(own, dict):
        raise SloError(f"{where}: objectives is {own!r}; expected a share by application, such as `shop: 0.999`.")
    for application in (*own, slo.get("application", "shop")):
        if not isinstance(application, str) or not NAME.fullmatch(application):
            raise SloError(
                f"{where}: {application!r} is no application's name; expected the label's value, such as shop."
            )
    for application, objective in own.items():
        _check_objective(f"{where}: the objective of {application}", objective)


def _check_objective(what: str, objective: object) -> None:
    if isinstance(objective, bool) or not isinstance(objective, int | float) or not 0 < objective < 1:
        raise SloError(f"{what} is {objective!r}; expected a share between 0 and 1, such as 0.995.")


def record(name: str, expr: str, **more: object) -> Rule:
    return {"record": name, "expr": expr, **more}


def of_one(slo: Rule) -> list[Rule]:
    """An SLO's own series. Before the first error there is no error series: then it is 0 while there are requests."""
    labels = Labels(slo=slo["slo"])
    requests = f'slo:requests:rate5m{{slo="{slo["slo"]}"}}'
    return [
        record("slo:requests:rate5m", slo["requests"], labels=labels),
        record("slo:errors:rate5m", f"{slo['errors']} or on (application, env) 0 * {requests}", labels=labels),
        record("slo:error_budget:ratio", budget(slo), labels=labels),
    ]


def budget(slo: Rule) -> str:
    """The budget of each application that had requests in six hours: the windows of days are compared with it too."""
    seen = 'group by (application, env) (last_over_time(slo:requests:rate5m{{slo="{}"{}}}[6h]))'
    own = slo.get("objectives", {})
    names = "|".join(own).replace(".", "[.]")
    others = f',application!~"{names}"' if own else ""
    budgets = [(others, slo["objective"])]
    budgets += [(f',application="{application}"', objective) for application, objective in own.items()]
    return " or ".join(f"{round(1 - share, 9)} * {seen.format(slo['slo'], matcher)}" for matcher, share in budgets)


def burn(window: str) -> Rule:
    series = "slo:{}:rate5m" if window == "5m" else f"avg_over_time(slo:{{}}:rate5m[{window}])"
    errors, requests = series.format("errors"), series.format("requests")
    return record(f"slo:error_budget:burn{window}", f"{errors} / {requests} / slo:error_budget:ratio")


def count(window: str, step: str, seconds: int) -> Rule:
    """The sum of what there is: an average would take a young installation's first minutes for days."""
    return record(f"slo:errors:increase{window}", f"sum_over_time(slo:errors:rate5m[{window}:{step}]) * {seconds}")


def alert(name: str, severity: str, limit: float, long: str, short: str, wait: str) -> Rule:
    above = " and ".join(f"slo:error_budget:burn{window} > {limit}" for window in (long, short))
    rule: Rule = {"alert": name, "expr": f"{above} and slo:errors:increase{long} >= 10", "for": wait}
    if severity == "critical":
        rule["keep_firing_for"] = "5m"
    # The window tells the tiers apart: two alerts with the same labels would resolve each other.
    rule["labels"] = Labels(
        severity=severity, team="app", service="{{ $labels.application }}", signal="errors", window=long
    )
    rule["annotations"] = {
        "summary": "The error budget of {{ $labels.application }} for {{ $labels.slo }} burns away",
        "description": f"Over {long}, and over {short} too, {{{{ $labels.application }}}} has used up its error budget "
        f"for {{{{ $labels.slo }}}} {{{{ $value | humanize }}}} times as fast as it lasts for 30 days; more than "
        f"{limit} for {wait} is too much.",
        "runbook_url": f"docs/runbooks/{name}.md",
        "dashboard_url": BOARD,
        "logs_url": f"{BOARD}&viewPanel=40",
    }
    return rule


def rules(source: Path = SOURCE) -> dict[str, str]:
    """The text of each file by its path below rules/."""
    slos = load(source)
    fast = [alert("ErrorBudgetFastBurn", "critical", *tier) for tier in FAST]
    slow = [alert("ErrorBudgetSlowBurn", "warning", *tier) for tier in SLOW]
    general = [rule for slo in slos if "application" not in slo for rule in of_one(slo)]
    quick = [*general, burn("5m"), burn("1h"), count("1h", "1m", 60), fast[0]]
    counts = [count("6h", "5m", 300), count("1d", "5m", 300), count("3d", "5m", 300)]
    days = [*(burn(window) for window in ("30m", "2h", "6h", "1d", "3d")), *counts, fast[1], *slow]
    groups = [{"name": "slo", "rules": quick}, {"name": "slo-days", "interval": "1m", "rules": days}]
    files = {"slo.yml": _text(groups)}
    for application in sorted({slo["application"] for slo in slos if "application" in slo}):
        own = [rule for slo in slos if slo.get("application") == application for rule in of_one(slo)]
        folder = application if (TARGET / application).is_dir() else "own"
        files[f"{folder}/slo-{application}.yml"] = _text([{"name": f"slo-{application}", "rules": own}])
    return files


def _text(groups: list[Rule]) -> str:
    return HEAD + yaml.dump({"groups": groups}, Dumper=Dumper, sort_keys=False, width=108)


def main() -> int:
    try:
        files = rules()
    except SloError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path in TARGET.glob("*/slo-*.yml"):
        if path.read_text(encoding="utf-8").startswith(HEAD):
            path.unlink()  # of an application that has no SLO of its own any more
    for name, text in files.items():
        (TARGET / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
