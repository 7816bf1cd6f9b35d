"""The partner's routes: payments, shipments and the switches that make them fail."""

import hmac
import uuid
from collections.abc import Callable

from prometheus_client import Gauge
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.bodies import Json, parse_object, read_body
from sandbox.partner.orders import check_shipment, checked_payment
from sandbox.switches import Switches
from sandbox.web import JsonResponse, error_response, make_app

HANGING = Gauge("partner_hanging", "Calls that the timeout switch holds at the moment.")
CREATED, PAYMENT_REQUIRED = 201, 402


class Partner:
    def __init__(self, *, api_key: Callable[[], str], switches: Switches) -> None:
        """`api_key` gives the key that holds at the moment of a call."""
        self.api_key = api_key
        self.switches = switches

    async def payments(self, request: Request) -> Response:
        return await self._answer("payment", request, _take_payment)

    async def shipments(self, request: Request) -> Response:
        return await self._answer("shipping", request, _take_shipment)

    async def _answer(self, operation: str, request: Request, take: Callable[[Json], Response]) -> Response:
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, f"Bearer {self.api_key()}".encode()):
            sentence = "The bearer token is missing or wrong; expected the partner API key."
            response = error_response(401, "unauthorized", sentence)
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        raw = await read_body(request)
        broken = await self.switches.fault(operation, request)
        # The Idempotency-Key is of no use here: nothing is kept of a payment or a shipment.
        return broken or take(parse_object(raw))


def _take_payment(body: Json) -> Response:
    amount, card_token = checked_payment(body)
    if card_token == "tok_no_money":  # noqa: S105 - a test card, not a secret
        sentence = f"The card can't pay {amount}."
        return error_response(PAYMENT_REQUIRED, "no_money", sentence)
    if not card_token.startswith("tok_"):
        sentence = "The card token is unknown; tokens begin with tok_."
        return error_response(PAYMENT_REQUIRED, "card_refused", sentence)
    return JsonResponse({"payment_id": f"pay_{uuid.uuid4().hex}"}, status_code=CREATED)


def _take_shipment(body: Json) -> Response:
    check_shipment(body)
    return JsonResponse({"tracking_number": f"TRACK-{uuid.uuid4().hex[:16].upper()}"}, status_code=CREATED)


def make_partner(partner: Partner) -> ASGIApp:
    HANGING.set_function(lambda: partner.switches.hanging)
    return make_app(
        [
            Route("/payments", partner.payments, methods=["POST"]),
            Route("/shipments", partner.shipments, methods=["POST"]),
            *partner.switches.routes,
        ]
    )
