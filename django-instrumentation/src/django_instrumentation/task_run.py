"""One run of a task, of Celery or of Django's own framework: its ids and span while it runs, its line at the end."""

import logging
from contextlib import ExitStack
from time import perf_counter

from prometheus_client import Histogram

from django_instrumentation import context, tracing

log = logging.getLogger("task")


class TaskRun:
    def __init__(self, opened: context.Context, name: str, system: str) -> None:
        self.name = name
        self.system = system
        with ExitStack() as stack:
            stack.enter_context(context.use(opened))
            self._span = stack.enter_context(tracing.task_span(opened, name, system))
            self._stack = stack.pop_all()
        self._started = perf_counter()

    def end(self, outcome: str, durations: Histogram) -> None:
        duration = perf_counter() - self._started
        durations.labels(self.name).observe(duration)
        fields = {"task": self.name, "state": outcome, "duration": round(duration, 6)}
        log.info("%s %s in %.3f s", self.name, outcome, duration, extra=fields)
        tracing.end_task(self._span, outcome, self.system)
        self._stack.close()
