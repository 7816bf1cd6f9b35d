"""`make application NAME=shop`: a project of its own in the error tracker, and the Compose lines of an application.

What it prints is a whole compose.override.yaml: docs/applications.md explains it.
"""

import json
import re
import urllib.error
import urllib.request
from typing import Any

from ops import labels, secrets, sentry
from ops.alerts import answering
from ops.console import OpsError
from ops.settings import Settings
from ops.stack import ONCE, Stack

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
API = "/api/canonical/0"
SET_UP, SET_UP_SECONDS = "bugsink-setup", 120
LINES = """\
services:
  {service}:
    command: gunicorn -c python:django_instrumentation.gunicorn -b 0.0.0.0:{port} {name}.wsgi
    environment:
      APPLICATION: {name}
      SERVICE: {service}
      ENV: {env}
      VERSION: ${{VERSION:-1.0.0}}
      PROMETHEUS_MULTIPROC_DIR: /run/metrics
      METRICS_TOKEN_FILE: /run/secrets/metrics_token
      SENTRY_DSN_FILE: /run/secrets/sentry_dsn
    secrets: [metrics_token, sentry_dsn]
    tmpfs: ["/run/metrics:size=32m,mode=1777"]
    labels:
      observability.application: {name}
      observability.env: {env}
      observability.metrics-port: "{port}"
      observability.metrics-token: "on"
      observability.health: /livez,/readyz
{stack}    networks: [default, observability]
networks: {{observability: {{external: true{network}}}}}
secrets:
  metrics_token: {{file: {secrets}/metrics_token}}
  sentry_dsn: {{file: {secrets}/{dsn}}}
"""


def application(stack: Stack, name: str = "", env: str = "", service: str = "", port: str = "") -> None:
    if not NAME.fullmatch(name) or name in labels.TAKEN:
        raise OpsError(
            f"NAME={name!r} is no application's name; expected small letters, digits and hyphens, such as NAME=shop, "
            f"and none of {', '.join(labels.TAKEN)}."
        )
    env, service, port = env or "production", service or "web", port or "8000"
    for word, label, value in (("IN_ENV", "env", env), ("SERVICE", "service", service), ("PORT", "metrics-port", port)):
        if words := labels.expected(label, value):
            raise OpsError(f"{word}={value!r}: expected {words}.")
    dsn = "sentry_dsn" if "SENTRY_DSN" in stack.settings.given else _own_dsn(stack, name)
    folder = str(stack.settings.secrets)
    print(lines(name, env, service, port, folder, dsn, settings=stack.settings), end="")


def lines(name: str, env: str, service: str, port: str, folder: str, dsn: str, *, settings: Settings) -> str:
    """For the stack of these settings; of the first one an application need not name anything."""
    stack = "" if settings.is_first else f"      observability.stack: {settings['PROJECT']}\n"
    network = "" if settings.is_first else f", name: {settings.network}"
    return LINES.format(
        name=name, env=env, service=service, port=port, secrets=folder, dsn=dsn, stack=stack, network=network
    )


def _own_dsn(stack: Stack, name: str) -> str:
    """The file in secrets/ with the DSN of the application's project, which is made if it isn't there yet."""
    folder, file = stack.settings.secrets, f"{name}_sentry_dsn"
    if secrets.has_sentry(folder):
        secrets.update(file, sentry.provision(stack, name), folder)
        return file
    projects = _bugsink(stack, "projects/")["results"]
    found = next((each for each in projects if each["name"] == name), None)
    if found is None:
        team = _bugsink(stack, "teams/")["results"][0]["id"]
        made = _bugsink(stack, "projects/", {"team": team, "name": name})
        found = _bugsink(stack, f"projects/{made['id']}/")  # the answer that made it has no DSN
    _tell_of_its_errors(stack)  # each time: an earlier call may have ended before it
    key = re.sub(r"^https?://([0-9a-f]+)@.*$", r"\1", found["dsn"])
    secrets.write(folder / file, f"http://{key}@bugsink:8000/{found['id']}")
    return file


def _tell_of_its_errors(stack: Stack) -> None:
    """Set the alerts of every project, which Bugsink's API can't."""
    stack.compose(*ONCE, SET_UP, timeout=SET_UP_SECONDS)


def _bugsink(stack: Stack, path: str, sent: dict[str, str] | None = None) -> Any:
    base = f"http://{stack.settings.host}:{stack.settings['BUGSINK_PORT']}"
    headers = {
        "Authorization": f"Bearer {secrets.read('bugsink_api_token', stack.settings.secrets)}",
        "Content-Type": "application/json",
    }
    body = json.dumps(sent).encode() if sent else None
    request = urllib.request.Request(f"{base}{API}/{path}", body, headers)  # noqa: S310 - the stack's own address
    with answering("Bugsink", base):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:300]
            raise OpsError(f"Bugsink refused {path} with {error.code}: {said}") from None
