"""Django's Redis cache with django-prometheus' metrics; the one that comes with it needs django-redis."""

from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django.core.exceptions import ImproperlyConfigured

try:
    from django_prometheus.cache.metrics import (
        django_cache_get_fail_total,
        django_cache_get_total,
        django_cache_hits_total,
        django_cache_misses_total,
    )
except ModuleNotFoundError as error:
    raise ImproperlyConfigured(
        f"django_instrumentation.cache.RedisCache needs django-prometheus ({error}); expected it to be installed. "
        "Run pip install 'django-instrumentation[database]', or use django.core.cache.backends.redis.RedisCache."
    ) from error

BACKEND = "native_redis"
COUNTERS = (
    django_cache_get_total,
    django_cache_get_fail_total,
    django_cache_hits_total,
    django_cache_misses_total,
)
_ABSENT = object()

__all__ = ["RedisCache"]


class RedisCache(DjangoRedisCache):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for counter in COUNTERS:
            counter.labels(backend=BACKEND)  # before the first hit the share of hits is 0, not unknown

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        django_cache_get_total.labels(backend=BACKEND).inc()
        try:
            found = super().get(key, _ABSENT, version)
        except Exception:
            django_cache_get_fail_total.labels(backend=BACKEND).inc()
            raise
        if found is _ABSENT:
            django_cache_misses_total.labels(backend=BACKEND).inc()
            return default
        django_cache_hits_total.labels(backend=BACKEND).inc()
        return found
