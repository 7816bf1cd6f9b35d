"""A small program in a container: it answers every request with a metric, and says a line a second."""

PROGRAM = """
import http.server, threading
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"{metric}\\n")
    def log_message(self, *arguments):
        pass
threading.Thread(target=http.server.ThreadingHTTPServer(("", {port}), Page).serve_forever).start()
while not threading.Event().wait(1):
    print({line!r}, flush=True)
"""


def exporter(port: int, metric: str, line: str) -> str:
    """Its source; `metric` is a line as Prometheus reads it, such as searches_total 3."""
    return PROGRAM.format(port=port, metric=metric, line=line)
