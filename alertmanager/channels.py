"""The channels: which are on, and the block of configuration that each one takes.

Secrets stay in their files; what is written is the path.
"""

from pathlib import Path

from alertmanager.settings import RefusedError, Settings, check_url

Config = dict[str, object]

CHANNELS = {  # channel: the secret that switches it on
    "slack": "slack_webhook_url",
    "pagerduty": "pagerduty_routing_key",
    "email": "smtp_password",
    "heartbeat": "heartbeat_url",
}


def read_channels(secrets: Path) -> dict[str, str]:
    """The channels that are on, with the content of their secret."""
    found: dict[str, str] = {}
    for channel, name in CHANNELS.items():
        try:
            value = (secrets / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise RefusedError(
                f"The secret {name} is missing in {secrets}; expected a file, empty if {channel} is to be "
                "off. Run make up, which makes the files that are missing."
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise RefusedError(
                f"The secret {name} in {secrets} can't be read ({error.__class__.__name__}); expected a text "
                "file with mode 0444."
            ) from None
        if value:
            found[channel] = value
    return found


def slack(settings: Settings, secrets: Path, secret: str) -> Config:
    check_url("slack_webhook_url", secret, settings, tls=True)
    return {
        "api_url_file": str(secrets / "slack_webhook_url"),
        "send_resolved": True,
        "color": '{{ template "erp.slack.color" . }}',
        "title": '{{ template "erp.slack.title" . }}',
        "title_link": '{{ template "erp.link.dashboard" . }}',
        "fallback": '{{ template "erp.slack.title" . }}',
        "text": '{{ template "erp.slack.text" . }}',
        "footer": '{{ template "erp.env" . }}',
    }


def pagerduty(settings: Settings, secrets: Path, secret: str) -> Config:
    if not secret.isalnum() or not secret.isascii():
        raise RefusedError(
            "pagerduty_routing_key is no routing key; expected the letters and digits of an Events API v2 "
            "integration. Correct the file, or empty it to switch PagerDuty off."
        )
    config: Config = {
        "routing_key_file": str(secrets / "pagerduty_routing_key"),
        "send_resolved": True,
        "description": '{{ template "erp.title" . }}',
        "severity": '{{ template "erp.pagerduty.severity" . }}',
        "client": "ERP monitoring",
        "client_url": '{{ template "erp.link.dashboard" . }}',
        "component": '{{ template "erp.service" . }}',
        "class": '{{ template "erp.alertname" . }}',
        "group": '{{ template "erp.env" . }}',
        "details": {
            "alerts": '{{ template "erp.pagerduty.alerts" . }}',
            "runbook": '{{ template "erp.link.runbook" . }}',
            "logs": '{{ template "erp.link.logs" . }}',
            "silence": '{{ template "erp.link.silence" . }}',
        },
        "links": [
            {"href": f'{{{{ template "erp.link.{name}" . }}}}', "text": text}
            for name, text in (
                ("runbook", "Runbook"),
                ("dashboard", "Board"),
                ("logs", "Logs"),
                ("silence", "Silence"),
            )
        ],
    }
    if settings["PAGERDUTY_URL"]:  # else Alertmanager's own default, PagerDuty itself
        check_url("PAGERDUTY_URL", settings["PAGERDUTY_URL"], settings, tls=True)
        config["url"] = settings["PAGERDUTY_URL"]
    return config


def email(settings: Settings, secrets: Path, _secret: str) -> Config:
    for name in ("SMTP_SMARTHOST", "SMTP_FROM", "ALERT_EMAIL_TO"):
        if not settings[name] or "{" in settings[name]:
            raise RefusedError(
                f"{name} is {settings[name]!r}, but smtp_password switches e-mail on; expected a value in "
                ".env, or an empty smtp_password."
            )
    host, _, port = settings["SMTP_SMARTHOST"].rpartition(":")
    if not host or not port.isdigit():
        raise RefusedError(f"SMTP_SMARTHOST is {settings['SMTP_SMARTHOST']!r}; expected host:port.")
    for name in ("SMTP_FROM", "ALERT_EMAIL_TO"):
        if not all("@" in address.strip(" ") for address in settings[name].split(",")):
            raise RefusedError(f"{name} is {settings[name]!r}; expected an e-mail address.")
    require_tls = settings.flag("SMTP_REQUIRE_TLS", default=True)
    config: Config = {
        "to": settings["ALERT_EMAIL_TO"],
        "from": settings["SMTP_FROM"],
        "smarthost": settings["SMTP_SMARTHOST"],
        "require_tls": require_tls,
        "send_resolved": True,
        "headers": {"Subject": '{{ template "erp.email.subject" . }}'},
        "text": '{{ template "erp.email.text" . }}',
        "html": '{{ template "erp.email.html" . }}',
    }
    if settings["SMTP_USERNAME"]:
        if not require_tls and port != "465":
            raise RefusedError(
                "SMTP_USERNAME is set while SMTP_REQUIRE_TLS is false; a password is only sent over TLS. Set "
                "SMTP_REQUIRE_TLS=true, or empty SMTP_USERNAME for a server without login."
            )
        config["auth_username"] = settings["SMTP_USERNAME"]
        config["auth_password_file"] = str(secrets / "smtp_password")
    return config


def heartbeat(settings: Settings, secrets: Path, secret: str) -> Config:
    check_url("heartbeat_url", secret, settings)
    # A resolved Watchdog would look like one more beat.
    return {"url_file": str(secrets / "heartbeat_url"), "send_resolved": False, "max_alerts": 1}


BLOCKS = {
    "slack": ("slack_configs", slack),
    "pagerduty": ("pagerduty_configs", pagerduty),
    "email": ("email_configs", email),
    "heartbeat": ("webhook_configs", heartbeat),
}
