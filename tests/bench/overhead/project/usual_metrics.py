"""The usual set-up, first part: django-prometheus as its README says."""

from bare import *  # noqa: F403
from bare import DATABASES, INSTALLED_APPS, MIDDLEWARE

INSTALLED_APPS += ["django_prometheus"]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    *MIDDLEWARE,
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.postgresql"
ROOT_URLCONF = "usual_urls"
