"""`python -m alertmanager.render SECRETS OUTPUT`: makes what Alertmanager reads from alertmanager.yml and templates/.

It fills in the settings and removes the channels whose secret file is empty: they would fail at each notification.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

SOURCE = Path(__file__).parent
CHANNELS = {  # the key in alertmanager.yml: the secret file that switches the channel on
    "slack_configs": "slack_webhook_url",
    "pagerduty_configs": "pagerduty_routing_key",
    "email_configs": "smtp_password",
    "webhook_configs": "heartbeat_url",
}
MAILBOX = r"[\w+=/&'-]+(\.[\w+=/&'-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
ADDRESS = rf"({MAILBOX}|[\w '.-]+<{MAILBOX}>)"
FORMS = {  # of each setting and secret but the URLs: what it must match, as an expression and in words
    "ENV": ("sandbox|staging|production", "sandbox, staging or production"),
    "ALERT_EMAIL_TO": (rf"{ADDRESS}( *, *{ADDRESS})*", "e-mail addresses with commas between them and no comment"),
    "SMTP_FROM": (ADDRESS, "one e-mail address and no comment"),
    "SMTP_SMARTHOST": (r"([\w.-]+|\[[0-9A-Fa-f:]+\]):\d{1,5}", "host:port"),
    "SMTP_REQUIRE_TLS": ("true|false", "true or false"),
    "SMTP_USERNAME": (r"[^\s#]*", "a user name, or nothing for a server without log-in"),
    "BUSINESS_TIMEZONE": ("|".join(map(re.escape, available_timezones())), "a time zone such as Europe/Berlin"),
    "pagerduty_routing_key": ("[A-Za-z0-9]+", "the letters and digits of an Events API v2 integration"),
    "smtp_password": (".+", "one line"),
}
HTTPS_IN_PRODUCTION = ("slack_webhook_url", "PAGERDUTY_URL")
MARKED = re.compile(r'(?<=: )("?).*?"?( # )([A-Z_]+)$', re.MULTILINE)
MARKED_TEMPLATE = re.compile(r"(?<=\}\})[^{}]*(?=\{\{ end \}\}\{\{/\* ([A-Z_]+) \*/)")


class RefusedError(Exception):
    """A setting or secret can't work; the message says what was found, what was expected and what to do."""


def is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        url = urlsplit(value)
        usable = url.scheme in schemes and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    return usable and not re.search(r"[^!-~]|[\"'{}<>\\`]", value)


def check(name: str, values: Mapping[str, str]) -> str:
    """The value of a setting or secret; RefusedError shows one that can't work, unless it is a secret."""
    value, env = values.get(name, ""), values.get("ENV", "")
    schemes = ("https",) if name in HTTPS_IN_PRODUCTION and env != "sandbox" else ("http", "https")
    form, expected = FORMS.get(name, ("", f"one line such as {schemes[-1]}://host/path (ENV is {env})"))
    if re.fullmatch(form, value) if form else is_url(value, schemes):
        return value
    if name.isupper():
        raise RefusedError(f"{name} is {value!r}; expected {expected}. Correct it in .env.")
    raise RefusedError(f"The secret {name} can't work; expected {expected}. Correct it, or empty it to switch it off.")


def render(environ: Mapping[str, str], secrets: Path, output: Path) -> list[str]:
    """Writes alertmanager.yml and templates/ for Alertmanager; returns a line for each channel."""
    values = {name: value.strip() for name, value in environ.items()}
    values |= {name: (secrets / name).read_text("utf-8", errors="replace").strip() for name in CHANNELS.values()}
    check("ENV", values)
    on = [key for key, name in CHANNELS.items() if values[name] and check(name, values)]
    text = (SOURCE / "alertmanager.yml").read_text(encoding="utf-8")
    if "slack_configs" not in on:
        text = text.replace("# While Slack is off: ", "")
    for key in CHANNELS.keys() - set(on):
        text = re.sub(rf"^    {key}:.*\n( {{5}}.*\n)*", "", text, flags=re.MULTILINE)
    text = MARKED.sub(lambda m: (json.dumps(check(m[3], values)) if m[1] else check(m[3], values)) + m[2] + m[3], text)
    if "require_tls: false" in text and 'auth_username: ""' not in text and ':465" #' not in text:
        raise RefusedError("SMTP_USERNAME needs SMTP_REQUIRE_TLS=true: a password is only sent over TLS. Correct one.")
    files = {"alertmanager.yml": text}
    for path in SOURCE.glob("templates/*.tmpl"):
        template = path.read_text(encoding="utf-8")
        files[f"templates/{path.name}"] = MARKED_TEMPLATE.sub(lambda m: check(m[1], values).rstrip("/"), template)
    (output / "templates").mkdir(exist_ok=True)
    for old in set((output / "templates").iterdir()) - {output / name for name in files}:
        old.unlink()
    for name, content in files.items():
        draft = output / "draft"  # Alertmanager, which may read at any time, sees the old file or the new one
        draft.write_text(content, encoding="utf-8")
        draft.chmod(0o644)
        draft.replace(output / name)
    return [f"{name:<22} {'on' if key in on else 'off: its file is empty'}" for key, name in CHANNELS.items()]


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(render(os.environ, Path(sys.argv[1]), Path(sys.argv[2]))) + "\n")
    except RefusedError as error:
        sys.exit(f"Alertmanager's configuration was not written. {error}")
    except OSError as error:
        sys.exit(f"Alertmanager's configuration was not written: {error}. Run make up, which makes missing secrets.")
