"""How Wagtail and django-oscar come about, each by the steps of its own documentation, and with PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.takehome.project import shell

HERE = Path(__file__).parent
LOCAL = """
import os

DEBUG = False
SECRET_KEY = "of-this-test-0123456789-0123456789-0123456789-abcdefgh"
ALLOWED_HOSTS = ["127.0.0.1"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": os.environ["DATABASE_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["DATABASE_PORT"],
        "ATOMIC_REQUESTS": True,
    }
}
"""
OSCAR_SETTINGS = """
from oscar import INSTALLED_APPS as OSCAR_APPS
from oscar.defaults import *

INSTALLED_APPS = [*OSCAR_APPS]
SITE_ID = 1
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "oscar.apps.search.context_processors.search_form",
    "oscar.apps.checkout.context_processors.checkout",
    "oscar.apps.communication.notifications.context_processors.notifications",
    "oscar.core.context_processors.metadata",
]
MIDDLEWARE += [
    "oscar.apps.basket.middleware.BasketMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]
AUTHENTICATION_BACKENDS = (
    "oscar.apps.customer.auth_backends.EmailBackend",
    "django.contrib.auth.backends.ModelBackend",
)
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
OSCAR_INITIAL_ORDER_STATUS = "Pending"
OSCAR_INITIAL_LINE_STATUS = "Pending"
MEDIA_ROOT = BASE_DIR / "media"
STATIC_ROOT = BASE_DIR / "static"
"""
OSCAR_URLS = """
from django.apps import apps
from django.urls import include

urlpatterns += [
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
"""


@dataclass(frozen=True)
class Foreign:
    """`pages` are what visitors see, by the name that the metrics give the view."""

    name: str
    requirement: str
    settings_module: str
    make: Callable[[Path, dict[str, str]], tuple[Path, Path]]
    pages: dict[str, str]

    @property
    def pins(self) -> str:
        return (HERE / f"{self.name}.txt").read_text(encoding="utf-8")


def _make_wagtail(folder: Path, environment: dict[str, str]) -> tuple[Path, Path]:
    """Makes `shop` below the folder; returns its settings and its urls, to which the README's blocks are added."""
    shell("wagtail start shop", folder, environment)
    inner = folder / "shop" / "shop"
    (inner / "settings" / "local.py").write_text(LOCAL, encoding="utf-8")
    return inner / "settings" / "production.py", inner / "urls.py"


def _make_oscar(folder: Path, environment: dict[str, str]) -> tuple[Path, Path]:
    shell("django-admin startproject shop", folder, environment)
    inner = folder / "shop" / "shop"
    for name, more in {"settings.py": LOCAL + OSCAR_SETTINGS, "urls.py": OSCAR_URLS}.items():
        with (inner / name).open("a", encoding="utf-8") as sink:
            sink.write(more)
    return inner / "settings.py", inner / "urls.py"


WAGTAIL = Foreign(
    name="wagtail",
    requirement="wagtail==8.0.1",
    settings_module="shop.settings.production",
    make=_make_wagtail,
    pages={"wagtail_serve": "/", "wagtailadmin_login": "/admin/login/", "search": "/search/"},
)
OSCAR = Foreign(
    name="oscar",
    requirement="django-oscar==4.2.1",
    settings_module="shop.settings",
    make=_make_oscar,
    pages={"catalogue:index": "/catalogue/", "basket:summary": "/basket/", "customer:login": "/accounts/login/"},
)
