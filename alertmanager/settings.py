"""What the environment asks for, and what is refused with a sentence."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import available_timezones

ENVIRONMENTS = ("sandbox", "staging", "production")
SANDBOX_DEFAULTS = {
    "SMTP_SMARTHOST": "mailpit:1025",
    "SMTP_FROM": "alertmanager@erp.example",
    "SMTP_REQUIRE_TLS": "false",
    "ALERT_EMAIL_TO": "oncall@erp.example",
    "PAGERDUTY_URL": "http://inbox:8095/v2/enqueue",
}


class RefusedError(Exception):
    """What can't be rendered, in a sentence."""


@dataclass(frozen=True)
class Settings:
    """What the environment says, checked."""

    env: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        env = environ.get("ENV") or "sandbox"
        if env not in ENVIRONMENTS:
            raise RefusedError(f"ENV is {env!r}; expected one of {', '.join(ENVIRONMENTS)}. Correct it in .env.")
        values = dict(SANDBOX_DEFAULTS) if env == "sandbox" else {}
        values.update({name: value.strip() for name, value in environ.items() if value.strip()})
        return cls(env, values)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def flag(self, name: str, default: bool) -> bool:
        value = self[name].lower()
        if value in ("", "true", "false"):
            return default if not value else value == "true"
        raise RefusedError(f"{name} is {self[name]!r}; expected true or false. Correct it in .env.")

    def location(self, name: str) -> str:
        """A time zone by the name that the tz database gives it; UTC where nothing is said."""
        value = self[name] or "UTC"
        known = available_timezones()  # empty where the system has no tz database: then amtool's check tells
        if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", value) or (known and value not in known):
            raise RefusedError(f"{name} is {value!r}; expected a time zone such as Europe/Berlin. Correct it in .env.")
        return value


def check_url(name: str, value: str, settings: Settings, *, tls: bool = False) -> None:
    """Refuses what is no usable address; never repeats the value, which may be a secret."""
    try:
        url = urlsplit(value)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() or char in "\"'{}<>\\`" for char in value):
        raise RefusedError(f"{name} is no usable address; expected one line such as https://host/path.")
    if tls and settings.env != "sandbox" and url.scheme != "https":
        raise RefusedError(
            f"{name} doesn't begin with https, which ENV={settings.env} expects: the address is sent to a "
            "real receiver. Write the real one, or empty the file to switch the channel off."
        )
