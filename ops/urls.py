"""The table of pages: where, what one sees there, as whom, and where the password is."""

from ops import secrets
from ops.console import say, table
from ops.paths import ROOT
from ops.settings import Settings
from ops.stack import Stack

ADMIN = "admin@erp.example"  # of both trackers
# service: (path, what one sees, user, secret with the password)
PAGES = {
    "erp-web": ("/admin/", "the ERP: admin pages, /api/version, /livez, /readyz", "admin", "erp_admin_password"),
    "grafana": ("/", "boards, logs, alerts", "operator", "grafana_operator_password"),
    "prometheus": ("/alerts", "metrics, rules, targets", "", ""),
    "alertmanager": ("/", "alerts and silences", "", ""),
    "loki": ("/ready", "logs, by API only", "", ""),
    "bugsink": ("/", "error tracker", ADMIN, "bugsink_admin_password"),
    "inbox": ("/", "what Slack, PagerDuty and the heartbeat got", "", ""),
    "mailpit": ("/", "mails of the sandbox", "", ""),
    "gateway": ("/", "all of these behind one log-in: docs/gateway.md", "operator", "gateway_operator_password"),
}
# The pages of images built here: Go's modules hold the programs without the pages that npm makes.
LOCAL_PAGES = {
    "grafana": ("/", "boards and logs: a preview, not Grafana"),
    "prometheus": ("/api/v1/alerts", "metrics, rules, targets, by API only: the pages come with the image"),
    "mailpit": ("/api/v1/messages", "mails of the sandbox, by API only: the pages come with the image"),
}
NO_GRAFANA = (
    "A preview stands in for Grafana, whose server comes as a container image only, and no registry answered: it draws "
    "the same boards from the same data, without log-in, editing and alerting pages."
)
NO_LOGIN = {"grafana"}  # the preview has none


def show(stack: Stack) -> None:
    rows = []
    for service, port in stack.settings.ports.items():
        path, sees, user, secret = PAGES[service]
        if stack.image_source == "local":
            path, sees = LOCAL_PAGES.get(service, (path, sees))
            user, secret = ("", "") if service in NO_LOGIN else (user, secret)
        password = _shown(stack.settings, secret) if secret else ""
        base = _base(stack, service, port)
        rows.append([service, f"{base}{path}", sees, user, password])
    if stack.has_sentry:
        password = _shown(stack.settings, "sentry_admin_password")
        rows.append(["sentry", f"{stack.variables['BASE_URL_SENTRY']}/", "the tracker in use", ADMIN, password])
    say(table(rows, ["service", "URL", "what you see", "user", "password in"]))
    if stack.image_source == "local":
        say(f"\n{NO_GRAFANA}")
    say("\n" + channels(stack.settings))


def _base(stack: Stack, service: str, port: int) -> str:
    """With a gateway the tracker's pages lead to its address there and its cookies need HTTPS: its port is for DSNs."""
    if service == "gateway":
        return stack.settings.gateway_url
    if service == "bugsink" and stack.settings["GATEWAY"] == "on":
        return stack.variables["BASE_URL_BUGSINK"].rstrip("/")
    return f"http://{stack.settings.host}:{port}"


def _shown(settings: Settings, secret: str) -> str:
    path = settings.secrets / secret
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)


def channels(settings: Settings) -> str:
    """One line on which notification channels are on, by their secret files."""
    names = {
        "slack_webhook_url": "Slack",
        "pagerduty_routing_key": "PagerDuty",
        "smtp_password": "e-mail",
        "heartbeat_url": "heartbeat",
    }
    given = {label: secrets.read(name, settings.secrets).strip() for name, label in names.items()}
    states = ", ".join(f"{label} {'on' if value else 'off'}" for label, value in given.items())
    return f"Notification channels: {states}. A channel is on when its file in {_shown(settings, '')} isn't empty."
