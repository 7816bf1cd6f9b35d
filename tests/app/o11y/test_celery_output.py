"""Every line that worker and beat write is a JSON object, and beat inside a worker ticks."""

import signal
from pathlib import Path

from harness import processes, project
from harness.samples import total
from harness.wait import eventually

EVERY_SECOND = """
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {"say": {"task": "harness.tasks.say", "schedule": 1.0, "args": ("tick",)}}
"""


def test_beat_inside_a_worker_ticks_and_its_counts_are_the_workers(tmp_path: Path) -> None:
    with project.broker(), project.worker(tmp_path, "-B", more=EVERY_SECOND) as worker:

        def tick() -> float:
            return total(worker.metrics(), "celery_beat_last_tick_timestamp_seconds")

        def counted(state: str) -> float:
            return total(worker.metrics(), "celery_tasks_total", task="harness.tasks.say", state=state)

        first = eventually(tick, "beat's first tick")
        eventually(lambda: tick() > first, "its next tick")
        eventually(lambda: counted("succeeded") >= 2, "two tasks to have run")
        assert counted("sent") >= counted("succeeded")
        assert worker.stop() == 0
        assert worker.errors.read_text() == ""
        levels = {line["level"] for line in worker.lines}
        assert levels <= {"INFO", "WARNING"}, worker.lines


def test_what_tasks_print_is_a_log_line(tmp_path: Path) -> None:
    with project.broker(), project.worker(tmp_path) as worker:
        project.sender().send_task("harness.tasks.shout", ("aloud",))
        worker.line(logger="celery.redirected", message="shouting aloud")
        worker.line(logger="celery.redirected", message="to stderr")
        assert worker.stop() == 0
        assert worker.errors.read_text() == ""


def test_messages_that_a_stopped_worker_gives_back_are_said_in_a_line(tmp_path: Path) -> None:
    with project.broker() as client, project.worker(tmp_path) as worker:
        project.sender().send_task("harness.tasks.say", ("later",), countdown=300)
        eventually(lambda: client.hlen("unacked") == 1, "the worker to hold the task")
        assert worker.stop() == 0
        assert client.llen("celery") == 1
        assert "Restoring 1 unacknowledged message(s)" in {line["message"] for line in worker.lines}
        assert worker.errors.read_text() == ""


def test_a_purge_at_the_start_and_a_cold_stop_are_lines(tmp_path: Path) -> None:
    with project.broker():
        for _ in range(3):
            project.sender().send_task("harness.tasks.say", ("x",))
        with project.worker(tmp_path, "--purge") as worker:
            worker.line(message="purge: Erased 3 messages from the queue.")
            project.sender().send_task("harness.tasks.hang")
            worker.stop(signal.SIGQUIT)
            assert worker.lines
            assert worker.errors.read_text() == ""


def test_beat_alone_writes_nothing_but_lines(tmp_path: Path) -> None:
    # Beat prints its first line before Django is set up.
    more = f"{EVERY_SECOND}\n"
    environment = {**project.write(tmp_path, more), "SERVICE": "shop-beat"}
    with project.broker(), processes.celery(tmp_path, "beat", project=project.NAME, **environment) as beat:
        beat.line(message="beat: Starting...")
        beat.stop()
        assert beat.errors.read_text() == ""
        assert beat.lines
