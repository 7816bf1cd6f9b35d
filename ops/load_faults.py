"""Faults of too much: processes without end in one container, series without end from one application, a vast query."""

import urllib.error
import urllib.parse
import urllib.request

from ops import fault_acts as acts
from ops.console import OpsError
from ops.fault_acts import LIMIT_SECONDS, Act, Fault
from ops.stack import Stack

FORKING = "erp-fault-fork"
# Each copy waits; the first one goes on for as long as it is let.
FORK = f"""
import os, time
until = time.monotonic() + {LIMIT_SECONDS}
while time.monotonic() < until:
    try:
        if os.fork() == 0:
            time.sleep({LIMIT_SECONDS})
            break
    except OSError:
        time.sleep(0.2)
"""
SERIES = 40_000
EXPLODE = f"""
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lines = "".join(f'exploding_total{{{{route="{{number}}"}}}} 1\\n' for number in range({SERIES}))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        if self.path == "/metrics":
            self.wfile.write(lines.encode())
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("", 8000), Page).serve_forever()
"""
EXPLODING = "exploding"
VAST = "/api/v1/query?" + urllib.parse.urlencode({"query": 'sum(count_over_time({__name__=~".+"}[1d:1s]))'})
LONG = "/loki/api/v1/query_range?" + urllib.parse.urlencode(
    {"query": '{application=~".+"}', "since": "1d", "limit": 10_000}
)


def _explode(stack: Stack) -> None:
    """An application of its own whose /metrics has more series than a scrape may have."""
    labels = {"application": EXPLODING, "env": stack.settings["ENV"], "metrics-port": "8000", "stack": stack.project}
    words = [f"--label=observability.{label}={value}" for label, value in labels.items()]
    acts.start_beside(stack, EXPLODING, stack.settings.network, EXPLODE, "--memory=128m", *words)


def _ask(service: str, port: str, question: str, times: int = 3) -> Act:
    """It may be refused; that it ends is what is looked at."""

    def act(stack: Stack) -> None:
        address = f"http://{stack.settings.host}:{stack.settings[port]}{question}"
        for _ in range(times):
            try:
                urllib.request.urlopen(address, timeout=150).close()
            except urllib.error.HTTPError:
                continue
            except OSError as error:
                raise OpsError(f"{service} gave no answer to {question}: {error}.") from None

    return act


FAULTS: dict[str, Fault] = {
    "fork-bomb": Fault(
        "a program in the worker's container starts processes for as long as it is let",
        acts.python(FORKING, "erp-worker", FORK),
        acts.end_python(FORKING, "erp-worker"),
    ),
    "series-explosion": Fault(f"another application gives out {SERIES:,} series", _explode, acts.end_beside(EXPLODING)),
    "query-vast": Fault(
        "somebody asks Prometheus three times for all that it has, second by second",
        _ask("Prometheus", "PROMETHEUS_PORT", VAST),
        acts.nothing,
    ),
    "lines-many": Fault(
        "somebody asks Loki three times for 10,000 lines at once", _ask("Loki", "LOKI_PORT", LONG), acts.nothing
    ),
}
