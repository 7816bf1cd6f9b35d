"""Django's own tasks: counted and timed, with the ids of their request. Django has them since 6.0."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
import pytest
import requests
from harness.foreign import Project
from harness.processes import free_port, serve
from harness.samples import here, total
from harness.wait import eventually

from django_instrumentation import context, django_tasks
from django_instrumentation.django_tasks import FRAMEWORKS, connect

HAS_TASKS = django.VERSION >= (6, 0)


def say(text: str) -> None:
    import logging

    if text == "fail":
        raise ValueError(text)
    logging.getLogger("harness.tasks").info("saying %s", text)


def happened(state: str) -> float:
    return here("django_tasks_total", task=f"{__name__}.say", state=state)


def timed() -> float:
    return here("django_task_duration_seconds_count", task=f"{__name__}.say")


def enqueue(text: str) -> Any:
    return import_module("django.tasks").task(say).enqueue(text)


def test_the_signals_of_each_framework_that_is_there_are_connected_once() -> None:
    assert (find_spec("django.tasks") is not None) is HAS_TASKS
    connect()
    for framework in FRAMEWORKS:
        if find_spec(framework) is None:
            assert f"{framework}.signals" not in sys.modules
            continue
        signals = import_module(f"{framework}.signals")
        for signal in (signals.task_enqueued, signals.task_started, signals.task_finished):
            ours = [key for key, *_ in signal.receivers if str(key[0]).startswith("django_instrumentation.")]
            assert len(ours) == 1


@pytest.mark.parametrize(("text", "state"), [("hello", "succeeded"), ("fail", "failed")])
def test_a_task_that_runs_at_once_is_counted_in_the_context_of_its_request(
    lines: list[dict[str, Any]], text: str, state: str
) -> None:
    before = happened("sent"), happened(state), timed()
    with context.use(context.from_http("order-4711")) as request:
        result = run_or_refuse(lambda: enqueue(text))
        assert context.current() is request
    new = 1 if HAS_TASKS else 0
    assert (happened("sent"), happened(state), timed()) == tuple(each + new for each in before)
    ended = [line for line in lines if line["logger"] == "task"]
    assert len(ended) == new
    for line in ended:
        assert (line["task_id"], line["request_id"]) == (result.id, "order-4711")
        assert line["trace_id"] == request.trace_id
        assert line["extra"]["state"] == state
    assert django_tasks._running == {}


class DatabaseBackend:
    """Its tasks run later, in another process."""


def result(status: str, waited: float) -> Any:
    now = datetime.now(UTC)
    return SimpleNamespace(
        id="4711",
        status=status,
        enqueued_at=now - timedelta(seconds=waited),
        last_attempted_at=now,
        task=SimpleNamespace(
            module_path="shop.tasks.ship", queue_name="slow", run_after=None, get_backend=DatabaseBackend
        ),
    )


def test_a_task_of_a_database_is_joined_to_its_request_by_its_id(lines: list[dict[str, Any]]) -> None:
    waited = here("django_task_wait_seconds_sum", queue="slow")
    with context.use(context.from_http("order-4711")):
        django_tasks._count_sent(result("READY", 0))
    assert context.current() is None
    django_tasks._begin(result("RUNNING", 90))
    django_tasks._end(result("SUCCESSFUL", 90))
    sent, ended = (line for line in lines if line["logger"] == "task")
    assert (sent["request_id"], sent["extra"]["id"]) == ("order-4711", "4711")
    assert (ended["request_id"], ended["task_id"], ended["extra"]["state"]) == (None, "4711", "succeeded")
    assert here("django_task_wait_seconds_sum", queue="slow") == pytest.approx(waited + 90, abs=1)
    django_tasks._end(result("FAILED", 0))  # one that was never begun: its code is gone
    assert here("django_tasks_total", task="shop.tasks.ship", state="failed") == 1


def test_the_worker_of_a_database_serves_its_metrics(settings: object, lines: list[dict[str, Any]]) -> None:
    port = free_port()
    settings.INSTRUMENTATION = replace(settings.INSTRUMENTATION, server_port=port)
    django_tasks.serve_worker(["manage.py", "migrate"])
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/livez", timeout=5)
    django_tasks.serve_worker(["manage.py", "db_worker"])
    assert requests.get(f"http://127.0.0.1:{port}/livez", timeout=5).json() == {"status": "ok"}
    token = {"Authorization": f"Bearer {settings.INSTRUMENTATION.metrics_token}"}
    assert "build_info" in requests.get(f"http://127.0.0.1:{port}/metrics", headers=token, timeout=5).text
    django_tasks.serve_worker(["manage.py", "db_worker"])
    assert f"Port {port} for /metrics and /livez can't be opened" in lines[-1]["message"]


def test_what_only_reloads_a_worker_leaves_the_port_to_it(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[int] = []
    monkeypatch.setattr("django_instrumentation.server.Server.__init__", lambda _, port, **__: served.append(port))
    monkeypatch.setattr("django_instrumentation.server.Server.start", lambda _: None)
    command = ["manage.py", "db_worker"]
    for debug, option, is_child, expected in (
        (True, [], False, 0),
        (True, [], True, 1),
        (True, ["--no-reload"], False, 1),
        (False, [], False, 1),
        (False, ["--reload"], False, 0),
        (False, ["--reload"], True, 1),
    ):
        settings.DEBUG = debug
        monkeypatch.setenv("RUN_MAIN", "true" if is_child else "")
        served.clear()
        django_tasks.serve_worker([*command, *option])
        assert len(served) == expected, (debug, option, is_child)


def run_or_refuse(function: Callable[[], Any]) -> Any:
    """What it returns; before Django 6.0 there is no such module."""
    if HAS_TASKS:
        return function()
    with pytest.raises(ModuleNotFoundError):
        function()
    return None


DATABASE = f"""
INSTALLED_APPS += {["django_tasks_db"] if HAS_TASKS else ["django_tasks", "django_tasks_db"]}
TASKS = {{"default": {{"BACKEND": "django_tasks_db.DatabaseBackend"}}}}
ROOT_URLCONF = "shop.order"
ALLOWED_HOSTS = ["*"]
"""
ORDER = f"""
from django.http import HttpResponse
from django.urls import path
from {"django.tasks" if HAS_TASKS else "django_tasks"} import task

@task
def ship(text):
    import logging
    logging.getLogger("shop").info("shipping %s", text)
    if text == "nothing":
        raise ValueError(text)

def order(request, text):
    return HttpResponse(ship.enqueue(text).id)

urlpatterns = [path("<text>", order)]
"""
SEND = """
import django; django.setup()
from django.test import Client
for text in ("shoes", "nothing"):
    print("id", Client(headers={"X-Request-ID": f"order-{text}"}).get(f"/{text}").content.decode())
"""


def test_the_real_worker_of_a_database_counts_times_and_logs_each_task_by_its_id(tmp_path: Path) -> None:
    """Its own command, database and signals; a task's lines have its id, which the request's line `sent` has too."""
    project, given = Project(tmp_path), {"DJANGO_SETTINGS_MODULE": "shop.settings"}
    project.write(before=DATABASE)
    (tmp_path / "shop" / "order.py").write_text(ORDER)
    assert project.manage("migrate", "--verbosity", "0").returncode == 0
    asked = project.run("-c", SEND, **given)
    ids = [line.split()[1] for line in asked.stdout.splitlines() if line.startswith("id ")]
    sent = [json.loads(line) for line in asked.stdout.splitlines() if '"logger": "task"' in line]
    assert [(line["request_id"], line["extra"]["id"]) for line in sent] == [
        ("order-shoes", ids[0]),
        ("order-nothing", ids[1]),
    ]
    port = free_port()
    worker = ("python", str(tmp_path / "manage.py"), "db_worker", "--no-startup-delay", "--interval", "0.1")
    with serve(tmp_path, *worker, port=port, METRICS_PORT=str(port), **given) as process:
        eventually(lambda: total(process.metrics(), "django_tasks_total", state="failed") == 1, "both tasks")
        metrics = process.metrics()
        ended = {line["task_id"]: line for line in process.lines if line["logger"] == "task"}
        within = [line for line in process.lines if line["logger"] == "shop"]
    assert total(metrics, "django_tasks_total", task="shop.order.ship", state="succeeded") == 1
    assert total(metrics, "django_task_duration_seconds_count", task="shop.order.ship") == 2
    assert total(metrics, "django_task_wait_seconds_count", queue="default") == 2
    assert [ended[each]["extra"]["state"] for each in ids] == ["succeeded", "failed"]
    assert [line["task_id"] for line in within] == ids
    assert {line["request_id"] for line in [*ended.values(), *within]} == {None}  # the database keeps none
