"""Probes: independent of everything for /livez, bounded in time for /readyz."""

import dataclasses
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import caches
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import connections
from django.test import Client
from harness import project
from harness.processes import free_port
from harness.wait import eventually

from django_instrumentation import health, probe
from django_instrumentation.bounded import Bounded
from django_instrumentation.probe import main


@pytest.fixture(autouse=True)
def _forget_answers() -> Iterator[None]:
    health._check.cache_clear()
    yield
    health._check.cache_clear()


def test_readyz_asks_database_and_cache(transactional_db: None) -> None:
    answer = Client(headers={"host": "10.1.2.3:8000"}).get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "checks": {"database": "ok", "cache": "ok"}}


def test_readyz_says_that_the_cache_is_away(transactional_db: None, dead_cache: None) -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (
        503,
        {"database": "ok", "cache": "failed: ConnectionError"},
    )


def test_the_probe_tells_what_is_wrong(
    capsys: pytest.CaptureFixture[str], black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "TIMEOUT_SECONDS", 0.5)
    assert main([]) == 1
    assert main(["ftp://x"]) == 1
    assert main([f"http://127.0.0.1:{black_hole}/livez"]) == 1
    assert "didn't answer" in capsys.readouterr().err


def test_what_hangs_is_asked_by_one_thread_only() -> None:
    release, calls = threading.Event(), []

    def hang() -> str:
        calls.append(1)
        release.wait(10)
        return "late"

    bounded = Bounded(hang, seconds=0.1)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            bounded.ask()
    assert len(calls) == 1
    release.set()
    assert eventually(lambda: _try(bounded), "the answer") == "late"


def _try(bounded: Bounded[str]) -> str | None:
    try:
        return bounded.ask()
    except TimeoutError:
        return None


def test_a_fresh_answer_is_kept() -> None:
    calls: list[int] = []
    bounded = Bounded(lambda: calls.append(1), seconds=1, keep_seconds=60)
    bounded.ask()
    bounded.ask()
    assert len(calls) == 1


def readyz(*checks: str) -> dict[str, object]:
    status, body = health.readiness(checks)
    assert (status == 200) is (set(body["checks"].values()) <= {"ok"})
    return body["checks"]


def test_an_alias_is_asked_by_its_name(aliases: dict[str, dict[str, object]], black_hole: int) -> None:
    aliases["replica"] = {**aliases["default"], "HOST": "127.0.0.1", "PORT": str(free_port())}
    assert readyz("database", "database:default", "database:replica", "cache:default") == {
        "database": "ok",
        "database:default": "ok",
        "database:replica": "failed: OperationalError",
        "cache:default": "ok",
    }


def test_a_project_without_a_default_database_is_ready_when_the_others_are(
    aliases: dict[str, dict[str, object]],
) -> None:
    aliases["shop"] = aliases["default"]
    aliases["default"] = {**aliases["default"], "ENGINE": "django.db.backends.dummy"}
    assert readyz("database") == {"database": "ok"}
    health._check.cache_clear()
    aliases["users"] = {**aliases["shop"], "PORT": str(free_port())}
    assert readyz("database") == {"database": "failed: OperationalError"}


def test_a_pool_that_requests_have_emptied_is_not_asked(aliases: dict[str, dict[str, object]]) -> None:
    options = {**aliases["default"]["OPTIONS"], "pool": {"max_size": 0, "no such option": 1}}
    aliases["pooled"] = {**aliases["default"], "OPTIONS": options}
    assert readyz("database:pooled") == {"database:pooled": "ok"}


def search_is_up() -> None:
    connections["default"].ensure_connection()


def search_is_down() -> bool:
    return False


def search_hangs() -> None:
    threading.Event().wait(30)


def search_fails() -> None:
    raise LookupError("host=search.internal user=admin")


async def search_is_up_async() -> None:
    await sync_to_async(search_is_up)()


async def search_fails_async() -> None:
    search_fails()


def test_a_projects_own_checks_are_asked_within_the_limit(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.5)
    names = [
        f"{__name__}.search_{name}" for name in ("is_up", "is_down", "hangs", "fails", "is_up_async", "fails_async")
    ]
    answers = ["ok", "failed: NotReady", "failed: TimeoutError", "failed: LookupError", "ok", "failed: LookupError"]
    assert readyz(*names) == dict(zip(names, answers, strict=True))


@pytest.mark.parametrize("name", [f"{__name__}.search_is_up", f"{__name__}.search_is_up_async", "cache"])
def test_a_check_leaves_no_connection(transactional_db: None, settings: Any, name: str) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "entries"}}
    call_command("createcachetable")

    def open_connections() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return cursor.fetchone()[0]

    before = open_connections()
    for _ in range(5):
        health._check.cache_clear()
        assert list(readyz(name).values()) == ["ok"]
    eventually(lambda: open_connections() <= before, "its connections to be closed", 5)


def search_reads_the_cache() -> bool:
    return caches["default"].get("search") is None


@pytest.mark.parametrize("name", [f"{__name__}.search_reads_the_cache", "cache"])
def test_a_check_leaves_no_connection_to_redis(name: str) -> None:
    with project.broker() as client:
        before = len(client.client_list())
        gc.disable()  # it would close them, at any time later
        try:
            for _ in range(5):
                health._check.cache_clear()
                assert list(readyz(name).values()) == ["ok"]
            eventually(lambda: len(client.client_list()) <= before, "its connections to be closed", 5)
        finally:
            gc.enable()


def test_a_database_that_takes_no_query_without_a_table_is_asked_in_its_own_words(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Oracle before 23; here the place of its FROM DUAL has something that shows in the answer."""
    monkeypatch.setattr(connections["default"].features_class, "bare_select_suffix", " FROM no_such_table")
    assert readyz("database") == {"database": "failed: ProgrammingError"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("databse", "which can't be imported"),
        ("shop.health.missing", "which can't be imported"),
        (f"{__name__}.__doc__", "which is str; expected a function"),
        ("database:replica", "'replica' is none of the settings' aliases: default"),
        ("cache:sessions", "'sessions' is none of the settings' aliases: default"),
    ],
)
def test_a_check_that_means_nothing_is_never_ready_and_an_error_of_check(
    db: None, settings: object, name: str, said: str
) -> None:
    assert readyz(name) == {name: "failed: ImproperlyConfigured"}
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, ready_checks=(name,))
    (found,) = [
        each for each in run_checks(tags=["django_instrumentation"]) if each.id == "django_instrumentation.E031"
    ]
    assert said in found.msg
    assert found.msg.endswith(".")
