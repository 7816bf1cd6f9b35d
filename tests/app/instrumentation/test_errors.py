"""Error events, as a tracker gets them from gunicorn."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from harness import processes, scripts
from harness.partner import Partner
from harness.processes import HttpProcess
from harness.samples import total
from harness.tracker import Tracker
from harness.wait import eventually

from django_instrumentation import errors, events, request_errors
from django_instrumentation.conf import Settings
from organizations.models import User

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVES_UP = errors.Transport.TIMEOUT
"""After so many seconds the reporter gives a tracker up: a request that waited for one would take longer."""
ORDER = {"card_token": "tok_secret_card", "lines": [{"product": "SKU-0001", "quantity": 1}]}


def headers(token: str, request_id: str) -> dict[str, str]:
    return {
        "Authorization": f"Token {token}",
        "X-Request-ID": request_id,
        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
        "Cookie": "sessionid=hunter2",
    }


def place(web: HttpProcess, token: str, request_id: str) -> requests.Response:
    return requests.post(
        f"{web.url}/api/orders?password=hunter2&note=swordfish",
        json=ORDER,
        headers=headers(token, request_id),
        timeout=20,
    )


def test_a_broken_payment_api_is_one_event_joined_by_its_ids_and_without_secrets(
    web: HttpProcess, demo: User, token: str, partner: Partner, tracker: Tracker
) -> None:
    partner.mode = "error"
    answer = place(web, token, "broken-payment")
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (503, "broken-payment")
    event = tracker.event(request_id="broken-payment")
    line = web.line(request_id="broken-payment", level="ERROR")
    assert event["contexts"]["trace"]["trace_id"] == line["trace_id"] == TRACE
    assert event["contexts"]["trace"]["span_id"] == line["span_id"]
    assert event["user"] == {"id": str(demo.pk), "username": "buyer", "email": "buyer@erp.example"}
    assert event["tags"]["organization_id"] == line["org_id"] == str(demo.organization_id)
    assert (event["tags"]["application"], event["tags"]["service"]) == ("erp", "erp-web")
    assert (line["application"], line["service"]) == ("erp", "erp-web")
    assert event["environment"] == "sandbox"
    assert event["release"] == "test"
    assert event["exception"]["values"][-1]["type"] == "Unavailable"
    for secret in ("hunter2", "swordfish", "tok_secret_card", token, partner.api_key, '"vars"'):
        assert secret not in json.dumps(event)
    assert "hunter2" not in web.log.read_text()


def test_an_unhandled_exception_is_one_event_and_one_500(web: HttpProcess, token: str, tracker: Tracker) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order RENAME TO orders_away")
    try:
        answer = requests.get(f"{web.url}/api/orders", headers=headers(token, "unhandled"), timeout=20)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE orders_away RENAME TO orders_order")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    event = tracker.event(request_id="unhandled")
    assert event["exception"]["values"][-1]["type"] == "ProgrammingError"
    assert (event["transaction"], event["exception"]["values"][-1]["mechanism"]["handled"]) == ("/api/orders", False)
    assert (event["request"]["url"], event["request"]["method"]) == (f"{web.url}/api/orders", "GET")
    assert set(event["request"]["headers"]) <= set(request_errors.HEADERS)
    line = web.line(request_id="unhandled", level="ERROR")
    assert (line["logger"], line["trace_id"]) == ("django.request", TRACE)


def test_a_new_key_needs_no_restart_and_a_wrong_one_costs_no_event(tracker: Tracker, tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    file.write_text(tracker.dsn)
    new = tracker.dsn.replace("a" * 32, "b" * 32)
    send = "sentry_sdk.capture_message('{}'); sentry_sdk.flush()"
    code = f"""
import django, pathlib, sentry_sdk
django.setup()
{send.format("before")}
pathlib.Path({str(file)!r}).write_text({new!r})
{send.format("after")}
pathlib.Path({str(file)!r}).write_text("http://key@tracker:port/1")
{send.format("with what is no DSN")}
"""
    assert scripts.run("-c", code, SENTRY_DSN_FILE=str(file)).returncode == 0
    keys = [call.headers["x-sentry-auth"].partition("sentry_key=")[2][:32] for call in tracker.calls]
    assert keys == ["a" * 32, "b" * 32, "b" * 32]


def test_what_a_broken_tracker_drops_is_counted(token: str, partner: Partner, tracker: Tracker, tmp_path: Path) -> None:
    partner.mode = "error"
    env = {"PAYMENT_API_URL": partner.url, "SENTRY_DSN": tracker.dsn}
    with processes.web(tmp_path, workers=1, **env) as web:
        for tracker.status, dropped in ((500, 3), (429, 6)):
            for number in range(3):
                assert place(web, token, f"dropped-{number}").elapsed.total_seconds() < GIVES_UP
            found = eventually(lambda: _dropped(web, dropped), f"{dropped} drops")  # noqa: B023 - asked at once
    assert found.pop("status_500") == 3
    assert set(found) <= {"status_429", "self_rate_limits"}


def test_a_tracker_that_is_away_costs_nobody_anything(token: str, partner: Partner, tmp_path: Path) -> None:
    partner.mode = "error"
    dsn = f"http://{'a' * 32}@127.0.0.1:{processes.free_port()}/1"
    with processes.web(tmp_path, workers=1, PAYMENT_API_URL=partner.url, SENTRY_DSN=dsn) as web:
        for number in range(3):
            assert place(web, token, f"away-{number}").elapsed.total_seconds() < GIVES_UP
        assert eventually(lambda: _dropped(web, 3), "3 drops") == {"network": 3.0}
        assert total(web.metrics(), "sentry_events_total") == 3
    assert web.errors.read_text() == ""


def test_a_tracker_that_never_answers_costs_nobody_anything(
    token: str, partner: Partner, tracker: Tracker, tmp_path: Path
) -> None:
    """One event is on its way and a hundred wait; each one more is dropped and counted, and no request notices."""
    tracker.hold = threading.Event()
    partner.mode = "error"
    sent, queue_size = 130, 100
    with processes.web(tmp_path, workers=1, PAYMENT_API_URL=partner.url, SENTRY_DSN=tracker.dsn) as web:
        for number in range(sent):
            assert place(web, token, f"silent-{number}").elapsed.total_seconds() < GIVES_UP
        exposition = web.metrics()
        assert total(exposition, "sentry_events_total", level="error") == sent
        dropped = total(exposition, "sentry_dropped_total", reason="full_queue")
        assert sent - queue_size - 2 <= dropped <= sent - queue_size
        tracker.hold.set()
        eventually(lambda: len(tracker.events) == sent - dropped, f"the {sent - dropped:g} other events", 20)


def _dropped(web: HttpProcess, number: int) -> dict[str, float] | None:
    exposition = web.metrics()
    reasons = (*errors.DROP_REASONS, "status_500")
    found = {reason: total(exposition, "sentry_dropped_total", reason=reason) for reason in reasons}
    return {reason: value for reason, value in found.items() if value} if sum(found.values()) == number else None


def test_tags_and_breadcrumbs_of_a_request_stay_with_it(tracker: Tracker, tmp_path: Path) -> None:
    code = """
import django, logging, sentry_sdk
django.setup()
from django.test import RequestFactory
from django_instrumentation import request_errors
for number in (1, 2):
    with request_errors.scope(RequestFactory().get(f"/somewhere/{number}")):
        if number == 1:
            sentry_sdk.set_tag("mine", "first")
            logging.getLogger("orders").warning("said by the first")
        sentry_sdk.set_tag("request_id", f"scoped-{number}")
        sentry_sdk.capture_message(f"request {number}")
sentry_sdk.flush()
"""
    assert scripts.run("-c", code, SENTRY_DSN=tracker.dsn).returncode == 0
    first, second = tracker.event(request_id="scoped-1"), tracker.event(request_id="scoped-2")
    assert (first["tags"]["mine"], "mine" in second["tags"]) == ("first", False)
    assert "said by the first" in json.dumps(first["breadcrumbs"])
    assert "said by the first" not in json.dumps(second.get("breadcrumbs"))
    assert second["request"]["url"].endswith("/somewhere/2")


def test_a_step_of_django_s_in_a_thread_has_the_request_s_scope_and_copies_none(tracker: Tracker) -> None:
    code = """
import asyncio, django, sentry_sdk, threading, traceback
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.http import HttpResponse
from django.test import AsyncClient, override_settings
from django.urls import path
from sentry_sdk.scope import Scope
copied, fork = [], Scope.fork
Scope.fork = lambda scope: copied.append({frame.name for frame in traceback.extract_stack()}) or fork(scope)

def view(request):
    sentry_sdk.set_tag("mine", "in-a-step")
    sentry_sdk.capture_message("of the step")
    thread = threading.Thread(target=sentry_sdk.capture_message, args=("of a thread",))
    thread.start()
    thread.join()
    return HttpResponse()

async def pooled(request):
    who = request.GET["who"]
    sentry_sdk.set_tag("mine", who)

    def job():
        sentry_sdk.set_tag(f"set_for_{who}", "yes")
        sentry_sdk.capture_message(f"of {who}'s job")

    await asyncio.get_running_loop().run_in_executor(pool, job)
    return HttpResponse()

pool = ThreadPoolExecutor(1)
urlpatterns = [path("quiet", lambda _: HttpResponse()), path("step", view), path("pooled", pooled)]
with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
    asyncio.run(AsyncClient().get("/quiet"))
    print(sum("sentry_submit" in callers for callers in copied))
    asyncio.run(AsyncClient().get("/step"))
    for who in ("alice", "bob"):
        asyncio.run(AsyncClient().get(f"/pooled?who={who}"))
sentry_sdk.flush()
if any("sentry_submit" in callers for callers in copied):
    print("handed on to pools")
"""
    done = scripts.run("-c", code, SENTRY_DSN=tracker.dsn)
    assert "0" in done.stdout.splitlines()
    found = {event["message"]: event for event in tracker.events}
    assert {found[message]["tags"]["mine"] for message in ("of the step", "of a thread")} == {"in-a-step"}
    assert {found[message]["transaction"] for message in ("of the step", "of a thread")} == {"/step"}
    if "handed on to pools" in done.stdout.splitlines():  # by an older SDK a thread of a pool keeps its first scope
        assert [found[f"of {who}'s job"]["tags"]["mine"] for who in ("alice", "bob")] == ["alice", "bob"]
        assert "set_for_alice" not in found["of bob's job"]["tags"]


@pytest.mark.parametrize("dsn", ["nonsense", "http://key@tracker:port/1", "http://key@[::1/1"])
def test_a_wrong_dsn_is_said_in_a_sentence(dsn: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN is no DSN"):
        errors.init(Settings(service="s", sentry_dsn=dsn))


def test_an_event_that_can_not_be_prepared_is_dropped_and_counted(lines: list[dict[str, Any]]) -> None:
    hook = events.Hook(application="a", service="s", user_email=True)
    assert hook({"exception": {"values": [object()]}}, {}) is None  # type: ignore[typeddict-item]
    assert [line["level"] for line in lines] == ["WARNING"]
