"""What a setting or secret of Alertmanager's must look like, and the sentence that refuses what can't work."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from zoneinfo import available_timezones

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
    kind = next((each for each in CHANNELS.values() if name.endswith(f"_{each}")), name)  # an application's own
    schemes = ("https",) if kind in HTTPS_IN_PRODUCTION and env != "sandbox" else ("http", "https")
    form, expected = FORMS.get(kind, ("", f"one line such as {schemes[-1]}://host/path (ENV is {env})"))
    if re.fullmatch(form, value) if form else is_url(value, schemes):
        return value
    if name.isupper():
        raise RefusedError(f"{name} is {value!r}; expected {expected}. Correct it in .env.")
    raise RefusedError(f"The secret {name} can't work; expected {expected}. Correct it, or empty it to switch it off.")
