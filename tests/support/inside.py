"""Python that runs inside a container: with the ERP's own settings, or to ask what no port publishes."""

from tests.support import stack

# Metrics of its own, or a test's process would be counted among the service's; lines go where the service's go.
RUN = (
    'mkdir -p /tmp/inside && PROMETHEUS_MULTIPROC_DIR=/tmp/inside exec python -c "$0" "$@" >/proc/1/fd/1 2>/proc/1/fd/2'
)
SET_UP = "import django; django.setup()\n"


FETCH = """
import sys, urllib.error, urllib.request
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def fetch(service: str, address: str) -> str:
    """What a GET from within the service's networks gives; of an error the status too."""
    return stack.execute(service, "python", "-c", FETCH, address)


def run(service: str, code: str, *arguments: str) -> None:
    """Run `code` beside the service's own processes; what it writes becomes lines of the service's log."""
    settings = ("-e", "DJANGO_SETTINGS_MODULE=config.settings")
    stack.compose("exec", "-T", *settings, service, "sh", "-c", RUN, SET_UP + code, *arguments, timeout=60)
