"""Metrics, JSON logs, error reports, ids and health of a Django project and its Celery processes.

Nothing is imported here: the probe and gunicorn's master use parts of this package without Django.
"""

__all__ = ["setup"]


def setup(namespace: dict[str, object], **given: object) -> None:
    """At the end of settings.py, as `setup(globals())`: put the app, the middleware and the rest into the settings.

    `given` are fields of django_instrumentation.conf.Settings; they win over environment variables.
    """
    from django_instrumentation import installation

    installation.install(namespace, given)
