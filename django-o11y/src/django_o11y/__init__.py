"""Metrics, JSON logs, error reports, ids and health of a Django project and its Celery processes.

Nothing is imported here: the probe and gunicorn's master use parts of this package without Django.
"""
