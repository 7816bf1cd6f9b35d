"""The project: settings, URLs, and the Celery app, which must be loaded wherever a task is sent."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
