"""Many services at once: containers with as many series as a scrape may have, and one that goes on writing lines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from ops import image_source
from ops.commands import current
from tests.support import lines, stack

APPLICATION = "crowd"
SERVICES, SERIES = 15, 14_000
"""Each 10 s 210,000 samples: 21,000 a second."""
PAGES = f"""
import http.server, time
PAGE = "".join(f'crowd_total{{{{view="view-{{n}}"}}}} @\\n' for n in range({SERIES})).encode()
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGE.replace(b"@", b"%d" % time.time())
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("", 8000), Page).serve_forever()
"""


@contextmanager
def running() -> Iterator[None]:
    """The services, in the stack whose settings hold now, until the end of the context."""
    settings = stack.loaded_settings()
    labels = {"application": APPLICATION, "env": settings["ENV"], "metrics-port": "8000", "stack": settings["PROJECT"]}
    words = [f"--label=observability.{name}={value}" for name, value in (labels | {"logs": "off"}).items()]
    made = ("--init", f"--network={settings.network}", "--user=65534:65534", "--memory=128m", *words)
    with ExitStack() as ending:
        for number in range(SERVICES):
            name = f"{settings['PROJECT']}-{APPLICATION}-{number}"
            program = (image_source.python(current()), "python3", "-c", PAGES)
            container = stack.run("docker", "run", "--detach", "--name", name, *made, *program).strip()
            ending.callback(stack.run, "docker", "rm", "--force", container)
        yield


@contextmanager
def writing(container: str, run: str, rate: int, seconds: float) -> Iterator[int]:
    """A container of `lines.writer` writes meanwhile; the number of its lines. Waits for the last one at the end."""
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(lines.write, container, run, rate, seconds)
        yield int(rate * seconds)
        written.result()
