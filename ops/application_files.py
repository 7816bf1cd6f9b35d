"""The files applications/NAME.toml: thresholds and receivers that an application has for itself.

This module alone reads and checks them. It writes what they say for those who need it: a file of rules for Prometheus,
and a table of receivers for alertmanager/render.py.
"""

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops import secrets
from ops.console import OpsError
from ops.paths import ROOT

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
MAILBOX = re.compile(r"[\w+=/&'-]+(\.[\w+=/&'-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
# A rule that reads an application's own threshold names the alert and the tier so.
ADJUSTABLE = re.compile(r'application:alert_threshold:own\{alert="(\w+)",severity="(\w+)"\}')
CHANNEL_SECRETS = {"slack": "slack_webhook_url", "pagerduty": "pagerduty_routing_key"}
# As alertmanager/checks.py, which refuses a few more.
SECRET_FORMS = {
    "slack": (r"https?://[^\W_](?!.*[\"'{}<>\\`])[!-~]+", "one line such as https://host/path"),
    "pagerduty": ("[A-Za-z0-9]+", "the letters and digits of an Events API v2 integration"),
    "email": (".+", "one line"),
}
SECTIONS = ("thresholds", "routing")
ROUTING = ("env", *CHANNEL_SECRETS, "email")
THRESHOLDS_FILE = Path("prometheus/rules/own/thresholds.yml")
ROUTING_FILE = Path("alertmanager/own/routing.json")
HEAD = "# Written from applications/*.toml by `make up` and `make reload`.\n"


@dataclass(frozen=True)
class Application:
    """`thresholds` by alert and severity; `routing` as alertmanager/own_receivers.py reads it."""

    name: str
    thresholds: dict[tuple[str, str], float] = field(default_factory=dict)
    routing: dict[str, Any] = field(default_factory=dict)


def take_over(root: Path, secret_files: Path) -> None:
    """Check every file, and write what they say; raises OpsError before anything is written."""
    found = read(root, secret_files)
    rules = [
        f"      - record: application:alert_threshold:own\n        expr: vector({value!r})\n        labels: "
        f"{{application: {json.dumps(each.name)}, alert: {alert}, severity: {severity}}}\n"
        for each in found
        for (alert, severity), value in each.thresholds.items()
    ]
    text = f"{HEAD}groups:\n  - name: thresholds-of-applications\n    rules:\n{''.join(rules)}" if rules else ""
    _write(root / THRESHOLDS_FILE, text)
    routed = {each.name: each.routing for each in found if each.routing}
    _write(root / ROUTING_FILE, json.dumps(routed, indent=1) + "\n" if routed else "")


def read(root: Path, secret_files: Path) -> list[Application]:
    """What each file says; OpsError has a line for each file that can't be used, with its name and line."""
    adjustable = thresholds(root)
    found, wrong = [], []
    for path in sorted((root / "applications").glob("*.toml")):
        try:
            found.append(_Reader(path, secret_files).read(adjustable))
        except OpsError as error:
            wrong.append(str(error))
    if wrong:
        raise OpsError("\n".join(wrong))
    return found


def thresholds(root: Path = ROOT) -> set[tuple[str, str]]:
    """Alert and severity of each threshold that an application can have for itself."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((root / "prometheus" / "rules").rglob("*.yml"))]
    return {(alert, severity) for text in texts for alert, severity in ADJUSTABLE.findall(text)}


def _write(path: Path, text: str) -> None:
    """Empty text is no file. What is the same already stays as it is."""
    if not text:
        path.unlink(missing_ok=True)
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)  # the programs that read it have users of their own


class _Reader:
    """One file."""

    def __init__(self, path: Path, secret_files: Path) -> None:
        self.path, self.secret_files = path, secret_files
        self.lines: list[str] = []

    def read(self, adjustable: set[tuple[str, str]]) -> Application:
        name = self.path.stem
        if not NAME.fullmatch(name):
            raise self._wrong(
                "", f"{name!r} is no application's name; expected its label: letters, digits, hyphens, dots"
            )
        try:
            text = self.path.read_text(encoding="utf-8")
            self.lines = text.splitlines()
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            said, _, where = str(error).partition(" (at ")
            line = "".join(re.findall(r"line (\d+)", where)) or str(len(self.lines))
            raise OpsError(f"applications/{self.path.name}:{line}: {said}; expected TOML. {CORRECT}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise self._wrong("", f"it can't be read ({error.__class__.__name__}); expected a text file") from None
        self._known(document, SECTIONS)
        return Application(
            name,
            self._thresholds(self._table(document, "thresholds"), adjustable),
            self._routing(name, self._table(document, "routing")),
        )

    def _thresholds(self, given: Mapping[str, Any], adjustable: set[tuple[str, str]]) -> dict[tuple[str, str], float]:
        found = {}
        for alert in given:
            tiers = sorted(severity for known, severity in adjustable if known == alert)
            if not tiers:
                raise self._wrong(alert, f"{alert} has no threshold to set; {REFERENCE} lists those that have one")
            own = self._table(given, alert)
            self._known(own, tiers, after=alert)
            for severity, value in own.items():
                is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
                if not is_number or value <= 0:
                    raise self._wrong(
                        severity, f"{alert}'s {severity} is {value!r}; expected a number above 0", after=alert
                    )
                found[alert, severity] = float(value)
        return found

    def _routing(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self._known(given, ROUTING)
        if given and not given.keys() & {*CHANNEL_SECRETS, "email"}:
            raise self._wrong("routing", "routing names no channel; expected slack, pagerduty or email")
        for channel, secret in CHANNEL_SECRETS.items():
            if given.get(channel, True) is not True:
                raise self._wrong(channel, f"{channel} is {given[channel]!r}; expected true, or no such line")
            if channel in given:
                self._secret(channel, self.secret_files / secrets.OF_APPLICATIONS / f"{name}_{secret}")
        for key, form in (("env", NAME), ("email", MAILBOX)):
            if key in given and not (isinstance(given[key], str) and form.fullmatch(given[key])):
                expected = "an environment such as production" if key == "env" else "one address such as a@shop.example"
                raise self._wrong(key, f"{key} is {given[key]!r}; expected {expected}")
        if "email" in given:
            self._secret("email", self.secret_files / "smtp_password")
        return dict(given)

    def _secret(self, channel: str, path: Path) -> None:
        """It has to be there, of the form that Alertmanager's renderer wants, and readable for its user."""
        found = path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
        if not found:
            state = "is empty" if path.is_file() else "isn't there"
            raise self._wrong(
                channel, f"{channel} needs the secret {path}, which {state}; expected the file with its value"
            )
        form, words = SECRET_FORMS[channel]
        if not re.fullmatch(form, found):
            raise self._wrong(channel, f"{channel} needs the secret {path}, which can't work; expected {words}")
        path.chmod(secrets.FILE_MODE)

    def _table(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = document.get(name, {})
        if not isinstance(found, dict):
            raise self._wrong(name, f"{name} is {found!r}; expected a table, as in applications/README.md")
        return found

    def _known(self, given: Mapping[str, Any], names: tuple[str, ...] | list[str], after: str = "") -> None:
        for name in given:
            if name not in names:
                raise self._wrong(name, f"unknown {name!r}; expected {', '.join(names)}", after=after)

    def _wrong(self, word: str, sentence: str, after: str = "") -> OpsError:
        """`word` is on the line that is named, below the line with `after`."""
        begin = self._line(after, 1)
        return OpsError(f"applications/{self.path.name}:{self._line(word, begin)}: {sentence}. {CORRECT}")

    def _line(self, word: str, begin: int) -> int:
        rest = enumerate(self.lines[begin - 1 :], begin)
        return next((number for number, line in rest if word and re.search(rf"\b{re.escape(word)}\b", line)), begin)


CORRECT = "Correct the file, and run the same command again; what runs stays as it is."
REFERENCE = "docs/reference/thresholds.md"
