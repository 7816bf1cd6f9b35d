"""Run by test_events.py: tells each text of the corpus by every channel that leads out of a process."""

import logging
import os
import subprocess
import sys

import django
import requests
import sentry_sdk

django.setup()

from django_instrumentation import tracing  # noqa: E402 - it reads the settings
from tests.app.instrumentation.corpus import CORPUS  # noqa: E402

log = logging.getLogger("corpus")
options = sentry_sdk.get_client().options


def fail(text: str) -> None:
    given, values = text, {"note": [text]}
    try:
        raise ValueError(given, values)
    except ValueError as error:
        raise RuntimeError(f"again: {text}") from error


def tell(text: str) -> None:
    log.warning(text)
    log.warning("an argument: %s", text)
    log.warning("a field", extra={"details": {"note": text, "password": text}})
    log.error("an event: %s", text, extra={"note": text})
    sentry_sdk.add_breadcrumb(category="subprocess", message=text, data={"note": text, "http.query": text})
    sentry_sdk.set_extra("note", text)
    sentry_sdk.set_tag("note", text)
    sentry_sdk.set_context("order", {"note": text})
    sentry_sdk.capture_message(text)
    try:
        fail(text)
    except RuntimeError:
        log.warning("an exception", exc_info=True)
        sentry_sdk.capture_exception()


def trace(text: str) -> None:
    from opentelemetry.trace import Status, StatusCode

    with tracing._tracer.start_as_current_span(f"call {text}", attributes={"db.statement": text}) as span:
        span.set_attributes({"http.url": f"http://erp-web/?a={text}", "several": [text, "x"]})
        span.add_event("told", {"note": text})
        span.add_link(span.get_span_context(), {"note": text})
        span.record_exception(ValueError(text))
        span.set_status(Status(StatusCode.ERROR, text))


def call() -> None:
    """What the SDK and the instrumentations record by themselves."""
    with sentry_sdk.isolation_scope(), tracing._tracer.start_as_current_span("calls"):
        url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
        requests.get(f"{url}/pay?q=swordfish#swordfish", auth=("jane", "swordfish"), timeout=5)
        subprocess.run(["true", "--password", "swordfish"], check=True)
        log.warning("called by token %s", "swordfish or not")
        sentry_sdk.set_tag("which", "calls")
        log.error("called with %(token)s", {"token": "swordfish or not"})


tracing.start()
call()
for each, _ in CORPUS:
    for with_locals in (False, True):
        options["include_local_variables"] = with_locals
        with sentry_sdk.isolation_scope():
            tell(each)
    trace(each)
    sentry_sdk.flush()  # no more than a hundred events wait
tracing.stop()
sys.stdout.flush()
