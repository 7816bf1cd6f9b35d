"""Each ending of a task is counted once, with the ids of who sent it, in every pool, also when its process dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from celery import chord, group
from harness import processes, project, scripts, tasks
from harness.processes import HttpProcess
from harness.samples import here, total
from harness.tracker import Tracker
from harness.wait import eventually

from config.celery import app
from django_instrumentation import context
from django_instrumentation.context import Context
from django_instrumentation.probe import main


def counted(worker: HttpProcess, task: str, **state: str) -> float:
    return total(worker.metrics(), "celery_tasks_total", task=f"harness.tasks.{task}", **state)


def timed(worker: HttpProcess, task: str) -> float:
    return total(worker.metrics(), "celery_task_duration_seconds_count", task=f"harness.tasks.{task}")


def raised(worker: HttpProcess, task: str, **exception: str) -> float:
    return total(worker.metrics(), "celery_task_exceptions_total", task=f"harness.tasks.{task}", **exception)


def wait_for_count(worker: HttpProcess, task: str, state: str, number: float) -> None:
    eventually(lambda: counted(worker, task, state=state) == number, f"{number} times {task} {state}")


@pytest.fixture
def request_context() -> Iterator[Context]:
    """As in a request of somebody who is logged in."""
    opened = context.from_http("order-4711")
    opened.find_person = lambda: context.Person("7", "3")
    with context.use(opened):
        yield opened


@pytest.mark.parametrize(
    ("task", "state", "exception"),
    [
        ("say", "succeeded", None),
        ("fail", "failed", "ValueError"),
        ("dawdle", "failed", "SoftTimeLimitExceeded"),
        ("ignore", "ignored", None),
        ("reject", "rejected", None),
    ],
)
def test_each_ending_is_counted_once_with_the_ids_of_the_request(
    queue: None, worker: HttpProcess, request_context: Context, task: str, state: str, exception: str | None
) -> None:
    sent = getattr(tasks, task).apply_async(args=("x",) if task in ("say", "fail") else ())
    line = worker.line(logger="task", task_id=sent.id)
    assert line["request_id"] == "order-4711"
    assert line["trace_id"] == request_context.trace_id
    assert (line["user_id"], line["org_id"]) == ("7", "3")
    assert line["extra"]["state"] == state
    assert counted(worker, task, state=state) == timed(worker, task) == 1
    others = [each for each in ("succeeded", "failed", "retried", "revoked") if each != state]
    assert {counted(worker, task, state=each) for each in others} == {0}
    assert raised(worker, task) == (1 if exception else 0)


def test_the_parts_of_a_chord_are_counted_once_each_with_the_ids_of_the_request(
    request_context: Context, tmp_path: Path
) -> None:
    backend = f"CELERY_RESULT_BACKEND = {project.url()!r}\n"
    with project.broker(), project.worker(tmp_path, more=backend) as worker:
        sender = project.sender(backend=project.url())
        add = sender.signature("harness.tasks.add")
        chord(group(add.clone((1, 1)), add.clone((2, 2))), sender.signature("harness.tasks.add_up"), app=sender)()
        (add.clone((3, 3)) | add.clone((4,))).apply_async()
        line = worker.line(logger="harness.tasks", message="the sum is 6")
        assert (line["request_id"], line["trace_id"]) == ("order-4711", request_context.trace_id)
        eventually(lambda: counted(worker, "add", state="succeeded") == 4, "two parts of the group and of the chain")
        assert counted(worker, "add_up", state="succeeded") == 1
        assert {line["request_id"] for line in worker.lines if line["logger"] == "task"} == {"order-4711"}
        sender.backend.result_consumer.stop()
        sender.backend.client.connection_pool.disconnect()


def test_a_message_for_an_unknown_task_is_counted_and_said_without_its_arguments(
    queue: None, worker: HttpProcess, request_context: Context, tracker: Tracker
) -> None:
    def dropped(label: str) -> float:
        return total(worker.metrics(), "celery_tasks_total", task=label, state="failed")

    before = dropped("unregistered")
    sent = app.send_task("shop.tasks.gone", ("4711-hunter2",), {"card": "hunter2-4711"})
    line = worker.line(task_id=sent.id)
    assert "'shop.tasks.gone'" in line["message"]
    assert "isn't registered here" in line["message"]
    assert (line["level"], line["request_id"]) == ("ERROR", "order-4711")
    assert "exception" not in line
    app.send_task("shop.tasks.password=hunter2", ("4711-hunter2",))
    eventually(lambda: dropped("unregistered") == before + 2, "both messages to be counted")
    eventually(lambda: len(tracker.events) == 2, "an event of each message")
    assert "shop.tasks.gone" not in worker.metrics()

    invalid = dropped("invalid")
    with app.connection_for_write() as connection, connection.Producer() as producer:
        producer.publish({"neither": "hunter2 in a message"}, routing_key="celery")
        producer.publish(b"\xff hunter2", routing_key="celery", content_type="application/json", serializer=None)
    eventually(lambda: dropped("invalid") == invalid + 2, "two broken messages to be counted")
    assert "hunter2" not in worker.log.read_text() + worker.errors.read_text() + tracker.text
    assert worker.lines


def test_tasks_are_counted_timed_and_say_one_line(queue: None, worker: HttpProcess) -> None:
    before = counted(worker, "say", state="succeeded")
    for number in range(20):
        tasks.say.delay(f"alone {number}")
    wait_for_count(worker, "say", "succeeded", before + 20)
    exposition = worker.metrics()
    assert total(exposition, "celery_task_duration_seconds_count", task="harness.tasks.say") == before + 20
    assert total(exposition, "celery_queue_wait_seconds_count", queue="celery") >= 20
    said = [line for line in worker.lines if line["message"].startswith("saying alone")]
    assert len(said) == 20
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
    before = counted(worker, "fail", state="failed")
    task = tasks.fail.delay("tok_hunter2")
    event = tracker.event(task_id=task.id)
    wait_for_count(worker, "fail", "failed", before + 1)
    line = worker.line(task_id=task.id, level="ERROR")
    assert event["contexts"]["trace"]["trace_id"] == line["trace_id"]
    for place in (str(event), worker.log.read_text()):
        assert "4111 1111" not in place
        assert "hunter2" not in place
    assert total(worker.metrics(), "sentry_events_total", level="error") >= 1
    assert raised(worker, "fail", exception="ValueError") == before + 1


def test_a_retried_task_is_counted_as_such(queue: None, worker: HttpProcess) -> None:
    retried, failed = counted(worker, "try_twice", state="retried"), counted(worker, "try_twice", state="failed")
    tasks.try_twice.delay()
    wait_for_count(worker, "try_twice", "failed", failed + 1)
    assert counted(worker, "try_twice", state="retried") == retried + 1
    assert raised(worker, "try_twice", exception="KeyError") == 2  # of its first run and of its second


@pytest.mark.parametrize(("task", "exception"), [(tasks.die, "WorkerLostError"), (tasks.hang, "TimeLimitExceeded")])
def test_a_task_that_takes_its_process_along_is_counted_once(
    queue: None, worker: HttpProcess, task: object, exception: str
) -> None:
    name = task.name.rpartition(".")[2]
    said = counted(worker, "say", state="succeeded")
    task.delay()
    wait_for_count(worker, name, "failed", 1)
    # More work: the replacement goes on in the slot of the dead process.
    for number in range(10):
        tasks.say.delay(str(number))
    wait_for_count(worker, "say", "succeeded", said + 10)
    assert counted(worker, name) == counted(worker, name, state="failed") == 1
    assert raised(worker, name) == raised(worker, name, exception=exception) == 1
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


def test_an_eager_task_is_counted_once_in_the_context_of_its_request(
    request_context: Context, lines: list[dict[str, object]]
) -> None:
    def happened(task: str, state: str) -> float:
        return here("celery_tasks_total", task=f"harness.tasks.{task}", state=state)

    before = {state: happened("say", state) for state in ("sent", "succeeded")}
    waits = here("celery_queue_wait_seconds_count", queue="unknown")
    result = tasks.say.apply(("eager",))
    (said,) = (line for line in lines if line["logger"] == "harness.tasks")
    assert said["task_id"] == result.id
    assert (said["request_id"], said["user_id"]) == ("order-4711", "7")
    assert said["trace_id"] == request_context.trace_id
    assert happened("say", "succeeded") == before["succeeded"] + 1
    assert happened("say", "sent") == before["sent"]
    assert here("celery_queue_wait_seconds_count", queue="unknown") == waits
    assert context.current() is request_context


def test_an_eager_retry_runs_inside_its_first_run_and_both_are_counted_once(request_context: Context) -> None:
    def happened(state: str) -> float:
        return here("celery_tasks_total", task="harness.tasks.try_twice", state=state)

    before = happened("retried"), happened("failed")
    tasks.try_twice.apply()
    assert (happened("retried"), happened("failed")) == (before[0] + 1, before[1] + 1)
    assert context.current() is request_context


@pytest.fixture(scope="module")
def same_group(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """One metrics folder and one port for the workers of all pools, which are started one after the other."""
    return tmp_path_factory.mktemp("metrics"), processes.free_port()


POOLS = (("--pool", "threads"), ("--pool", "solo"), ("--max-tasks-per-child", "1"))


@pytest.mark.parametrize("options", POOLS, ids=lambda each: each[1])
def test_no_pool_loses_a_count_and_none_takes_over_that_of_a_worker_before_it(
    tmp_path: Path, same_group: tuple[Path, int], options: tuple[str, str]
) -> None:
    folder, port = same_group
    env = {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    with project.broker(), project.worker(tmp_path, *options, port=port, **env) as worker:
        assert counted(worker, "say") == 0
        sender = project.sender()
        for number in range(10):
            sender.send_task("harness.tasks.say", (str(number),))
        sender.send_task("harness.tasks.fail", ("x",))
        eventually(lambda: counted(worker, "say", state="succeeded") == 10, "10 tasks")
        eventually(lambda: counted(worker, "fail", state="failed") == 1, "a failed one")
        assert timed(worker, "say") == 10
        assert worker.stop() == 0
        assert worker.errors.read_text() == ""
        assert worker.lines


def test_what_the_project_does_after_celery_s_own_logging_is_done() -> None:
    code = """
import logging
from celery import Celery, signals
from django_instrumentation import celery

seen = []
signals.after_setup_logger.connect(lambda logger, **_: seen.append(logger.name), weak=False)
signals.after_setup_task_logger.connect(lambda logger, loglevel, **_: seen.append((logger.name, loglevel)), weak=False)
celery.connect()
Celery("shop").log.setup_logging_subsystem(logging.INFO)
print(seen, logging.getLogger().handlers)
"""
    assert scripts.output("-c", code) == "['root', ('celery.task', 20)] []\n"
