"""`python -m sandbox.traffic`."""

import os

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox import settings
from sandbox.program import run
from sandbox.traffic.runner import Runner
from sandbox.web import make_app, serve


def main() -> None:
    settings.secret("TRAFFIC_PASSWORD")
    runner = Runner(
        os.environ.get("ERP_URL", "http://erp-web:8000"),
        orders_per_minute=settings.number("TRAFFIC_ORDERS_PER_MINUTE", 60.0),
        shoppers=settings.number("TRAFFIC_SHOPPERS", 8),
    )

    async def alive(_request: Request) -> Response:
        if runner.alive():
            return PlainTextResponse("OK\n")
        return PlainTextResponse("No order was scheduled for more than 30 s.\n", status_code=503)

    runner.start()
    serve(make_app([], alive=Route("/livez", alive)), port=8097)


if __name__ == "__main__":
    run("traffic", main)
