"""Every line that worker and beat write is a JSON object, and beat inside a worker ticks."""

import json
import signal
import sys
from pathlib import Path
from time import time
from types import SimpleNamespace

import pytest
from harness import processes, project, scripts
from harness.processes import HttpProcess
from harness.samples import total
from harness.wait import eventually

from django_instrumentation import celery_output
from django_instrumentation.probe import main
from tests.support.ports import free_port

EVERY_SECOND = """
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {"say": {"task": "harness.tasks.say", "schedule": 1.0, "args": ("tick",)}}
"""
STUCK = """
import logging
import threading

from celery.beat import Scheduler


class Stuck(Scheduler):
    def tick(self, *args, **kwargs):
        logging.getLogger("stuck").info("it hangs")
        threading.Event().wait()
"""

INTERRUPTED = """
import os
import json
import signal

from celery.beat import Scheduler


class Interrupted(Scheduler):
    closed = False

    def close(self):
        self.closed = True
        super().close()

    def apply_async(self, *args, **kwargs):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            if self.closed:  # as redis' reader does when its connection was closed meanwhile
                raise ValueError("I/O operation on closed file.")
"""


def test_a_closed_stdout_keeps_no_worker_from_serving_its_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    redirected: list[str] = []
    conf = SimpleNamespace(worker_redirect_stdouts=True, worker_redirect_stdouts_level="WARNING")
    monkeypatch.setattr(sys, "stdout", None)
    celery_output.redirect_prints(SimpleNamespace(conf=conf, log=SimpleNamespace(redirect_stdouts=redirected.append)))
    assert redirected == ["WARNING"]


def test_beat_inside_a_worker_ticks_and_its_counts_are_the_workers(tmp_path: Path) -> None:
    with project.broker(), project.worker(tmp_path, "-B", more=EVERY_SECOND) as worker:

        def counted(state: str) -> float:
            return total(worker.metrics(), "celery_tasks_total", task="harness.tasks.say", state=state)

        assert_it_ticks(worker)
        succeeded = eventually(lambda: (ran := counted("succeeded")) >= 2 and ran, "two tasks to have run")
        eventually(lambda: counted("sent") >= succeeded, "each of them to be counted as sent")
        assert worker.stop() == 0
        assert worker.errors.read_text() == ""
        levels = {line["level"] for line in worker.lines}
        assert levels <= {"INFO", "WARNING"}, worker.lines


def test_what_tasks_print_and_what_a_stopped_worker_gives_back_are_lines(tmp_path: Path) -> None:
    with project.broker() as client, project.worker(tmp_path) as worker:
        project.sender().send_task("harness.tasks.shout", ("aloud",))
        worker.line(logger="celery.redirected", message="shouting aloud")
        worker.line(logger="celery.redirected", message="to stderr")
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


def test_beat_ticks_answers_probes_and_writes_nothing_but_lines(tmp_path: Path) -> None:
    environment = {**project.write(tmp_path, EVERY_SECOND), "SERVICE": "shop-beat"}
    with project.broker(), processes.celery(tmp_path, "beat", project=project.NAME, **environment) as beat:
        assert_it_ticks(beat)
        assert total(beat.metrics(), "build_info", version="test") == 1
        assert main([f"{beat.url}/livez"]) == 0
        beat.line(message="beat: Starting...")  # printed before Django is set up
        assert beat.stop() == 0
        assert beat.errors.read_text() == ""
        assert {line["service"] for line in beat.lines} == {"shop-beat"}


def test_a_beat_that_never_ticks_says_when_it_began(tmp_path: Path) -> None:
    """So that its standing still is seen as any other's."""
    (tmp_path / "stuck.py").write_text(STUCK)
    environment = {**project.write(tmp_path, 'CELERY_BEAT_SCHEDULER = "stuck.Stuck"\n'), "SERVICE": "shop-beat"}
    before = time()
    with project.broker(), processes.celery(tmp_path, "beat", project=project.NAME, **environment) as beat:
        beat.line(message="it hangs")
        assert before < total(beat.metrics(), "celery_beat_last_tick_timestamp_seconds") < time()


def test_a_beat_that_is_stopped_while_it_sends_a_task_ends(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    more = EVERY_SECOND.replace("celery.beat:Scheduler", "interrupted.Interrupted")
    environment = {**project.write(tmp_path, more), "SERVICE": "shop-beat"}
    command = ["celery", "-A", project.NAME, "beat"]
    with project.broker(), processes.Process(command, tmp_path, METRICS_PORT=str(free_port()), **environment) as beat:
        assert beat.popen.wait(timeout=60) == 0
        assert {line["level"] for line in beat.lines} == {"INFO"}


def assert_it_ticks(process: HttpProcess) -> None:
    def tick() -> float:
        return total(process.metrics(), "celery_beat_last_tick_timestamp_seconds")

    first = eventually(tick, "beat's first tick")
    eventually(lambda: tick() > first, "its next tick")


def test_a_level_and_a_file_of_celery_s_options_come_on_top(tmp_path: Path) -> None:
    code = f"""
import logging.config
from celery import Celery
from django_instrumentation import celery
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config

logging.config.dictConfig(logging_config(Settings(service="shop", env="e", version="v")))
celery.connect()
for level in (logging.WARNING, logging.DEBUG, logging.DEBUG):
    Celery("shop").log.setup(level, {str(tmp_path / "worker.log")!r})
    Celery("shop").log.already_setup = False
    logging.getLogger("celery.worker").log(level, "line of %s", level)
"""
    lines = [json.loads(line)["message"] for line in scripts.output("-c", code).splitlines()]
    assert lines == ["line of 30", "line of 10", "line of 10"]
    assert [json.loads(line)["message"] for line in (tmp_path / "worker.log").read_text().splitlines()] == lines


def test_a_log_file_that_can_not_be_written_costs_its_lines_alone(tmp_path: Path) -> None:
    """A task would fail by the line that says that it succeeded."""
    folder = tmp_path / "log"
    code = f"""
import logging.config, pathlib, shutil
from django_instrumentation import metrics, server_options
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config

folder = pathlib.Path({str(folder)!r})
logging.config.dictConfig(logging_config(Settings(service="shop", log_format="json")))
server_options.write_more(None, str(folder / "worker.log"))
logging.warning("before")
folder.mkdir()
logging.warning("written")
shutil.rmtree(folder)
logging.warning("lost")
folder.mkdir()
logging.warning("again")
print(metrics.LOG_LINES_DROPPED.labels("write_failed")._value.get())
"""
    *lines, lost = scripts.output("-c", code).splitlines()
    said = [json.loads(line)["message"] for line in lines]
    assert said == ["before", said[1], "written", "lost", "again"]
    assert said[1].startswith(f"{folder}/worker.log can't be written ([Errno 2] No such file or directory")
    assert float(lost) == 3  # and the line that says so
    assert [json.loads(line)["message"] for line in (folder / "worker.log").read_text().splitlines()] == ["again"]


def test_a_child_with_a_log_file_of_its_own_writes_to_no_other(tmp_path: Path) -> None:
    """`--logfile worker%I.log`"""
    code = f"""
import logging.config
from django_instrumentation import server_options
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config

logging.config.dictConfig(logging_config(Settings(service="shop", log_format="json")))
for name in ("parent", "child"):
    server_options.write_more(None, {str(tmp_path)!r} + "/" + name)
    logging.warning("said by the %s", name)
"""
    scripts.output("-c", code)
    for name in ("parent", "child"):
        (line,) = (tmp_path / name).read_text().splitlines()
        assert json.loads(line)["message"] == f"said by the {name}"


def test_celery_logs_by_itself_where_the_project_has_a_logging_config_of_its_own() -> None:
    code = """
import logging, sys
from celery import Celery
from django.conf import settings
import django, django_instrumentation

namespace = {"SECRET_KEY": "s"}
django_instrumentation.setup(namespace)
namespace["LOGGING_CONFIG"] = None
django_instrumentation.setup(namespace)
settings.configure(**{name: value for name, value in namespace.items() if name.isupper()})
django.setup()
Celery("shop").log.setup(logging.INFO)
logging.getLogger("celery.worker").info("it works")
"""
    assert scripts.run("-c", code).stderr.endswith("it works\n")
