"""A small Django project with Celery, written to a folder: nothing in it but the settings knows the package."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from celery import Celery
from django.conf import settings

from harness import processes

NAME = "shop"
DATABASE = 13
"""Of Redis, beside those of the ERP's broker and cache."""
SETTINGS = """
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "none"
USE_TZ = True
ROOT_URLCONF = "shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = []
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "shop.sqlite3"}}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
"""
SETUP = """
import django_instrumentation
django_instrumentation.setup(globals())
"""
CELERY = """
import os
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
"""


def write(folder: Path, more: str) -> dict[str, str]:
    """Make the project, with `more` in its settings; the environment that its processes need."""
    package = folder / NAME
    package.mkdir()
    (package / "__init__.py").write_text("from shop.celery import app as celery_app\n")
    broker = f"CELERY_BROKER_URL = {url()!r}\n"
    (package / "settings.py").write_text(SETTINGS + broker + more + SETUP)
    (package / "celery.py").write_text(CELERY)
    (package / "urls.py").write_text("urlpatterns = []\n")
    path = processes.with_support(os.pathsep.join((str(folder), str(Path(__file__).parent.parent))))
    return {"PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": f"{NAME}.settings", "METRICS_TOKEN": token()}


def url(database: int = DATABASE) -> str:
    return f"{settings.CELERY_BROKER_URL.rpartition('/')[0]}/{database}"


def token() -> str:
    return str(settings.INSTRUMENTATION.metrics_token)


def sender(**options: str) -> Celery:
    """An app that sends tasks to the project's worker, each on a connection that is closed afterwards."""
    app = Celery("sender", broker=url(), set_as_current=False, **options)
    app.conf.broker_pool_limit = None
    return app


@contextmanager
def broker(database: int = DATABASE) -> Iterator[redis.Redis]:
    """An empty Redis database."""
    client = redis.Redis.from_url(url(database))
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


def worker(folder: Path, *arguments: str, more: str = "", port: int = 0, **env: str) -> processes.HttpProcess:
    """Its worker, with the harness' tasks."""
    environment = {**write(folder, more), "SERVICE": NAME, **env}
    options = ("-I", "harness.tasks", "--concurrency", "2", *arguments)
    return processes.celery(folder, "worker", *options, project=NAME, port=port, **environment)
