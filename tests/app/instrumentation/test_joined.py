"""A project that calls sentry_sdk.init itself: its client goes on, with our scrubbing and counting in it."""

from collections.abc import Iterator
from typing import Any

import pytest
import sentry_sdk
from harness import scripts
from harness.tracker import Tracker

HEAD = """
import logging, os, sys
import django, sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration

THEIRS, OURS = sys.argv[1:]
SECRET = "hunter" + "2"  # so that it isn't in the source lines of a frame


def before_send(event, hint):
    event["tags"] = {**event.get("tags", {}), "theirs": "yes"}
    event["extra"] = {**event.get("extra", {}), "note": "password=" + SECRET}
    return None if "unwanted" in str(event.get("logentry")) else event


def their_init(**more):
    options = {"before_send": before_send, "release": "their-release", "enable_logs": True, "traces_sample_rate": 1.0}
    sentry_sdk.init(dsn=THEIRS, **{**options, **more})


def our_setup():
    import django_instrumentation

    os.environ["SENTRY_DSN"] = OURS
    namespace = {"INSTALLED_APPS": ["django.contrib.contenttypes"], "ROOT_URLCONF": "harness.urls", "SECRET_KEY": "s",
                 "ALLOWED_HOSTS": ["*"]}
    django_instrumentation.setup(namespace, service="joined", log_format="json")
    settings.configure(**{name: value for name, value in namespace.items() if name.isupper()})


def get(path):
    from django.test import Client

    return Client(raise_request_exception=False).get(path).status_code


def say():
    password = SECRET
    logging.getLogger("shop").error("password=" + password)
    try:
        raise ValueError("password=" + password)
    except ValueError:
        logging.getLogger("shop").exception("broken")


"""
FOREIGN_INITS = {
    "after": "our_setup(); their_init(); django.setup(); say()",
    "after the start": "our_setup(); django.setup(); their_init(); say()",
    "twice": "their_init(); our_setup(); django.setup(); their_init(); say()",
}


@pytest.fixture
def theirs() -> Iterator[Tracker]:
    """The tracker of a project that calls sentry_sdk.init itself."""
    found = Tracker()
    with found.running():
        yield found


def run_joined(code: str, theirs: Tracker, ours: Tracker) -> str:
    script = f"{HEAD}\n{code}\nsentry_sdk.flush()\n"
    return scripts.output("-c", script, theirs.dsn.replace("//a", "//b"), ours.dsn)


@pytest.mark.parametrize("when", FOREIGN_INITS)
def test_the_project_s_own_init_is_joined(when: str, theirs: Tracker, tracker: Tracker) -> None:
    """Their DSN, options and hook stay, ours is around it, whenever they call it. Below they call it before ours."""
    run_joined(FOREIGN_INITS[when], theirs, tracker)
    assert len(theirs.events) == 2
    for event in theirs.events:
        assert_it_is_theirs_and_ours(event)
    assert "hunter2" not in theirs.text
    assert tracker.events == []


def assert_it_is_theirs_and_ours(event: dict[str, Any]) -> None:
    tags = event["tags"]
    assert (event["release"], tags["theirs"], tags["service"]) == ("their-release", "yes", "joined")


def test_with_the_project_s_django_integration_all_is_scrubbed_and_one_event(theirs: Tracker, tracker: Tracker) -> None:
    code = """
their_init(
    integrations=[DjangoIntegration()], disabled_integrations=[DedupeIntegration()],
    send_default_pii=True,
)
our_setup()
django.setup()
assert get("/fail?password=hunter2") == 500
with sentry_sdk.start_transaction(name="nightly") as transaction:
    with transaction.start_child(op="http", name="GET /?password=" + SECRET) as span:
        span.set_data("url", "https://user:" + SECRET + "@shop.example/")
logging.getLogger("shop").warning("login failed, password=%s", SECRET, extra={"token": SECRET})
"""
    run_joined(code, theirs, tracker)
    (event,) = theirs.events
    assert event["exception"]["values"][-1]["type"] == "ZeroDivisionError"
    assert event["tags"]["request_id"]
    assert "nightly" in theirs.text
    assert "login failed" in theirs.text
    assert "hunter2" not in theirs.text


@pytest.mark.parametrize("integrations", ["DjangoIntegration()", ""])
def test_a_broken_body_under_asgi_is_one_event_whoever_looks_for_it(
    integrations: str, theirs: Tracker, tracker: Tracker
) -> None:
    """Their SDK sees the exception twice or once more than ours: where Django raises it, and around the application."""
    code = f"""
import asyncio
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

their_init(integrations=[{integrations}], auto_enabling_integrations=False, disabled_integrations=[DedupeIntegration()])
our_setup()
from django.core.asgi import get_asgi_application

application = SentryAsgiMiddleware(get_asgi_application())
path = {{"type": "http", "method": "GET", "path": "/stream_async", "query_string": b"fail=1"}}
scope = {{**path, "headers": [(b"host", b"x")], "server": ("x", 80), "client": ("127.0.0.1", 1)}}

async def receive():
    for message in request:
        return message
    await asyncio.Event().wait()


async def send(message):
    pass


for _ in range(2):
    request = iter([{{"type": "http.request", "body": b"", "more_body": False}}])
    try:
        asyncio.run(application(scope, receive, send))
    except ZeroDivisionError:
        print("raised")
"""
    assert run_joined(code, theirs, tracker).splitlines().count("raised") == 2
    errors = [event for event in theirs.events if "exception" in event]
    assert [event["exception"]["values"][-1]["type"] for event in errors] == ["ZeroDivisionError"] * 2
    assert all(event["tags"]["request_id"] for event in errors)


@pytest.mark.parametrize("integrations", ["DjangoIntegration()", ""])
def test_a_view_that_ends_its_process_is_one_event_with_ids(
    integrations: str, theirs: Tracker, tracker: Tracker
) -> None:
    code = f"""
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware
from django.test import RequestFactory

their_init(integrations=[{integrations}], auto_enabling_integrations=False, disabled_integrations=[DedupeIntegration()])
our_setup()
from django.core.wsgi import get_wsgi_application

application = SentryWsgiMiddleware(get_wsgi_application())
try:
    application(RequestFactory().get("/leave").environ, lambda *_: None)
except SystemExit:
    print("left")
"""
    assert "left" in run_joined(code, theirs, tracker)
    (event,) = [event for event in theirs.events if "exception" in event]
    assert event["exception"]["values"][-1]["type"] == "SystemExit"
    assert event["tags"]["request_id"]


def test_without_it_ours_reports_the_exception(theirs: Tracker, tracker: Tracker) -> None:
    code = """
their_init(auto_enabling_integrations=False)
our_setup()
django.setup()
assert get("/fail") == 500
"""
    run_joined(code, theirs, tracker)
    (event,) = theirs.events
    assert (event["transaction"], event["tags"]["service"]) == ("/fail", "joined")


def test_what_the_project_s_hook_or_tracker_drops_is_heeded_and_counted(theirs: Tracker, tracker: Tracker) -> None:
    code = """
their_init(
    before_send=lambda event, hint: 1 / 0 if "failing" in str(event["logentry"]) else before_send(event, hint),
    enable_logs=False, send_client_reports=False,
)
our_setup()
django.setup()
for text in ("unwanted", "failing", "wanted"):
    logging.getLogger("shop").error(text)
sentry_sdk.flush()
from django_instrumentation import metrics
print([metrics.SENTRY_DROPPED.labels(reason)._value.get() for reason in ("hook_failed", "status_500")])
"""
    theirs.status = 500
    assert "[1.0, 1.0]" in run_joined(code, theirs, tracker)
    (event,) = theirs.events
    assert_it_is_theirs_and_ours(event)
    assert event["logentry"]["message"] == "wanted"


@pytest.mark.parametrize("lifecycle", ["static", "stream"])
def test_metrics_and_streamed_spans_are_scrubbed_too(lifecycle: str, theirs: Tracker, tracker: Tracker) -> None:
    """The oldest SDK that we take has neither: of its events the same holds."""
    code = f"""
def add(found, hint):
    found["attributes"]["note"] = "theirs, password=" + SECRET
    return found
more = {{"trace_lifecycle": "{lifecycle}", "before_send_metric": add}} if hasattr(sentry_sdk, "traces") else {{}}
their_init(send_default_pii=True, **more)
our_setup(); django.setup()
sentry_sdk.set_user({{"id": 7, "email": "jane@shop.example"}})
if not more:
    sentry_sdk.capture_message("theirs, password=" + SECRET)
else:
    sentry_sdk.metrics.count("logins", 1, attributes={{"password": SECRET, "page": "/?token=" + SECRET}})
if more.get("trace_lifecycle") == "stream":
    sentry_sdk.traces.start_span(name="GET /?token=" + SECRET, attributes={{"token": SECRET, "is": "streamed"}}).end()
"""
    run_joined(code, theirs, tracker)
    assert "theirs" in theirs.text
    assert ("streamed" in theirs.text) is (lifecycle == "stream" and hasattr(sentry_sdk, "traces"))
    assert "hunter2" not in theirs.text
    assert not hasattr(sentry_sdk, "traces") or "jane@shop.example" not in theirs.text  # an event has its user's


def test_a_second_setup_counts_for_the_project_s_own_client_too(theirs: Tracker, tracker: Tracker) -> None:
    code = """
their_init(send_default_pii=True)
our_setup()
django_instrumentation.setup({"INSTRUMENTATION": settings.INSTRUMENTATION}, service="production", user_email=False)
django.setup()
sentry_sdk.set_user({"id": 7, "username": "jane@shop.example", "email": "jane@shop.example"})
say()
"""
    run_joined(code.replace("our_setup()", "our_setup(); import django_instrumentation", 1), theirs, tracker)
    assert {event["tags"]["service"] for event in theirs.events} == {"production"}
    assert "jane@shop.example" not in theirs.text


def test_an_init_without_a_tracker_does_not_end_our_reports(theirs: Tracker, tracker: Tracker) -> None:
    code = """
our_setup()
os.environ.pop("SENTRY_DSN")
sentry_sdk.init()
sentry_sdk.init(dsn=None)
django.setup()
say()
"""
    run_joined(code, theirs, tracker)
    assert len(tracker.events) == 2
    assert "hunter2" not in tracker.text


def test_a_scrubber_of_the_project_s_own_stays_and_ours_comes_after_it(theirs: Tracker, tracker: Tracker) -> None:
    code = """
class Chained:  # as in Weblate
    def scrub_event(self, event):
        event["tags"] = {**event.get("tags", {}), "scrubbed": "by theirs"}

their_init(event_scrubber=Chained())
our_setup()
django.setup()
say()
"""
    run_joined(code, theirs, tracker)
    assert [event["tags"]["scrubbed"] for event in theirs.events] == ["by theirs"] * 2
    assert "hunter2" not in theirs.text


def test_the_check_s_own_requests_send_no_event_from_any_thread(theirs: Tracker, tracker: Tracker) -> None:
    code = """
their_init(before_send=None)
our_setup()
django.setup()
from threading import Thread
from django_instrumentation import own_pages
with own_pages._apart():
    sentry_sdk.capture_message("here")
    thread = Thread(target=sentry_sdk.capture_message, args=("there",))
    thread.start()
    thread.join()
    sentry_sdk.flush()
sentry_sdk.capture_message("after")
"""
    run_joined(code, theirs, tracker)
    assert [event["message"] for event in theirs.events] == ["after"]
