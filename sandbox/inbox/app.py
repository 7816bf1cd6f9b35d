"""The inbox's routes: one for each channel, one API and one page."""

from datetime import UTC, datetime

from prometheus_client import Gauge
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.bodies import BadRequest, parse_json, parse_object, read_body
from sandbox.inbox.checks import PagerDutyError, SlackError, check_pagerduty, check_slack
from sandbox.inbox.page import CONTENT_SECURITY_POLICY, render_page
from sandbox.inbox.store import CHANNELS, Store
from sandbox.switches import Switches
from sandbox.web import JsonResponse, make_app

HEARTBEAT_AGE = Gauge(
    "inbox_heartbeat_age_seconds", "Seconds since the last heartbeat, or since the start while none came."
)


class Inbox:
    def __init__(self, store: Store, switches: Switches, heartbeat_seconds: int) -> None:
        self.store = store
        self.switches = switches
        self.heartbeat_seconds = heartbeat_seconds

    async def livez(self, _request: Request) -> Response:
        """Unhealthy when the heartbeats have stopped, so that `docker ps` and `make status` show it."""
        age = self.store.heartbeat_age()
        if self.store.has_heartbeat and age > self.heartbeat_seconds:
            problem = (
                f"No heartbeat for {age:.0f} s, expected one a minute: Prometheus, Alertmanager or the way here is "
                "broken, and no alert arrives.\n"
            )
            return PlainTextResponse(problem, status_code=503)
        return PlainTextResponse("OK\n")

    async def slack(self, request: Request) -> Response:
        return await self.switches.fault("slack", request) or await self._slack("slack", request)

    async def tracker_slack(self, request: Request) -> Response:
        return await self._slack("tracker", request)

    async def _slack(self, channel: str, request: Request) -> Response:
        try:
            body = check_slack(await read_body(request))
        except SlackError as error:
            return PlainTextResponse(str(error), status_code=400)
        self.store.add(channel, body)
        return PlainTextResponse("ok")

    async def tracker_json(self, request: Request) -> Response:
        self.store.add("tracker", parse_object(await read_body(request)))
        return JsonResponse({"status": "ok"})

    async def pagerduty(self, request: Request) -> Response:
        if broken := await self.switches.fault("pagerduty", request):
            return broken
        try:
            body, dedup_key = check_pagerduty(await read_body(request))
        except PagerDutyError as error:
            refusal = {"status": "invalid event", "message": "Event object is invalid", "errors": error.errors}
            return JsonResponse(refusal, status_code=400)
        self.store.add("pagerduty", body)
        answer = {"status": "success", "message": "Event processed", "dedup_key": dedup_key}
        return JsonResponse(answer, status_code=202)

    async def webhook(self, request: Request) -> Response:
        self.store.add("webhook", parse_object(await read_body(request)))
        return JsonResponse({"status": "ok"})

    async def heartbeat(self, request: Request) -> Response:
        raw = await read_body(request)
        try:
            body = parse_json(raw)
        except BadRequest:
            body = raw.decode("utf-8", errors="replace")
        self.store.add("heartbeat", body)
        return PlainTextResponse("OK\n")

    async def notifications(self, request: Request) -> Response:
        kept = [
            {"id": each.id, "channel": each.channel, "received_at": each.received_at, "body": each.body}
            for each in self.store.kept(_channel(request))
        ]
        return JsonResponse({"notifications": kept, "dropped": self.store.dropped()})

    async def page(self, request: Request) -> Response:
        html = render_page(self.store, channel=_channel(request), now=datetime.now(UTC))
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": "no-store"}
        return Response(html, media_type="text/html", headers=headers)


def _channel(request: Request) -> str | None:
    name = request.query_params.get("channel")
    if name is not None and name not in CHANNELS:
        raise BadRequest(f"There is no channel {name[:40]!r}; expected one of {', '.join(CHANNELS)}.")
    return name


def make_inbox(store: Store, switches: Switches, *, heartbeat_seconds: int) -> ASGIApp:
    """`heartbeat_seconds` is how long heartbeats may stay away before /livez says so."""
    inbox = Inbox(store, switches, heartbeat_seconds)
    HEARTBEAT_AGE.set_function(store.heartbeat_age)
    return make_app(
        [
            Route("/slack/{token}", inbox.slack, methods=["POST"]),
            Route("/v2/enqueue", inbox.pagerduty, methods=["POST"]),
            Route("/tracker/slack", inbox.tracker_slack, methods=["POST"]),
            Route("/tracker/json", inbox.tracker_json, methods=["POST"]),
            Route("/webhook", inbox.webhook, methods=["POST"]),
            Route("/heartbeat", inbox.heartbeat, methods=["GET", "POST"]),
            Route("/api/notifications", inbox.notifications, methods=["GET"]),
            Route("/", inbox.page, methods=["GET"]),
            *switches.routes,
        ],
        alive=Route("/livez", inbox.livez),
    )
