"""`python -m sandbox.partner`."""

from functools import partial

from sandbox import settings
from sandbox.partner.app import Partner, make_partner
from sandbox.program import run
from sandbox.switches import Switches
from sandbox.web import serve


def main() -> None:
    settings.secret("PARTNER_API_KEY")  # a missing one ends the start
    partner = Partner(
        api_key=partial(settings.secret, "PARTNER_API_KEY"),
        switches=Switches(
            *("payment", "shipping"),
            # Less than the 3 s after which the ERP gives up.
            slow_seconds=settings.number("PARTNER_SLOW_SECONDS", 2.8),
            timeout_seconds=settings.number("PARTNER_TIMEOUT_SECONDS", 60.0),
        ),
    )
    serve(make_partner(partner), port=8080)


if __name__ == "__main__":
    run("partner", main)
