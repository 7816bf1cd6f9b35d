"""A scrape stays small however many views a project has and however many processes serve it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import RequestFactory
from django.urls import ResolverMatch
from harness.many_views import VIEWS
from harness.processes import with_support
from prometheus_client import REGISTRY

from django_instrumentation import http_metrics, view_label
from django_instrumentation.exchange import METHODS

PROCESSES = 3
MAX_SAMPLES = 5_000
MAX_SECONDS = 0.3
"""Of processor time, for a scrape."""
SUPPORT = Path(__file__).parent.parent / "support"


def test_660_views_of_three_processes_make_5000_samples_at_most(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": with_support(str(SUPPORT))}
    command = [sys.executable, "-m", "harness.many_views", str(tmp_path)]
    begun = [
        subprocess.Popen(
            command, env={**environment, "FIRST_VIEW": str(number * 200)}, cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    # The first round waits until each has asked for everything; of the others a busy machine may spoil some.
    rounds = [[ask(process) for process in begun] for _ in range(5)]
    for process in begun:
        process.communicate(timeout=30)
    print("samples, views, responses, seconds:", rounds)  # noqa: T201 - shown by pytest -rP
    for samples, views, counted, _ in rounds[-1]:
        assert samples <= MAX_SAMPLES
        assert views == 150 + 1  # and `other`
        assert counted == 2 * VIEWS * PROCESSES
    for number in range(PROCESSES):
        assert min(answers[number][-1] for answers in rounds[1:]) < MAX_SECONDS


def ask(process: subprocess.Popen[str]) -> list[float]:
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    # A log line says that views are left out.
    answer = next(line for line in process.stdout if not line.startswith("{"))
    return [float(word) for word in answer.split()]


@pytest.mark.parametrize("in_a_group", [True, False])
def test_methods_that_a_client_makes_up_add_no_more_series_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_a_group: bool
) -> None:
    monkeypatch.setattr(view_label.multiprocess, "folder", lambda: tmp_path if in_a_group else None)
    monkeypatch.setattr(view_label, "_labels", {})
    monkeypatch.setattr(view_label, "_pairs", {})
    methods = [*sorted(METHODS), "<invalid method>"]
    asked = [(view_label.of(f"view-{number}"), method) for method in methods for number in range(160)]
    labels = {(view_label.of_pair(label, method), method) for label, method in asked}
    assert len([label for label, _ in labels if label != "other"]) == 300
    assert {method for label, method in labels if label == "other"} == set(methods)
    assert view_label.of_pair(*asked[0]) == "view-0"


@pytest.mark.parametrize("in_a_group", [True, False])
def test_what_anybody_may_ask_for_leaves_room_for_what_views_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_a_group: bool
) -> None:
    monkeypatch.setattr(view_label.multiprocess, "folder", lambda: tmp_path if in_a_group else None)
    for known in ("_labels", "_pairs"):
        monkeypatch.setattr(view_label, known, {})
    monkeypatch.setattr(view_label, "_without_room", set())
    request = RequestFactory().get("/")

    def observe(view: str, method: str, status: int) -> float:
        """How much the view's own count rises."""
        counter = http_metrics.RESPONSES_BY_VIEW.labels(str(status), view, method)._value
        before = counter.get()
        request.resolver_match = ResolverMatch(observe, (), {}, view)
        http_metrics.observe(request, method=method, status=status, seconds=0.1, size=0)
        return float(counter.get() - before)

    cheap = [("POST", 403), ("PUT", 405), ("DELETE", 401), ("HEAD", 200), ("OPTIONS", 200), ("TRACE", 302)]
    for method, status in cheap:
        for number in range(140):
            observe(f"refused-{number}", method, status)
    assert [observe("refused-0", "POST", 403), observe("refused-139", "TRACE", 302)] == [1, 0]
    for number in range(10):
        assert [observe(f"real-{number}", method, 200) for method in ("GET", "POST", "PUT")] == [1, 1, 1]
    assert [observe("refused-139", "DELETE", 401), observe("refused-139", "DELETE", 204)] == [0, 1]
    assert observe("refused-139", "DELETE", 401) == 1


def test_a_view_and_method_cost_as_many_samples_as_the_readme_says() -> None:
    request = RequestFactory().get("/")
    request.resolver_match = ResolverMatch(str, (), {}, "of-its-own")
    http_metrics.observe(request, method="GET", status=200, seconds=0.1, size=0)
    samples = [sample for metric in REGISTRY.collect() for sample in metric.samples]
    names = [sample.name for sample in samples if sample.labels.get("view") == "of-its-own"]
    assert len([name for name in names if not name.endswith("_created")]) == 14


@pytest.mark.parametrize("is_folder", [False, True], ids=["no folder", "no file"])
def test_a_process_that_has_no_common_list_keeps_one_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_folder: bool
) -> None:
    if is_folder:
        (tmp_path / view_label.FILE).mkdir()
    monkeypatch.setattr(view_label.multiprocess, "folder", lambda: tmp_path if is_folder else None)
    monkeypatch.setattr(view_label, "_labels", {})
    found = [view_label.of(f"view-{number}") for number in range(152)]
    assert found == [*(f"view-{number}" for number in range(150)), "other", "other"]
    assert view_label.of("view-7") == "view-7"


def test_the_order_of_the_list_decides_when_two_add_to_it_at_once(tmp_path: Path) -> None:
    file = tmp_path / view_label.FILE
    assert [view_label._enter(file, view, 2, 2) for view in ("a", "b", "c", "a")] == [True, True, False, True]
    file.write_text('"a"\n"a"\n"late"\n"too-late"\n')
    assert [view_label._enter(file, view, 2, 2) for view in ("late", "too-late")] == [True, False]
