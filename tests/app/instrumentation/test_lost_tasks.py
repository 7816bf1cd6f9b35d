"""Each run of a task is counted once, by its right outcome, also when it takes its process along or breaks off.

On Celery's broker of plain files, which every pool can use without a server.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from harness import project, tasks
from harness.processes import HttpProcess
from harness.samples import here
from harness.tracker import Tracker
from harness.wait import eventually
from prometheus_client.parser import text_string_to_metric_families

from django_instrumentation import context
from tests.support.wait import stays

TASKS = "harness.tasks."


def samples(worker: HttpProcess, name: str) -> list[Any]:
    families = text_string_to_metric_families(worker.metrics())
    return [sample for family in families for sample in family.samples if sample.name == name]


def outcomes(worker: HttpProcess) -> dict[str, dict[str, float]]:
    """All that was counted of each of the harness' tasks, by outcome, without zeros and what was sent."""
    return _counted(worker, "celery_tasks_total", "state")


def exceptions(worker: HttpProcess) -> dict[str, dict[str, float]]:
    return _counted(worker, "celery_task_exceptions_total", "exception")


def _counted(worker: HttpProcess, metric: str, label: str) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for sample in samples(worker, metric):
        kind, task = sample.labels[label], sample.labels["task"]
        if sample.value and kind != "sent" and task.startswith(TASKS):
            found.setdefault(task.removeprefix(TASKS), {})[kind] = sample.value
    return found


def wait_for(worker: HttpProcess, expected: dict[str, dict[str, float]]) -> None:
    """Until this is all that was counted, and stays so, since what is counted twice comes a moment later."""
    number = sum(sum(counts.values()) for counts in expected.values())
    eventually(lambda: sum(sum(each.values()) for each in outcomes(worker).values()) >= number, f"{expected}", 40)
    assert outcomes(worker) == expected
    stays(lambda: outcomes(worker), f"{expected}", 2, until=lambda found: found == expected)


@contextmanager
def running(folder: Path, *options: str, more: str = "", **env: str) -> Iterator[tuple[HttpProcess, Celery]]:
    broker = folder / "broker"
    broker.mkdir()
    transport = {name: str(broker) for name in ("data_folder_in", "data_folder_out")}
    transport["control_folder"] = str(broker / "control")
    more += f"CELERY_BROKER_URL = 'filesystem://'\nCELERY_BROKER_TRANSPORT_OPTIONS = {transport!r}\n"
    sender = Celery("sender", broker="filesystem://", set_as_current=False)
    sender.conf.broker_transport_options = transport
    with project.worker(folder, *options, more=more, **env) as worker:
        yield worker, sender
        # Not asked to end: with one of its processes killed, a pool of Celery 5.6 at times waits for ever at its end.
        for pid in (worker.popen.pid, *worker.children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(("task", "error"), [("hang", "TimeLimitExceeded"), ("die", "WorkerLostError")])
def test_a_task_that_loses_its_process_is_one_count_and_one_event_with_its_ids(
    tmp_path: Path, tracker: Tracker, task: str, error: str
) -> None:
    opened = context.from_http("order-4711")
    with running(tmp_path, SENTRY_DSN=tracker.dsn) as (worker, sender), context.use(opened):
        sent = sender.send_task(TASKS + task)
        wait_for(worker, {task: {"failed": 1}})
        assert exceptions(worker) == {task: {error: 1}}
        told = [line for line in worker.lines if line["logger"] in ("celery.worker.request", "multiprocessing")]
        serious = [line for line in worker.lines if line["level"] == "ERROR" or line in told]
        assert {(line["request_id"], line["task_id"]) for line in serious} == {("order-4711", sent.id)}
        assert {line["trace_id"] for line in serious} == {opened.trace_id}
        assert [line["level"] for line in serious].count("ERROR") == 1
        (exit_line,) = (line for line in told if line["logger"] == "multiprocessing")
        assert "exited with 'signal" in exit_line["message"]
        event = tracker.event(task_id=sent.id, request_id="order-4711")
        assert [each["event_id"] for each in tracker.events] == [event["event_id"]]
        assert event["exception"]["values"][-1]["type"] == error


def test_a_process_that_dies_without_a_task_is_an_error_itself(tmp_path: Path, tracker: Tracker) -> None:
    with running(tmp_path, SENTRY_DSN=tracker.dsn) as (worker, _):
        # Before that a process that dies is one that never came up, which the pool has other words for.
        eventually(lambda: [line for line in worker.lines if line["message"].endswith(" ready.")], "a ready pool")
        os.kill(worker.children[0], signal.SIGKILL)
        line = worker.line(logger="multiprocessing")
        assert (line["level"], line["task_id"]) == ("ERROR", None)
        eventually(lambda: len(tracker.events) == 1, "its event")


PREFORK = {
    "wait_for_signal": {"revoked": 1},
    "say": {"succeeded": 1},
    "fail": {"failed": 1},
    "dawdle": {"failed": 1},
    "try_twice": {"retried": 1, "failed": 1},
    "ignore": {"ignored": 1},
    "reject": {"rejected": 1},
    "give_back_once": {"rejected": 1, "succeeded": 1},
    "die_once": {"rejected": 1, "succeeded": 1},
    "hang": {"failed": 1},
    "leave": {"failed": 1},
    "leave_late": {"failed": 1},
    "raise_odd": {"failed": 1},
}


def send(sender: Celery, folder: Path, task: str) -> str:
    arguments = {
        "say": ("x",),
        "fail": ("x",),
        "give_back_once": (str(folder / "b"),),
        "die_once": (str(folder / "d"),),
    }
    return str(sender.send_task(TASKS + task, arguments.get(task, ())).id)


def test_each_run_in_a_process_of_its_own_is_counted_once(tmp_path: Path) -> None:
    with running(tmp_path) as (worker, sender):
        ids = {task: send(sender, tmp_path, task) for task in PREFORK}
        worker.line(message="waiting")
        sender.control.revoke(ids["wait_for_signal"], terminate=True)
        wait_for(worker, PREFORK)
        found = exceptions(worker)
        assert found.pop("leave") in ({"WorkerLostError": 1}, {"SystemExit": 1})  # the latter before Celery 5.7
        assert found.pop("leave_late") in ({"WorkerLostError": 1}, {"SystemExit": 1})
        assert found == {
            "fail": {"ValueError": 1},
            "dawdle": {"SoftTimeLimitExceeded": 1},
            "try_twice": {"KeyError": 2},
            "die_once": {"WorkerLostError": 1},
            "hang": {"TimeLimitExceeded": 1},
            "raise_odd": {"Odd": 1},
        }


IN_THE_WORKER = ("say", "fail", "try_twice", "ignore", "reject", "give_back_once")


@pytest.mark.parametrize(("pool", "more"), [("threads", ("raise_odd", "leave", "leave_late")), ("solo", ())])
def test_each_run_in_the_worker_s_own_process_is_counted_once(tmp_path: Path, pool: str, more: tuple[str, ...]) -> None:
    expected = {task: PREFORK[task] for task in (*IN_THE_WORKER, *more)}
    if "leave_late" in expected:
        expected["leave_late"] = {"rejected": 1}  # its message waits for the worker's end, and comes again
    with running(tmp_path, "--pool", pool) as (worker, sender):
        for task in expected:
            send(sender, tmp_path, task)
        wait_for(worker, expected)


@pytest.mark.parametrize("pool", ["prefork", "threads"])  # `solo` ends with its worker
@pytest.mark.parametrize("tracked", [True, False], ids=["before it runs", "after it ran"])
def test_a_run_whose_result_cannot_be_stored_is_one_failure(tmp_path: Path, pool: str, tracked: bool) -> None:
    more = f"CELERY_RESULT_BACKEND = 'harness.away:Away'\nCELERY_TASK_TRACK_STARTED = {tracked}\n"
    with running(tmp_path, "--pool", pool, more=more) as (worker, sender):
        send(sender, tmp_path, "say")
        wait_for(worker, {"say": {"failed": 1}})


@pytest.mark.parametrize(
    ("task", "state", "raised"),
    [("fail", "failed", "ValueError"), ("ignore", "ignored", None), ("reject", "rejected", None)],
)
def test_an_eager_run_whose_caller_gets_the_exception_is_counted_once(
    task: str, state: str, raised: str | None
) -> None:
    def counted() -> dict[str, float]:
        states = ("succeeded", "failed", "retried", "ignored", "rejected", "unknown")
        return {each: here("celery_tasks_total", task=TASKS + task, state=each) for each in states}

    def exceptions() -> float:
        return here("celery_task_exceptions_total", task=TASKS + task, exception=raised or "Ignore")

    before, before_raised = counted(), exceptions()
    with suppress(Exception):
        getattr(tasks, task).apply(("x",) if task == "fail" else (), throw=True)
    assert counted() == {**before, state: before[state] + 1}
    assert exceptions() == before_raised + (1 if raised else 0)
