"""What the programs of the agent read: the files of the stack itself, changed where an agent differs.

An agent judges nothing and keeps nothing: it pushes to the central side, and says of everything which host it's from.
"""

import re
from dataclasses import dataclass

PROMETHEUS = "prometheus-agent"  # the agent's, by its service
SERVICES = ("blackbox", "node", "telegraf", "socket-proxy", PROMETHEUS, "promtail", "logkeeper")
OWN_PROGRAMS = "monitoring"
TOKEN, CA = "/run/secrets/agent_token", "/run/secrets/agent_ca"
LOKI = "  - url: http://loki:3100/loki/api/v1/push\n"
OF_A_CONTAINER = "__meta_docker_container_label_observability_application"
# Agent mode refuses the others, which are about rules, alerts and Prometheus's own store.
SECTIONS = ("global", "scrape_configs")
SECTION = re.compile(r"^(\w+):.*\n(?:(?:[ #].*)?\n)*", re.MULTILINE)
REMOTE_WRITE = """
remote_write:
  - url: {central}/push/metrics
    authorization: {{credentials_file: {token}}}
{tls}    # A series of another application's would have the whole push refused.
    write_relabel_configs:
      - source_labels: [application]
        regex: {applications}
        action: keep
      # It judges nothing: that it knows no Alertmanager is no fault.
      - source_labels: [job, __name__]
        regex: {prometheus};prometheus_(notifications|rule)_.+
        action: drop
      # The host is this one, whatever a program says of itself.
      - source_labels: [host]
        regex: (.+)
        target_label: exported_host
      - target_label: host
        replacement: {host}
      # Boards and alerts tell machines by the instance of their node exporter.
      - source_labels: [application, instance]
        regex: monitoring;[^:/]+(:\\d+)
        target_label: instance
        replacement: {host}$1
    metadata_config: {{send: false}}
    queue_config:
      max_shards: 4
      max_samples_per_send: 2000
      capacity: 10000
      max_backoff: 10s
      retry_on_http_429: true # too many pushes at once are no reason to lose them
"""
PUSH = """\
  - url: {central}/push/logs
    bearer_token_file: {token}
{tls}    external_labels: {{host: {host}}}
"""
OWN_LINES = """\
    relabel_configs:
      # A line of another application's would have the whole push refused.
      - source_labels: [{label}]
        regex: {applications}
        action: keep
"""


@dataclass(frozen=True)
class Central:
    """The side that everything is pushed to. `applications`: what the token may write besides the agent's own."""

    url: str
    host: str
    applications: tuple[str, ...] = ()
    has_ca: bool = False

    @property
    def sent(self) -> tuple[str, ...]:
        """The applications whose figures and lines are pushed."""
        return (OWN_PROGRAMS, *self.applications)

    @property
    def _kept(self) -> str:
        return "|".join(map(re.escape, self.sent))

    @property
    def _tls(self) -> str:
        return f"    tls_config: {{ca_file: {CA}}}\n" if self.has_ca else ""

    def prometheus(self, original: str) -> str:
        """From prometheus/prometheus.yml, how it finds and asks what there is; and where that is pushed."""
        sections = {found[1]: found[0] for found in SECTION.finditer(original)}
        push = REMOTE_WRITE.format(
            central=self.url,
            token=TOKEN,
            tls=self._tls,
            applications=self._kept,
            prometheus=PROMETHEUS,
            host=self.host,
        )
        return "".join(sections[name] for name in SECTIONS) + push

    def leaving(self, original: str) -> str:
        """As the agent reads it before it stops: nothing is asked but its own programs, and these answer too much.

        So their last `up` is 0, and all other series end.
        """
        first, second = list(re.finditer(r"^  - job_name: .*\n", original, re.MULTILINE))[:2]
        only_own = original[: first.end()] + "    sample_limit: 1\n" + original[first.end() : second.start()]
        return self.prometheus(only_own)

    def promtail(self, original: str) -> str:
        """From promtail/promtail.yml, with the push address in Loki's place."""
        push = PUSH.format(central=self.url, token=TOKEN, tls=self._tls, host=self.host)
        keep = OWN_LINES.format(label=OF_A_CONTAINER, applications=self._kept)
        return _replaced(_replaced(original, LOKI, push), "    relabel_configs:\n", keep)


def monitoring(original: str) -> str:
    """From prometheus/monitoring.yml, the programs that an agent has too."""
    renamed = _replaced(original, "[prometheus:9090]", f"[{PROMETHEUS}:9090]")
    programs = [re.match(r" *- ([\w-]+):\d+$", line) for line in renamed.splitlines()]
    lines = zip(renamed.splitlines(), programs, strict=True)
    return "".join(f"{line}\n" for line, program in lines if program is None or program[1] in SERVICES)


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise LookupError(f"Expected {old!r} once in a file that an agent's is made from, found {text.count(old)}.")
    return text.replace(old, new)
