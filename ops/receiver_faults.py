"""Faults of those who are to be told: Slack and PagerDuty, as the sandbox's inbox plays them, and the mail server."""

import json
import urllib.request

from ops import fault_acts as acts
from ops.console import OpsError
from ops.fault_acts import Act, Fault
from ops.stack import Stack

INBOX_PORT = 8095
REFUSED, LATER = 550, 451
EXPIRED_SINCE_2020 = """
MIIBITCBx6ADAgECAgEBMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMMD2V4cGlyZWQuZXhhbXBsZTAeFw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBa
MBoxGDAWBgNVBAMMD2V4cGlyZWQuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPqFGI6yYVgakUaP6P9ztNf6cTe47Iumkmq90ynh6r4e
5zHRu+jf/eUHFj3Ke1pI++OEutIn3Y6cimZmVeXxHEIwCgYIKoZIzj0EAwIDSQAwRgIhAPS8iDon+m2vmNBlS3SlEEe83miKcl//iM7fmYEZ15KtAiEA
ljaRdI3f88zDHd6nqx2FS82xtSThx3gpzkKHxMr4TKw="""
ITS_KEY = """
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrr1xZcxqcumqiX4MSCdBkrtgZESERnBdLGVONXYfXuihRANCAAT6hRiOsmFYGpFGj+j/
c7TX+nE3uOyLppJqvdMp4eq+Hucx0bvo3/3lBxY9yntaSPvjhLrSJ92OnIpmZlXl8RxC"""
SERVE = f"""
import http.server, pathlib, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
for name, kind, body in (("chain", "CERTIFICATE", {EXPIRED_SINCE_2020!r}), ("key", "PRIVATE KEY", {ITS_KEY!r})):
    pathlib.Path("/tmp", name).write_text(f"-----BEGIN {{kind}}-----{{body}}\n-----END {{kind}}-----\n")
context.load_cert_chain("/tmp/chain", "/tmp/key")
server = http.server.ThreadingHTTPServer(("", 8443), http.server.BaseHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def _switch(channel: str, mode: str) -> Act:
    return acts.switch(channel, mode, "inbox", INBOX_PORT)


def _mail(code: int) -> Act:
    """Mailpit answers every recipient with that code; 0 lets every mail in."""

    def act(stack: Stack) -> None:
        recipient = {"ErrorCode": code or REFUSED, "Probability": 100 if code else 0}
        address = f"http://{stack.settings.host}:{stack.settings['MAILPIT_PORT']}/api/v1/chaos"
        body = json.dumps({"Recipient": recipient}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="PUT")
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - an http address
        except OSError as error:
            raise OpsError(
                f"Mailpit doesn't take a fault at {address}: {error}. Expected it to run: `make up`."
            ) from None

    return act


def _serve_expired(stack: Stack) -> None:
    """A neighbour of Alertmanager's, to which the inbox then sends it."""
    network = f"{stack.project}_monitoring"
    acts.start_beside(stack, "expired", network, SERVE, "--network-alias=expired", "--memory=64m")


FAULTS: dict[str, Fault] = {
    **{
        f"{channel}-{name}": Fault(f"{title} {meaning}", _switch(channel, mode), _switch(channel, "ok"))
        for channel, title in (("slack", "Slack"), ("pagerduty", "PagerDuty"))
        for name, mode, meaning in (
            ("down", "error", "answers 500"),
            ("busy", "busy", "answers 429 with Retry-After"),
            ("refusing", "refusing", "answers 400"),
            ("moved", "moved", "redirects to an address that isn't there"),
            ("hanging", "timeout", "never answers"),
        )
    },
    "mail-refused": Fault("the mail server refuses every recipient", _mail(REFUSED), _mail(0)),
    "mail-greylisted": Fault("the mail server tells every sender to come back later", _mail(LATER), _mail(0)),
    "slack-expired": Fault(
        "Slack's certificate has expired",
        acts.together(_serve_expired, _switch("slack", "expired")),
        acts.together(_switch("slack", "ok"), acts.end_beside("expired")),
    ),
}
