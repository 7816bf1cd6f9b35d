"""All settings of the ERP; what differs between machines comes from the environment, secrets from files."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

import django_instrumentation
from config import env
from django_instrumentation.conf import read_secret

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = env.choice("ENV", "sandbox", "staging", "production")
SERVICE = env.text("SERVICE", "erp-web")
VERSION = env.text("VERSION", "dev")

# Security

SECRET_KEY = env.secret("SECRET_KEY")
# The key before the last rotation: who is logged in stays so.
SECRET_KEY_FALLBACKS = [key for key in [read_secret("SECRET_KEY_BEFORE")] if key]
DEBUG = False
# SERVICE is the name by which the sandbox's shoppers ask; /metrics and the health pages answer under any name.
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS"), "localhost", "127.0.0.1", SERVICE]
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
AUTH_USER_MODEL = "organizations.User"

# Django

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "config",
    "organizations",
    "customers",
    "catalog",
    "orders",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# Stores

DATABASES = {
    "default": {
        "ENGINE": "config.database",
        "HOST": env.text("DATABASE_HOST"),
        "PORT": env.number("DATABASE_PORT", 5432),
        "NAME": env.text("DATABASE_NAME", "erp"),
        "USER": env.text("DATABASE_USER", "erp"),
        "PASSWORD": env.secret("DATABASE_PASSWORD"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": SERVICE,
            # Without them a dead database holds a request for minutes.
            "connect_timeout": 2,
            "tcp_user_timeout": 5_000,
            "options": ("-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"),
        },
    }
}
_REDIS = f"{env.text('REDIS_HOST')}:{env.number('REDIS_PORT', 6379)}"
CACHES = {
    "default": {
        "BACKEND": "django_instrumentation.cache.RedisCache",
        "LOCATION": f"redis://{_REDIS}/{env.number('REDIS_CACHE_DB', 1, least=0)}",
        "OPTIONS": {
            # Not before it is needed: redis loads OpenTelemetry, whether traces are on or not.
            "credential_provider": SimpleLazyObject(lambda: import_string("config.credentials.RedisPassword")()),
            "socket_connect_timeout": 1,
            "socket_timeout": 1,
        },
    }
}

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsers.JsonParser"],
    "EXCEPTION_HANDLER": "config.api.handle_exception",
}
PAYMENT_API_URL = env.text("PAYMENT_API_URL")
SHIPPING_API_URL = env.text("SHIPPING_API_URL")
PARTNER_API_KEY = env.secret("PARTNER_API_KEY")  # integrations reads it anew at each call

# Celery

CELERY_BROKER_URL = "redis://:{}@{}/{}?credential_provider=config.credentials.RedisPassword".format(
    quote(env.secret("REDIS_PASSWORD"), safe=""), _REDIS, env.number("REDIS_BROKER_DB", 0, least=0)
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # After it an unacknowledged task is delivered again, so it has to outlast every task and countdown.
    "visibility_timeout": 300,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "socket_keepalive": True,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 45
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 2)
# Every schedule below is a short interval: nothing is worth a file that remembers the last run.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5


def _every(seconds: int, task: str) -> dict[str, object]:
    # A run that still waits when the next one is due is dropped: the next one does the same work.
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": seconds}}


CELERY_BEAT_SCHEDULE = {
    "heartbeat": _every(15, "django_instrumentation.tasks.heartbeat"),
    "measure stock": _every(15, "catalog.tasks.measure_stock"),
    "reorder low stock": _every(30, "catalog.tasks.reorder_low_stock"),
    "finish orders": _every(60, "orders.tasks.finish_orders"),
}

# Telemetry

PROMETHEUS_LATENCY_BUCKETS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    float("inf"),
)
django_instrumentation.setup(
    globals(),
    application=env.text("APPLICATION", "erp"),
    service=SERVICE,
    env=ENV,
    version=VERSION,
    organization_attribute="organization_id",
    # The ERP takes no files. Django keeps a body of this size in memory, and writes a larger one to /tmp.
    max_body_bytes=env.number("MAX_BODY_BYTES", 1_000_000),
)
