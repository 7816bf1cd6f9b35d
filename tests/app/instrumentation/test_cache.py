"""What is asked of the cache is counted: hits, misses and failures."""

import pytest
import redis
from django.core.cache import cache
from harness import scripts
from harness.samples import here

from django_instrumentation.cache import BACKEND, RedisCache


def counted() -> dict[str, float]:
    names = ("get", "get_hits", "get_misses", "get_fail")
    return {name: here(f"django_cache_{name}_total", backend=BACKEND) for name in names}


def rise(before: dict[str, float]) -> dict[str, float]:
    return {name: value - before[name] for name, value in counted().items() if value != before[name]}


def test_a_none_that_was_kept_is_a_hit(db: None) -> None:
    cache.set("nothing", None, 30)
    before = counted()
    assert cache.get("nothing", "default") is None
    assert rise(before) == {"get": 1, "get_hits": 1}


def test_what_is_not_there_is_a_miss_and_gives_the_default(db: None) -> None:
    before = counted()
    assert cache.get("never-kept", "default") == "default"
    assert rise(before) == {"get": 1, "get_misses": 1}


def test_a_cache_that_is_away_is_a_failure() -> None:
    away = RedisCache("redis://127.0.0.1:9", {})
    before = counted()
    with pytest.raises(redis.exceptions.ConnectionError):
        away.get("anything")
    assert rise(before) == {"get": 1, "get_fail": 1}


def test_without_the_extra_it_says_what_to_install() -> None:
    script = "import sys; sys.modules['django_prometheus'] = None; import django_instrumentation.cache"
    said = scripts.run("-c", script).stderr
    assert "django_instrumentation.cache.RedisCache needs django-prometheus" in said
    assert "pip install 'django-instrumentation[database]'" in said
