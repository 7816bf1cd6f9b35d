"""A task that takes its process along each time is tried five times, then fails in its place, and only that one."""

from harness import tasks
from harness.processes import HttpProcess
from harness.samples import total
from harness.wait import eventually

from config.tasks import TRIES


def raised(worker: HttpProcess, exception: str) -> float:
    return total(worker.metrics(), "celery_task_exceptions_total", task="harness.tasks.vanish", exception=exception)


def test_a_task_that_takes_its_process_along_is_set_aside(queue: None, worker: HttpProcess) -> None:
    for number in range(1, TRIES + 1):
        tasks.vanish.delay(1)
        eventually(lambda number=number: raised(worker, "WorkerLostError") == number, f"the end of try {number}", 30)
    tasks.vanish.delay(1)
    tasks.vanish.delay(1)
    eventually(lambda: raised(worker, "TaskSetAside") == 2, "two tasks set aside", 30)
    assert raised(worker, "WorkerLostError") == TRIES
    tasks.vanish.delay(2)
    eventually(lambda: raised(worker, "WorkerLostError") == TRIES + 1, "the try of another order", 30)


def test_a_task_that_ends_is_begun_anew(queue: None, worker: HttpProcess) -> None:
    before = total(worker.metrics(), "celery_tasks_total", task="harness.tasks.fail", state="failed")
    for _ in range(TRIES + 1):
        tasks.fail.delay("x")
    eventually(
        lambda: (
            total(worker.metrics(), "celery_tasks_total", task="harness.tasks.fail", state="failed")
            == before + TRIES + 1
        ),
        "every one to run and fail",
    )
    assert (
        total(worker.metrics(), "celery_task_exceptions_total", task="harness.tasks.fail", exception="TaskSetAside")
        == 0
    )
