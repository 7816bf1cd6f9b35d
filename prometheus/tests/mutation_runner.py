"""Runs the cases of a rules file against each mutant of its rules with promtool: does a case notice the fault?"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import promql_parser

from prometheus import promql
from prometheus.rule_files import FOLDER, Rule, load, paths, title
from prometheus.tests.mutators import Mutant, mutants

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
class RulesFile:
    """One rules file with the cases of its test file, each made a file of its own."""

    name: str
    document: dict[str, Any]
    tests: dict[str, Any]
    neighbours: list[Rule] = field(default_factory=list)  # rules of other files that the cases load
    seconds: dict[str, float] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)

    @classmethod
    def read(cls, name: str, folder: Path = FOLDER) -> RulesFile:
        """From the rules in `folder`/rules and the cases in `folder`/tests/rules."""
        cases = folder / "tests" / "rules"
        tests = load(cases / f"{name}_test.yml")
        others = [load(cases / path) for path in tests["rule_files"] if Path(path).stem != name]
        neighbours = [rule for other in others for group in other["groups"] for rule in group["rules"]]
        return cls(name, load(paths(folder / "rules")[name]), tests, neighbours)

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
    def mutants(self) -> list[tuple[str, Mutant]]:
        """Every mutant of the file with what its rule is called."""
        return [(called, mutant) for called, rule in self.rules.items() for mutant in mutants(rule)]

    @cached_property
    def cases(self) -> dict[str, dict[str, Any]]:
        return {f"{self.name}-{place}": case for place, case in enumerate(self.tests["tests"])}

    def text(self, kept: Iterable[str], replaced: dict[str, Rule]) -> str:
        """A file of some of the rules in their order, with others in the places of some. JSON is YAML too."""
        kept = set(kept)
        rules = [replaced.get(called, rule) for called, rule in self.rules.items() if called in kept]
        return json.dumps({"groups": [{"name": self.name, "rules": rules}]}, ensure_ascii=False)

    def printed(self, kept: Iterable[str]) -> str:
        """Such a file as the mutators write it, without a mutant."""
        again = {
            called: {**rule, "expr": promql.render(promql_parser.parse(str(rule["expr"])))}
            for called, rule in self.rules.items()
        }
        return self.text(kept, again)

    def case_text(self, case: dict[str, Any]) -> str:
        return json.dumps({**self.tests, "tests": [case]}, ensure_ascii=False)

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
class Result:
    """`survivors`: the mutants that no case notices, each as (rule, change)."""

    rules: int
    mutants: int
    survivors: list[tuple[str, str]]


class Runner:
    """Copies of the rules in a folder, one for each core, and a promtool process for each."""

    def __init__(self, folder: Path, source: Path, promtool: str, cores: int) -> None:
        self.promtool = promtool
        self.copies: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for number in range(cores):
            copy = folder / str(number)
            shutil.copytree(source / "rules", copy / "rules")
            (copy / "tests" / "rules").mkdir(parents=True)
            self.copies.put(copy)

    def judge(self, file: RulesFile, pool: Executor) -> Result:
        """Each case must pass with the rules as they are, each cut of it with the rules as we print them."""
        whole = [Case(name, file.case_text(case), 0) for name, case in file.cases.items()]
        file.seconds = dict(pool.map(lambda case: (case.name, self._expect_green(file, case, "")), whole))
        cuts = {called: file.cut(called) for called in file.rules}
        printed = {(case, file.printed(cut.kept)) for cut in cuts.values() for case in cut.cases}
        list(pool.map(lambda each: self._expect_green(file, *each), printed))
        noticed = pool.map(lambda each: self.notices(file, cuts[each[0]], each[1]), file.mutants)
        lost = [
            (called, mutant.change) for (called, mutant), seen in zip(file.mutants, noticed, strict=True) if not seen
        ]
        return Result(len(file.rules), len(file.mutants), lost)

    def notices(self, file: RulesFile, cut: Cut, mutant: Mutant) -> bool:
        """Whether a case fails, or doesn't end, with the mutant in place of its rule."""
        text = file.text(cut.kept, {cut.called: mutant.rule})
        for case in file.ordered_cases(cut):
            try:
                noticed = self._run(file, case, text, PATIENCE * max(1.0, case.seconds)).returncode != 0
            except subprocess.TimeoutExpired:
                noticed = True
            if noticed:
                file.kills[case.name] += 1
                return True
        return False

    def _expect_green(self, file: RulesFile, case: Case, rules: str) -> float:
        """The seconds that it took."""
        started = time.monotonic()
        done = self._run(file, case, rules, 120)
        if done.returncode != 0:
            state = f"cut and printed by {promql.__name__}" if rules else "unmutated"
            called = file.cases[case.name].get("name", case.name)
            raise RedBaselineError(
                f"{file.name}.yml, {state}: expected its case {called!r} to pass.\n{done.stdout}{done.stderr}"
            )
        return time.monotonic() - started

    def _run(self, file: RulesFile, case: Case, rules: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run one case with `rules` as the file, or with the file as it is."""
        copy = self.copies.get()
        path = paths(copy / "rules")[file.name]
        original = path.read_text(encoding="utf-8")
        test = copy / "tests" / "rules" / f"{case.name}.yml"
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
            self.copies.put(copy)


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


def judge(promtool: str, files: Iterable[str], folder: Path = FOLDER) -> Iterator[tuple[str, Result]]:
    """Run the cases of each named rules file against every mutant of it; yields the result of each file."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as copies, ThreadPoolExecutor(cores) as pool:
        runner = Runner(Path(copies), folder, promtool, cores)
        for name in files:
            yield name, runner.judge(RulesFile.read(name, folder), pool)
