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
from functools import cache, cached_property
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


@dataclass(frozen=True)
class Cut:
    """What of a file and of its cases one rule can change: quicker to run, and the verdict is the same."""

    called: str
    kept: frozenset[str]
    cases: list[Case]


@dataclass
class Component:
    """One rules file with the cases of its test file, each made a file of its own."""

    name: str
    document: dict[str, Any]
    tests: dict[str, Any]
    neighbours: list[Rule] = field(default_factory=list)  # rules of other files that the cases load
    seconds: dict[str, float] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Each rule by what it is called in tables and in survivors.yml."""
        found: dict[str, Rule] = {}
        seen: Counter[str] = Counter()
        for group in self.document["groups"]:
            for rule in group["rules"]:
                called = title(rule)
                seen[called] += 1
                found[called if seen[called] == 1 else f"{called} #{seen[called]}"] = rule
        return found

    @cached_property
    def cases(self) -> dict[str, dict[str, Any]]:
        return {f"{self.name}-{place}": case for place, case in enumerate(self.tests["tests"])}

    def text(self, kept: Iterable[str], replaced: dict[str, Rule]) -> str:
        """A file of some of the rules in their order, with others in the places of some."""
        kept = set(kept)
        rules = [replaced.get(called, rule) for called, rule in self.rules.items() if called in kept]
        return yaml.safe_dump({"groups": [{"name": self.name, "rules": rules}]}, sort_keys=False)

    def printed(self, kept: Iterable[str]) -> str:
        """Such a file as the mutators write it, without a mutant."""
        again = {
            called: {**rule, "expr": promql.render(promql_parser.parse(str(rule["expr"])))}
            for called, rule in self.rules.items()
        }
        return self.text(kept, again)

    def case_text(self, case: dict[str, Any]) -> str:
        return yaml.safe_dump({**self.tests, "tests": [case]}, sort_keys=False, width=1000)

    def cut(self, called: str) -> Cut:
        reached = {produced(self.rules[called])}
        loaded = [*self.rules.values(), *self.neighbours]
        while more := {produced(rule) for rule in loaded if reads(rule["expr"]) & reached} - reached:
            reached |= more
        cases = {name: _about(case, reached) for name, case in self.cases.items()}
        asked = {name for case in cases.values() for each in case["promql_expr_test"] for name in reads(each["expr"])}
        needed = reached | asked
        while more := {name for rule in loaded if produced(rule) in needed for name in reads(rule["expr"])} - needed:
            needed |= more
        kept = frozenset(called for called, rule in self.rules.items() if produced(rule) in needed)
        return Cut(
            called,
            kept,
            [
                Case(name, self.case_text(case), self.seconds.get(name, 0))
                for name, case in cases.items()
                if case["alert_rule_test"] or case["promql_expr_test"]
            ],
        )

    def ordered_cases(self, cut: Cut) -> list[Case]:
        """The quick ones that have found much come first."""
        return sorted(cut.cases, key=lambda case: case.seconds / (1 + self.kills[case.name]))


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

    def prepare(self, component: Component) -> list[Cut]:
        """Each case must pass with the rules as they are, each cut of it with the rules as we print them."""
        for name, case in component.cases.items():
            started = time.monotonic()
            self._expect_green(component, Case(name, component.case_text(case), 0), "")
            component.seconds[name] = time.monotonic() - started
        cuts = [component.cut(called) for called in component.rules]
        for cut in cuts:
            for each in cut.cases:
                self._expect_green(component, each, component.printed(cut.kept))
        return cuts

    def judge(self, component: Component, cut: Cut, mutant: Mutant) -> Verdict:
        text = component.text(cut.kept, {cut.called: mutant.rule})
        for case in component.ordered_cases(cut):
            if self._notices(component, case, text):
                component.kills[case.name] += 1
                return Verdict(component.name, cut.called, mutant, killed=True)
        return Verdict(component.name, cut.called, mutant, killed=False)

    def _notices(self, component: Component, case: Case, rules: str) -> bool:
        try:
            return self._run(component, case, rules, PATIENCE * max(1.0, case.seconds)).returncode != 0
        except subprocess.TimeoutExpired:
            return True

    def _expect_green(self, component: Component, case: Case, rules: str) -> None:
        done = self._run(component, case, rules, 120)
        if done.returncode != 0:
            state = f"cut and printed by {promql.__name__}" if rules else "unmutated"
            called = component.cases[case.name].get("name", case.name)
            raise RedBaselineError(
                f"{component.name}.yml, {state}: expected its case {called!r} to pass.\n{done.stdout}{done.stderr}"
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


def _about(case: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """A case with those of its assertions that are about some alerts and recorded series."""
    return {
        **case,
        "alert_rule_test": [each for each in case.get("alert_rule_test") or [] if each["alertname"] in names],
        "promql_expr_test": [each for each in case.get("promql_expr_test") or [] if reads(each["expr"]) & names],
    }


@cache
def reads(expression: str) -> frozenset[str]:
    """The names of the series that an expression reads, alerts by their own."""
    found: set[str] = set()
    for node in promql.walk(promql_parser.parse(expression)):
        if isinstance(node, promql_parser.VectorSelector):
            matchers = {each.name: each.value for each in node.matchers.matchers if str(each.op) == "MatchOp.Equal"}
            name = node.name or matchers.get("__name__", "")
            found.add(matchers.get("alertname", name) if name in ("ALERTS", "ALERTS_FOR_STATE") else name)
    return frozenset(found)


def produced(rule: Rule) -> str:
    return str(rule.get("record") or rule["alert"])


def title(rule: Rule) -> str:
    if "record" in rule:
        return str(rule["record"])
    return f"{rule['alert']} {rule.get('labels', {}).get('severity', '')}".strip()


def names(rules: Path = RULES) -> list[str]:
    return sorted(path.stem for path in rules.glob("*.yml"))


def judge_all(promtool: str, wanted: Iterable[str] = (), rules: Path = RULES) -> tuple[Verdict, ...]:
    """Judge every mutant of the named rules files, or of all."""
    components = [_component(name, rules) for name in wanted or names(rules)]
    with tempfile.TemporaryDirectory() as folder:
        laboratory = Laboratory(Path(folder), rules, promtool)
        with ThreadPoolExecutor(laboratory.cores) as pool:
            cuts = list(pool.map(laboratory.prepare, components))
            work = [
                (component, cut, mutant)
                for component, its_cuts in zip(components, cuts, strict=True)
                for cut in its_cuts
                for mutant in mutants(component.rules[cut.called])
            ]
            return tuple(pool.map(lambda each: laboratory.judge(*each), work))


def _component(name: str, rules: Path) -> Component:
    tests = load(rules / "tests" / f"{name}_test.yml")
    others = [load(rules / "tests" / path) for path in tests["rule_files"] if Path(path).stem != name]
    neighbours = [rule for other in others for group in other["groups"] for rule in group["rules"]]
    return Component(name, load(rules / f"{name}.yml"), tests, neighbours)


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
