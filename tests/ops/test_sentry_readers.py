"""What `make sentry` starts beside Sentry reads what it is given: HAProxy passes mails on, statsd_exporter the figures.

Nothing of Sentry runs here: a mail and packets of the tests' own stand in for what its programs send.
"""

import re
import shutil
import smtplib
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from ops import images, recipes, sentry_files
from ops.commands import current
from ops.sentry_release import OURS
from tests.support import stack
from tests.support.compose_model import services
from tests.support.mailpit import Mailpit
from tests.support.ports import free_port
from tests.support.stack import ROOT, run
from tests.support.wait import eventually

pytestmark = [pytest.mark.timeout(600), pytest.mark.thorough]
MAIL = """
services:
  smtp: {{ports: ["127.0.0.1:{port}:2525"]}}
networks:
  observability: {{name: "${{OBSERVABILITY_NETWORK}}", external: true}}
"""
# Without labels, or the running stack would take the figures for Sentry's. The services of the release, which isn't
# here, are only named.
FIGURES = """
services:
  statsd:
    image: {image}
    labels: !reset null
    ports: ["127.0.0.1:{udp}:8125/udp", "127.0.0.1:{http}:9102"]
  nginx: &absent {{image: none}}
  relay: *absent
  taskbroker: *absent
  symbolicator: *absent
  symbolicator-cleanup: *absent
  kafka: *absent
"""
# In the form of the libraries that send them. Relay's adds up for ten seconds, says until when (T), and puts many lines
# into a packet. With them some of what their programs count beside what is read here.
RELAY = """
sentry.relay.event.accepted:3|c|#handling:success|T{now}
sentry.relay.event.rejected:2|c|#handling:failure|T{now}
sentry.relay.event.rejected:1|c|T{now}
sentry.relay.events.outcome_quantity:4|c|#category:error,outcome:rate_limited|T{now}
sentry.relay.events.outcomes:1|c|#reason:any text of a client,outcome:client_discard|T{now}
sentry.relay.event.wait_time:1.5:2.5|d|@0.5|#handling:success
sentry.relay.project_cache.size:12.0|g|T{now}
datadog.dogstatsd.client.metrics:17|c|#client:rust,client_transport:udp|T{now}
"""
OTHERS = (
    "taskbroker.upkeep.current_pending_tasks:7|g|#topic:taskworker,partition:0",
    "taskbroker.grpc_server.get_task.duration:3|h",
    "symbolicator.events.total:1|c",
    "sentry.event_manager.save_error_events.count:1|c",
    "taskbroker.upkeep.pending_activation.max_lag.sec:12.5|g",
)
ITS_OWN = ("go_", "process_", "promhttp_", "statsd_")
READ = re.compile(r"(?<![\w:])(?:relay|taskbroker)_\w+")
READERS = ("prometheus/rules/sentry.yml", "grafana/dashboards/generated/infrastructure.json")


@contextmanager
def running(folder: Path, file: str, overlay: str, service: str) -> Iterator[None]:
    """One service of a file of sentry/selfhosted, with the settings that `make sentry` would write here."""
    shutil.copytree(OURS, folder / sentry_files.BESIDE)
    settings = folder / ".env.custom"
    settings.write_text(sentry_files.env_file(sentry_files.environment(folder, current())), encoding="utf-8")
    (folder / "test.yaml").write_text(overlay, encoding="utf-8")
    files = ("-f", str(folder / sentry_files.BESIDE / file), "-f", str(folder / "test.yaml"))
    project = ("-p", f"sentry-{service}-test", "--project-directory", str(folder), "--env-file", str(settings))
    compose = ("docker", "compose", *project, *files)
    try:
        run(*compose, "up", "--detach", "--wait", service, timeout=120)
        yield
    finally:
        run(*compose, "down", "--timeout", "1", timeout=60)


def test_a_mail_goes_through_haproxy_to_the_stacks_mail_server(tmp_path: Path) -> None:
    stack.ensure_up()
    port, mail = free_port(), EmailMessage()
    mail["Subject"] = f"A new issue {uuid.uuid4().hex}"
    mail["From"], mail["To"] = "alerts@erp.example", "oncall@erp.example"
    mail.set_content("as Sentry writes it")

    def send() -> bool:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
            return server.send_message(mail) == {}

    with running(tmp_path, "compose.mail.yaml", MAIL.format(port=port), "smtp"):
        eventually(send, "the mail to be taken", 30, not_yet=(OSError, smtplib.SMTPException))
    arrived = [each for each in Mailpit().mails() if each.subject == mail["Subject"]]
    assert [(each.to, each.text.strip()) for each in arrived] == [(("oncall@erp.example",), "as Sentry writes it")]


def exporter_image() -> str:
    """The official one, or where images are built the one of the recipe, built now."""
    if current().image_source != "local":
        return str(services(OURS / "compose.selfhosted.yaml")["statsd"]["image"])
    reference = recipes.recipes()["statsd-exporter"].reference
    images.build_all({reference})
    return reference


def figures(address: str) -> dict[str, dict[str, float]]:
    """What the exporter has of Sentry: by name the values, each by its labels."""
    answer = requests.get(f"http://{address}/metrics", timeout=10)
    answer.raise_for_status()
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if not sample.name.startswith(ITS_OWN):
                labels = " ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_of_what_sentry_sends_the_exporter_keeps_what_rules_and_board_read_and_nothing_else(tmp_path: Path) -> None:
    read = {name for file in READERS for name in READ.findall((ROOT / file).read_text(encoding="utf-8"))}
    udp, http = free_port(), free_port()
    overlay = FIGURES.format(image=exporter_image(), udp=udp, http=http)
    with (
        running(tmp_path, "compose.selfhosted.yaml", overlay, "statsd"),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        for packet in (RELAY.format(now=int(time.time())).lstrip(), *OTHERS):
            sender.sendto(packet.encode(), ("127.0.0.1", udp))
        found = eventually(lambda: figures(f"127.0.0.1:{http}"), f"{read}", 30, until=lambda seen: seen.keys() >= read)
    assert found == {
        "relay_envelopes_accepted_total": {"handling=success": 3},
        "relay_envelopes_rejected_total": {"handling=failure": 2, "": 1},
        "relay_outcomes_total": {"category=error outcome=rate_limited": 4},
        "taskbroker_oldest_task_seconds": {"": 12.5},
    }
    assert found.keys() == read
