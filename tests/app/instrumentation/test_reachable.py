"""The pages of the package are answered whatever stands in front of the project's own, under WSGI and ASGI."""

import asyncio
import dataclasses
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import clear_script_prefix
from harness.processes import web, with_support

from django_instrumentation import health
from django_instrumentation.conf import from_environment
from django_instrumentation.probe import main

TOKEN = f"Bearer {django_settings.INSTRUMENTATION.metrics_token}"
HEALTH = ("/livez", "/readyz", "/healthz")
LOG_IN = "django.contrib.auth.middleware.LoginRequiredMiddleware"
OBSTACLES: dict[str, dict[str, Any]] = {
    "a host that isn't allowed": {"ALLOWED_HOSTS": ["shop.example"]},
    "a redirect to HTTPS": {"SECURE_SSL_REDIRECT": True},
    "a log-in": {"MIDDLEWARE": [*django_settings.MIDDLEWARE, LOG_IN]},
    "a catch-all route": {"ROOT_URLCONF": "harness.obstacles"},
    "an own page": {"ROOT_URLCONF": "harness.obstacles_own"},
    "other URLs by host": {"MIDDLEWARE": [*django_settings.MIDDLEWARE, "harness.obstacles.switch_urls"]},
    "a script's prefix": {"FORCE_SCRIPT_NAME": "/erp"},
    "slashes that are added": {"APPEND_SLASH": True, "ROOT_URLCONF": "harness.obstacles"},
}


@pytest.fixture(autouse=True)
def _no_prefix() -> Iterator[None]:
    yield
    clear_script_prefix()
    health._check.cache_clear()


def get(path: str, **headers: str) -> HttpResponse:
    return Client(headers=headers).get(path)


def get_async(path: str, **headers: str) -> HttpResponse:
    return asyncio.run(AsyncClient().get(path, headers=headers))


ways = pytest.mark.parametrize("get", [get, get_async])


@ways
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_metrics_are_shown(db: None, settings: Any, obstacle: str, get: Any) -> None:
    for name, value in OBSTACLES[obstacle].items():
        setattr(settings, name, value)
    answer = get("/metrics", authorization=TOKEN, host="web:8000")
    assert answer.status_code == 200
    assert b"build_info" in answer.content
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert get("/metrics", host="web:8000").status_code == 401


@ways
@pytest.mark.parametrize("path", HEALTH)
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_health_is_shown(db: None, settings: Any, obstacle: str, path: str, get: Any) -> None:
    for name, value in OBSTACLES[obstacle].items():
        setattr(settings, name, value)
    answer = get(path, host="web:8000")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Token {}", "bearer {}x", "Bearer ü"])
def test_metrics_need_the_token(given: str) -> None:
    answer = get("/metrics", authorization=given.format(django_settings.INSTRUMENTATION.metrics_token))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"python_info" not in answer.content


def test_a_new_token_needs_no_restart(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text("of-the-start\n")
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(file))
    settings.INSTRUMENTATION = from_environment(service="shop")
    statuses = []
    for held in ("of-the-start", "rotated", ""):
        file.write_text(held)
        statuses += [
            get("/metrics", authorization=f"Bearer {each}").status_code for each in ("of-the-start", "rotated")
        ]
    assert statuses == [200, 401, 401, 200, 200, 401]  # an empty file is none: the token of the start holds


def test_a_token_from_a_pipe_is_read_once(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens it again waits for somebody who writes: a request of anybody's would never end."""
    pipe = tmp_path / "token"
    os.mkfifo(pipe)
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(pipe))
    writer = threading.Thread(target=pipe.write_text, args=("of-the-pipe\n",))
    writer.start()
    settings.INSTRUMENTATION = from_environment(service="shop")
    writer.join()
    answered: list[int] = []
    asking = threading.Thread(
        target=lambda: answered.append(get("/metrics", authorization="Bearer of-the-pipe").status_code), daemon=True
    )
    asking.start()
    asking.join(20)
    assert answered == [200]


def test_nothing_of_the_pages_needs_a_database() -> None:
    # This test has no access to one.
    assert get("/metrics", authorization=TOKEN).status_code == 200
    assert get("/livez").status_code == 200


def test_the_paths_are_settings(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.obstacles"
    paths = {"metrics_path": "/-/metrics", "live_path": "/-/live", "ready_path": "/-/ready", "health_path": ""}
    settings.INSTRUMENTATION = dataclasses.replace(django_settings.INSTRUMENTATION, **paths)
    assert b"build_info" in get("/-/metrics", authorization=TOKEN).content
    assert [get(path).json()["status"] for path in ("/-/live", "/-/ready")] == ["ok", "ok"]
    assert {get(path, authorization=TOKEN).content for path in ("/metrics", *HEALTH)} == {b"<html>"}


@pytest.mark.parametrize("state", ["stopped", "hung"])
def test_metrics_and_health_are_shown_without_the_database(db: None, tmp_path: Path, state: str) -> None:
    """With ATOMIC_REQUESTS, where each view begins with a query."""
    folder = tmp_path / "settings"
    folder.mkdir()
    text = 'from config.settings import *\nDATABASES["default"]["ATOMIC_REQUESTS"] = True\nALLOWED_HOSTS = []\n'
    (folder / "atomic.py").write_text(text, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        port = str(black_hole.getsockname()[1])
        if state == "stopped":
            black_hole.close()
        env = {"DJANGO_SETTINGS_MODULE": "atomic", "PYTHONPATH": with_support(str(folder)), "DATABASE_PORT": port}
        with web(tmp_path, workers=1, **env) as process:
            started = time.monotonic()
            headers = {"Authorization": TOKEN, "Host": "web:8000"}
            for _ in range(3):
                answer = requests.get(f"{process.url}/metrics", headers=headers, timeout=10)
                assert (answer.status_code, "build_info" in answer.text) == (200, True)
            assert time.monotonic() - started < 3
            ready = requests.get(f"{process.url}/readyz", headers=headers, timeout=10)
            assert ready.elapsed.total_seconds() < 3.5
            assert ready.json()["checks"] == {"database": "failed: OperationalError", "cache": "ok"}
            assert [main([f"{process.url}/{page}"]) for page in ("livez", "readyz")] == [0, 1]
            assert [line for line in process.lines if line["level"] == "ERROR"] == []


def test_a_failing_page_is_logged_by_nobody_so_that_no_admin_gets_a_mail(db: None, settings: Any) -> None:
    seen: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = seen.append  # type: ignore[method-assign]
    settings.INSTRUMENTATION = dataclasses.replace(
        settings.INSTRUMENTATION, ready_checks=("harness.obstacles.is_never_well",)
    )
    logging.getLogger("django.request").addHandler(handler)
    try:
        assert [each("/readyz").status_code for each in (get, get_async)] == [503, 503]
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert seen == []
