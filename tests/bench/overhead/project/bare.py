"""Django as `django-admin startproject` sets it up, on PostgreSQL and with DEBUG off: nothing is observed."""

import os

from plain.settings import *  # noqa: F403
from plain.settings import INSTALLED_APPS

DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS += ["shop"]
ROOT_URLCONF = "shop.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "PASSWORD": os.environ["DATABASE_PASSWORD"],
        "HOST": "127.0.0.1",
        "PORT": os.environ["DATABASE_PORT"],
        # Connecting anew for each request would hide what is measured. Under ASGI Django wants it so: each request has
        # a thread of its own.
        "CONN_MAX_AGE": 0 if "ASGI" in os.environ else None,
    },
}
