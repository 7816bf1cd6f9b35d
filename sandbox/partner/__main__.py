"""`python -m sandbox.partner`."""

from sandbox import settings
from sandbox.partner.app import Partner, make_partner
from sandbox.partner.replies import Replies
from sandbox.partner.switches import Switches
from sandbox.program import run
from sandbox.web import serve


def main() -> None:
    partner = Partner(
        api_key=settings.secret("PARTNER_API_KEY"),
        replies=Replies(keep=settings.integer("PARTNER_KEEP_KEYS", 10_000, minimum=1, maximum=1_000_000)),
        switches=Switches(
            # The ERP gives up after 3 s: slow isn't failed.
            slow_seconds=settings.number("PARTNER_SLOW_SECONDS", 2.8, minimum=0, maximum=60),
            timeout_seconds=settings.number("PARTNER_TIMEOUT_SECONDS", 60, minimum=0, maximum=600),
            max_hanging=settings.integer("PARTNER_MAX_HANGING", 200, minimum=1, maximum=10_000),
        ),
    )
    serve(make_partner(partner), port=8080)


if __name__ == "__main__":
    run("partner", main)
