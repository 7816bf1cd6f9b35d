"""`make sentry` and `make sentry-down`: Sentry's own self-hosted release in Bugsink's place, and back (docs/sentry.md).

Each step leaves what an earlier run has done, so that an interrupted run is continued by the same command.
"""

import json
import uuid
from typing import Any

from ops import images, ports, secrets, sentry_files, sentry_release
from ops.console import OpsError, capture, run_logged, say, step
from ops.lock import alone
from ops.sentry_api import SentryApi
from ops.sentry_files import ADMIN, INGEST
from ops.sentry_release import FOLDER, PROJECT
from ops.settings import Settings
from ops.stack import Stack, folders_of

PASSWORD = "sentry_admin_password"  # noqa: S105 - a file's name
SAMPLE = "erp"  # the project of the sample, and of every application that has secrets/sentry_dsn
REPORTING = ("erp-web", "erp-worker", "erp-beat")
UNATTENDED = (
    *("--skip-user-creation", "--no-report-self-hosted-issues"),
    *("--apply-automatic-config-updates", "--skip-commit-check"),
)
START_SECONDS = 1800
MAKE_USER = (
    f'read -r word && exec sentry createuser --superuser --force-update --no-input --email {ADMIN} --password "$word"'
)
# Run in a container of the stack, which reaches Sentry as an application does. Reads the DSN and the event's id.
SEND = """
import json, sys, time, urllib.parse, urllib.request

dsn, event = sys.stdin.read().split()
parts = urllib.parse.urlsplit(dsn)
head = {"event_id": event, "dsn": dsn}
body = {"event_id": event, "timestamp": time.time(), "platform": "python", "level": "info",
        "message": "make sentry: the way from an application to Sentry", "tags": {"sent_by": "make sentry"}}
envelope = "\\n".join(json.dumps(each) for each in (head, {"type": "event"}, body))
url = f"{parts.scheme}://{parts.hostname}:{parts.port or 80}/api{parts.path}/envelope/"
sent = {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={parts.username}",
        "Content-Type": "application/x-sentry-envelope"}
urllib.request.urlopen(urllib.request.Request(url, envelope.encode(), sent), timeout=30).read()
"""


def sentry(stack: Stack, given: str = "") -> None:
    with alone("sentry"):
        _sentry(stack, given)


def _sentry(stack: Stack, given: str) -> None:
    settings = stack.settings
    profile = settings["SENTRY_PROFILE"]
    _refuse_what_cannot_be(settings)
    sentry_release.bring(FOLDER, given)
    with step("Checking what Sentry's release demands"):
        sentry_release.check(sentry_release.demands(FOLDER, profile), profile)
        _check_surroundings(settings)
    sentry_files.write(FOLDER, stack)
    model = sentry_files.model(FOLDER, stack)
    _install(settings, model)
    with step(f"Starting Sentry: {len(model['services'])} services; the first time takes ten minutes and more"):
        command = [*sentry_files.compose(FOLDER), "up", "--wait", "--wait-timeout", str(START_SECONDS)]
        run_logged(command, log=settings.logs / "sentry-up.log", title="docker compose up of Sentry")
    with step(f"Making Sentry's user {ADMIN} and the project {SAMPLE}"):
        dsn = provision(stack, SAMPLE)
    with step("Sending an event from the stack's network, and looking for it in Sentry"):
        _prove(stack, dsn)
    _switch(stack, dsn)
    say(
        f"\nSentry is the tracker: {stack.variables['BASE_URL_SENTRY']}, user {ADMIN}, password in "
        f"{settings.secrets / PASSWORD}.\nAn application of yours reports to it once its DSN is made anew: "
        "`make application NAME=…`. `make sentry-down` goes back to Bugsink and keeps Sentry's data."
    )


def _refuse_what_cannot_be(settings: Settings) -> None:
    if "SENTRY_DSN" in settings.given:
        raise OpsError(
            f"SENTRY_DSN is set to {settings.given['SENTRY_DSN'] or 'nothing'} in .env, which wins: expected no such "
            "line. Take it out and run `make sentry` again."
        )
    if not settings.is_first:
        raise OpsError(
            f"PROJECT={settings['PROJECT']}: Sentry's release names its volumes for the whole engine, so there is one "
            "Sentry on it, the first stack's. Set SENTRY_DSN in .env here to a DSN of that one."
        )


def _check_surroundings(settings: Settings) -> None:
    """Its port, its network, and that it isn't another folder's."""
    folders = folders_of(PROJECT)
    if others := folders - {str(FOLDER)}:
        raise OpsError(
            f"A Sentry runs already from {', '.join(sorted(others))}: found its containers, expected none or those of "
            f"{FOLDER}. Set SENTRY_DSN in .env to a DSN of it, or stop it there."
        )
    if not folders:
        ports.check(settings.bind, int(settings["SENTRY_PORT"]), "Sentry", "SENTRY_PORT")
    if capture(["docker", "network", "inspect", settings.network]).returncode != 0:
        raise OpsError(
            f"The network {settings.network} isn't there; expected the running stack's. Run `make up` first."
        )


def _install(settings: Settings, model: dict[str, Any]) -> None:
    """Run the release's installer, unless it has ended well with these settings."""
    done = {
        "version": sentry_release.pinned().version,
        "profile": settings["SENTRY_PROFILE"],
        "days": settings["TRACKER_KEPT_DAYS"],
    }
    mark = FOLDER / ".installed"
    wanted = sorted({service["image"] for service in model["services"].values()})
    if mark.is_file() and json.loads(mark.read_text(encoding="utf-8")) == done and not images.absent(wanted):
        say("Sentry's installer has ended well with these settings; it isn't run again.")
        return
    mark.unlink(missing_ok=True)
    with step("Running Sentry's installer, which pulls, builds and migrates"):
        command = ["env", "-C", str(FOLDER), "bash", "install.sh", *UNATTENDED]
        log = settings.logs / "sentry-install.log"
        run_logged(command, log=log, title="Sentry's installer", env=sentry_release.environment())
    if missing := images.absent(wanted):
        raise OpsError(
            f"Sentry's installer ended well, but found no image {', '.join(missing)}; expected all {len(wanted)}: it "
            "passes over a pull that fails. Run `make sentry` again when the registry answers, or `docker load` them."
        )
    mark.write_text(json.dumps(done), encoding="utf-8")


def provision(stack: Stack, name: str) -> str:
    """The DSN of the application's project in Sentry; makes user, team and project where they aren't there."""
    password = _password(stack.settings)
    command = [*sentry_files.compose(FOLDER), "exec", "-T", "web", "sh", "-c", MAKE_USER]
    made = capture(command, stdin=f"{password}\n", timeout=300)
    if made.returncode != 0:
        raise OpsError(
            f"`sentry createuser` failed: {(made.stderr or made.stdout).strip()[-600:]}; expected the user {ADMIN}. "
            "Run `make sentry` again once its service web is healthy."
        )
    api = _connect(stack, password)
    api.answer_wizard(ADMIN)
    return api.dsn(name, INGEST)


def _connect(stack: Stack, password: str) -> SentryApi:
    base = f"http://{stack.settings.host}:{stack.settings['SENTRY_PORT']}"
    return SentryApi(base, stack.variables["BASE_URL_SENTRY"], user=ADMIN, password=password)


def _password(settings: Settings) -> str:
    file = settings.secrets / PASSWORD
    if not file.is_file():
        secrets.write(file, secrets.random_text(24))
    return secrets.read(PASSWORD, settings.secrets)


def _prove(stack: Stack, dsn: str) -> None:
    event = uuid.uuid4().hex
    sent = stack.attempt("exec", "-T", "bugsink", "python", "-c", SEND, stdin=f"{dsn}\n{event}\n")
    if sent.returncode != 0:
        raise OpsError(
            f"The event couldn't be sent from the network {stack.settings.network}: {sent.stderr.strip()[-400:]}; "
            f"expected {INGEST} to take it. `docker logs {PROJECT}-nginx-1` and `{PROJECT}-relay-1` say more."
        )
    _connect(stack, secrets.read(PASSWORD, stack.settings.secrets)).await_event(SAMPLE, event)


def _switch(stack: Stack, dsn: str) -> None:
    """Have the sample report to this DSN, or without one to Bugsink, and recreate it where that is new to it."""
    with alone("stack"), step(f"Switching the tracker to {'Sentry' if dsn else 'Bugsink'}"):
        file = stack.settings.secrets / secrets.SELFHOSTED_DSN
        if dsn:
            secrets.update(secrets.SELFHOSTED_DSN, dsn, stack.settings.secrets)
        else:
            file.unlink(missing_ok=True)
        secrets.ensure(stack.settings, stack.settings.secrets)
        changed = Stack(stack.settings, stack.image_source)  # its stamps have the new DSN
        running = changed.running()
        if ours := sorted(running & set(REPORTING)):
            changed.compose("up", "--detach", "--no-deps", "--wait", *ours, timeout=300)
        # Alertmanager's renderer and the data sources of the boards write the tracker's address into links.
        notifying = sorted(running & {*changed.replicas("alertmanager")})
        if linking := sorted({*notifying, *(running & {"grafana"})}):
            changed.compose("up", "--detach", "--wait", *linking, timeout=300)
        if notifying:
            changed.compose("kill", "--signal", "HUP", *notifying)


def down(stack: Stack) -> None:
    """Back to Bugsink: first its reporters, then Sentry's containers; the volumes stay."""
    with alone("sentry"):
        is_installed = (FOLDER / ".env.custom").is_file()
        if not is_installed and not (stack.settings.secrets / secrets.SELFHOSTED_DSN).is_file():
            say("No Sentry was ever installed here by `make sentry`; Bugsink is the tracker.")
            return
        _switch(stack, "")
        if not is_installed:
            return
        with step("Stopping Sentry; its volumes stay"):
            command = [*sentry_files.compose(FOLDER), "down", "--timeout", "60"]
            run_logged(command, log=stack.settings.logs / "sentry-down.log", title="docker compose down of Sentry")
