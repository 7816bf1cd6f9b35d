"""The task that shows that beat, broker and worker work together."""

from celery import shared_task

from django_instrumentation import metrics

__all__ = ["heartbeat"]


@shared_task(ignore_result=True)
def heartbeat() -> None:
    metrics.heartbeat().set_to_current_time()
