"""Plants mutants into copies of the rules and lets promtool say whether a test notices."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from ops.paths import ROOT
from prometheus.tests import promql
from prometheus.tests.mutators import Mutant, Rule, mutants

RULES = ROOT / "prometheus" / "rules"
PATIENCE = 20.0  # a mutant that makes a case of up to a second take longer than this many is noticed


class RedBaselineError(AssertionError):
    """The unmutated rules don't pass their own tests: every score would be a false 100 %."""


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    seconds: float


@dataclass
class Component:
    """One rules file with the cases of its test file, each made a file of its own."""

    name: str
    document: dict[str, Any]
    tests: dict[str, Any]
    cases: list[Case] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)

    @cached_property
    def places(self) -> dict[str, tuple[int, int]]:
        """Where each rule is, by what it is called in tables and in survivors.yml."""
        found: dict[str, tuple[int, int]] = {}
        seen: Counter[str] = Counter()
        for number, group in enumerate(self.document["groups"]):
            for place, rule in enumerate(group["rules"]):
                called = title(rule)
                seen[called] += 1
                found[called if seen[called] == 1 else f"{called} #{seen[called]}"] = (number, place)
        return found

    def rule(self, called: str) -> Rule:
        number, place = self.places[called]
        return dict(self.document["groups"][number]["rules"][place])

    def with_rules(self, replaced: dict[str, Rule]) -> str:
        """The file's text with other rules in the places of some."""
        groups = [{**group, "rules": [*group["rules"]]} for group in self.document["groups"]]
        for called, rule in replaced.items():
            number, place = self.places[called]
            groups[number]["rules"][place] = rule
        return yaml.safe_dump({**self.document, "groups": groups}, sort_keys=False)

    def printed(self) -> str:
        """The file as the mutators write it, without a mutant."""
        rules = {called: self.rule(called) for called in self.places}
        return self.with_rules(
            {
                called: {**rule, "expr": promql.render(promql_parser.parse(str(rule["expr"])))}
                for called, rule in rules.items()
            }
        )

    def ordered_cases(self, rule: Rule) -> list[Case]:
        """Those that name the rule first, and among them the quick ones that have found much."""
        name = rule.get("alert") or rule["record"]
        return sorted(self.cases, key=lambda case: (name not in case.text, case.seconds / (1 + self.kills[case.name])))


@dataclass(frozen=True)
class Verdict:
    component: str
    rule: str
    mutant: Mutant
    killed: bool


class Laboratory:
    """Copies of the rules in a folder, one for each core, and a promtool process for each."""

    def __init__(self, folder: Path, rules: Path, promtool: str) -> None:
        self.promtool = promtool
        self.cores = len(os.sched_getaffinity(0))
        self.benches: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(self.cores):
            bench = folder / str(number)
            shutil.copytree(rules, bench, ignore=shutil.ignore_patterns("tests", "__pycache__"))
            (bench / "tests").mkdir()
            self.benches.put(bench)

    def prepare(self, component: Component) -> None:
        """Cut the test file into its cases; each must pass, with the rules as they are and as we print them."""
        for place, case in enumerate(component.tests["tests"]):
            called = f"{component.name}-{place}"
            text = yaml.safe_dump({**component.tests, "tests": [case]}, sort_keys=False, width=1000)
            started = time.monotonic()
            self._expect_green(component, Case(called, text, 0), case, "")
            component.cases.append(Case(called, text, time.monotonic() - started))
            self._expect_green(component, component.cases[-1], case, component.printed())

    def judge(self, component: Component, called: str, mutant: Mutant) -> Verdict:
        text = component.with_rules({called: mutant.rule})
        for case in component.ordered_cases(mutant.rule):
            if self._notices(component, case, text):
                component.kills[case.name] += 1
                return Verdict(component.name, called, mutant, killed=True)
        return Verdict(component.name, called, mutant, killed=False)

    def _notices(self, component: Component, case: Case, rules: str) -> bool:
        try:
            return self._run(component, case, rules, PATIENCE * max(1.0, case.seconds)).returncode != 0
        except subprocess.TimeoutExpired:
            return True

    def _expect_green(self, component: Component, case: Case, source: dict[str, Any], rules: str) -> None:
        done = self._run(component, case, rules, 120)
        if done.returncode != 0:
            state = f"as printed by {promql.__name__}" if rules else "unmutated"
            raise RedBaselineError(
                f"{component.name}.yml, {state}: expected its case {source.get('name', case.name)!r} to pass.\n"
                f"{done.stdout}{done.stderr}"
            )

    def _run(self, component: Component, case: Case, rules: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run one case with `rules` as the component's file, or with the file as it is."""
        bench = self.benches.get()
        path = bench / f"{component.name}.yml"
        original = path.read_text(encoding="utf-8")
        test = bench / "tests" / f"{case.name}.yml"
        try:
            path.write_text(rules or original, encoding="utf-8")
            test.write_text(case.text, encoding="utf-8")
            return subprocess.run(
                [self.promtool, "test", "rules", str(test)],
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
                env={**os.environ, "GOMAXPROCS": "1"},
            )
        finally:
            path.write_text(original, encoding="utf-8")
            self.benches.put(bench)


def title(rule: Rule) -> str:
    if "record" in rule:
        return str(rule["record"])
    return f"{rule['alert']} {rule.get('labels', {}).get('severity', '')}".strip()


def names(rules: Path = RULES) -> list[str]:
    return sorted(path.stem for path in rules.glob("*.yml"))


def judge_all(promtool: str, wanted: Iterable[str] = (), rules: Path = RULES) -> tuple[Verdict, ...]:
    """Judge every mutant of the named rules files, or of all."""
    components = [
        Component(name, load(rules / f"{name}.yml"), load(rules / "tests" / f"{name}_test.yml"))
        for name in wanted or names(rules)
    ]
    with tempfile.TemporaryDirectory() as folder:
        laboratory = Laboratory(Path(folder), rules, promtool)
        with ThreadPoolExecutor(laboratory.cores) as pool:
            list(pool.map(laboratory.prepare, components))
            work = [
                (component, called, mutant)
                for component in components
                for called in component.places
                for mutant in mutants(component.rule(called))
            ]
            return tuple(pool.map(lambda each: laboratory.judge(*each), work))


class Loader(yaml.SafeLoader):
    """Reads as promtool does: `0x30` is a series of zeros, not the number 48."""


INTEGER = "tag:yaml.org,2002:int"
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != INTEGER]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(INTEGER, re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader))  # noqa: S506 - a SafeLoader
