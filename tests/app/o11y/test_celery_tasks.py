"""Each ending of a task is counted once, with the ids of who sent it, in every pool."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import chord, group
from harness import project, tasks
from harness.processes import HttpProcess
from harness.samples import here, total
from harness.tracker import Tracker
from harness.wait import eventually

from config.celery import app
from django_o11y import context
from django_o11y.context import Context


def counted(worker: HttpProcess, task: str, **state: str) -> float:
    return total(worker.metrics(), "celery_tasks_total", task=f"harness.tasks.{task}", **state)


def timed(worker: HttpProcess, task: str) -> float:
    return total(worker.metrics(), "celery_task_duration_seconds_count", task=f"harness.tasks.{task}")


@pytest.fixture
def request_context() -> Iterator[Context]:
    """As in a request of somebody who is logged in."""
    opened = context.from_http({"X-Request-ID": "order-4711"})
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
    label = f"harness.tasks.{task}"
    assert total(worker.metrics(), "celery_task_exceptions_total", task=label) == (1 if exception else 0)


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
        sender.backend.client.close()


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
def metrics_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for the workers of all pools, which are started one after the other."""
    return tmp_path_factory.mktemp("metrics")


POOLS = (("--pool", "threads"), ("--pool", "solo"), ("--max-tasks-per-child", "1"))


@pytest.mark.parametrize("options", POOLS, ids=lambda each: each[1])
def test_no_pool_loses_a_count_and_none_takes_over_that_of_a_worker_before_it(
    tmp_path: Path, metrics_folder: Path, options: tuple[str, str]
) -> None:
    env = {"PROMETHEUS_MULTIPROC_DIR": str(metrics_folder)}
    with project.broker(), project.worker(tmp_path, *options, **env) as worker:
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
