"""What stands between Promtail and Loki and makes Loki ill for a while: a program for a container of its own.

The first part of a push's path says how: `slow` answers after 20 s, `busy` with 429, `failing` with 500, `frozen` not
at all, `gone` by closing the connection, `full` with what Loki says when its disk is. Until ILL_SECONDS after the first
push nothing reaches Loki but `slow`'s; from then on everything does. On /metrics stand the requests that the host's
application answers, ten a second.
"""

ILLNESSES = ("slow", "busy", "failing", "frozen", "gone", "full")
PORT = 3200
PROGRAM = """
import http.client, http.server, os, threading, time
ILL, begun = float(os.environ["ILL_SECONDS"]), time.monotonic()
ANSWERS = {"busy": 429, "failing": 500, "full": 503}
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        illness, _, path = self.path[1:].partition("/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if time.monotonic() - begun < ILL:
            if illness in ANSWERS:
                return self.answer(ANSWERS[illness], b"ill")
            if illness == "frozen":
                threading.Event().wait(ILL)
            if illness != "slow":
                self.close_connection = True
                return
            threading.Event().wait(20)
        loki = http.client.HTTPConnection("loki", 3100, timeout=60)
        headers = {name: self.headers[name] for name in ("Content-Type", "Content-Encoding") if self.headers[name]}
        loki.request("POST", "/" + path, body, headers)
        answer = loki.getresponse()
        self.answer(answer.status, answer.read())
    def answer(self, status, body):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)
    def do_GET(self):
        served = 10 * (time.monotonic() - begun)
        page = 'django_http_responses_total_by_status_view_method_total{view="orders"} %f\\n' % served
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page.encode())
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer(("", 3200), Page).serve_forever()
"""
