"""A real worker: counts, ids from the request to the child task, and sudden deaths."""

from pathlib import Path

import pytest
import requests
from harness import processes, tasks
from harness.processes import HttpProcess
from harness.samples import total
from harness.tracker import Tracker
from harness.wait import eventually

from config.celery import app
from django_o11y.probe import main


def counted(worker: HttpProcess, task: str, state: str) -> float:
    return total(worker.metrics(), "celery_tasks_total", task=f"harness.tasks.{task}", state=state)


def raised(worker: HttpProcess, task: str, exception: str) -> float:
    labels = {"task": f"harness.tasks.{task}", "exception": exception}
    return total(worker.metrics(), "celery_task_exceptions_total", **labels)


def wait_for_count(worker: HttpProcess, task: str, state: str, number: float) -> None:
    eventually(lambda: counted(worker, task, state) == number, f"{number} times {task} {state}")


def test_tasks_are_counted_timed_and_say_one_line(queue: None, worker: HttpProcess) -> None:
    before = counted(worker, "say", "succeeded")
    for number in range(20):
        tasks.say.delay(str(number))
    wait_for_count(worker, "say", "succeeded", before + 20)
    exposition = worker.metrics()
    assert total(exposition, "celery_task_duration_seconds_count", task="harness.tasks.say") == before + 20
    assert total(exposition, "celery_queue_wait_seconds_count", queue="celery") >= 20
    said = [line for line in worker.lines if line["logger"] == "harness.tasks"]
    assert len(said) >= 20
    assert all(line["task_id"] and line["trace_id"] and line["request_id"] is None for line in said)


def test_a_child_task_has_the_ids_of_its_parent(queue: None, worker: HttpProcess) -> None:
    parent = tasks.call_child.delay()
    line = worker.line(logger="harness.tasks", message="saying child")
    finished = worker.line(logger="task", task_id=parent.id)
    assert line["trace_id"] == finished["trace_id"]
    assert line["task_id"] != parent.id


def test_a_failing_task_is_counted_once_and_reported_without_its_arguments(
    queue: None, worker: HttpProcess, tracker: Tracker
) -> None:
    before = counted(worker, "fail", "failed")
    task = tasks.fail.delay("tok_hunter2")
    event = tracker.event(task_id=task.id)
    wait_for_count(worker, "fail", "failed", before + 1)
    line = worker.line(task_id=task.id, level="ERROR")
    assert event["contexts"]["trace"]["trace_id"] == line["trace_id"]
    for place in (str(event), worker.log.read_text()):
        assert "4111 1111" not in place
        assert "hunter2" not in place
    assert total(worker.metrics(), "sentry_events_total", level="error") >= 1
    assert raised(worker, "fail", "ValueError") == before + 1


def test_a_retried_task_is_counted_as_such(queue: None, worker: HttpProcess) -> None:
    retried, failed = counted(worker, "try_twice", "retried"), counted(worker, "try_twice", "failed")
    tasks.try_twice.delay()
    wait_for_count(worker, "try_twice", "failed", failed + 1)
    assert counted(worker, "try_twice", "retried") == retried + 1
    assert raised(worker, "try_twice", "KeyError") == 2  # of the run that was tried again, and of the last one


@pytest.mark.parametrize(("task", "exception"), [(tasks.die, "WorkerLostError"), (tasks.hang, "TimeLimitExceeded")])
def test_a_task_that_takes_its_process_along_is_counted_once(
    queue: None, worker: HttpProcess, task: object, exception: str
) -> None:
    name = task.name.rpartition(".")[2]
    said = counted(worker, "say", "succeeded")
    task.delay()
    wait_for_count(worker, name, "failed", 1)
    # More work: the replacement goes on in the slot of the dead process.
    for number in range(10):
        tasks.say.delay(str(number))
    wait_for_count(worker, "say", "succeeded", said + 10)
    assert counted(worker, name, "failed") == raised(worker, name, exception) == 1
    counters = {file.name for file in worker.metrics_files.rglob("counter_*.db")}
    assert counters <= {f"counter_{slot}.db" for slot in range(3)}  # the parent's and those of two pool processes


def test_tasks_that_a_worker_holds_are_measured(queue: None, worker: HttpProcess) -> None:
    def held() -> float:
        return total(worker.metrics(), "celery_queue_unacknowledged", queue="celery")

    eventually(lambda: held() == 0, "no task held")
    task = tasks.say.apply_async(("later",), countdown=60)
    eventually(lambda: held() == 1, "the task for later to be held")
    app.control.revoke(task.id)


def test_a_worker_answers_probes_and_guards_its_metrics(db: None, worker: HttpProcess) -> None:
    assert main([f"{worker.url}/livez"]) == 0
    assert main([f"{worker.url}/readyz"]) == 0
    assert requests.get(f"{worker.url}/metrics", timeout=5).status_code == 401
    assert requests.get(f"{worker.url}/else", timeout=5).status_code == 404
    assert total(worker.metrics(), "build_info", version="test") == 1
    assert "celery_beat_last_tick" not in worker.metrics()


def test_a_taken_port_is_said_in_a_sentence_and_costs_no_counts(
    queue: None, worker: HttpProcess, tmp_path: Path
) -> None:
    before = worker.metrics()
    port = worker.url.rpartition(":")[2]
    command = ["celery", "-A", "config", "worker", "--concurrency", "1"]
    shared = {"METRICS_PORT": port, "PROMETHEUS_MULTIPROC_DIR": str(worker.metrics_files)}
    second = processes.Process(command, tmp_path, SERVICE="erp-worker", **shared)
    assert second.popen.wait(timeout=30) != 0
    assert f"Port {port} for /metrics and /livez can't be opened" in second.log.read_text()
    for name in ("celery_tasks_total", "celery_task_duration_seconds_count", "build_info"):
        assert total(worker.metrics(), name) == total(before, name) > 0
