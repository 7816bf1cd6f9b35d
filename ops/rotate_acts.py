"""What a rotation is made of: programs are told a new secret or read its file anew. No argument holds a value."""

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from ops import alerts, fault_acts, gateway, secrets
from ops.application import SET_UP
from ops.console import OpsError, output
from ops.reload import reload_alertmanager
from ops.stack import ONCE, Stack
from ops.wait import attempts

WITHIN_SECONDS = 60.0
TOKEN_JOB = "containers-with-token"  # noqa: S105 - a job of prometheus/prometheus.yml
LOG_IN = """
from django.db import connection
from django.core.cache import cache
from config.celery import app
connection.ensure_connection()
cache.get("rotation")
with app.connection() as broker:
    broker.ensure_connection(max_retries=1)
"""
SET_USER = """
import sys
import django
django.setup()
from organizations.models import User
for user in User.objects.filter(username=sys.argv[1]):
    user.set_password(sys.stdin.readline().strip())
    user.save(update_fields=("password",))
"""
# The workers of gunicorn, whose master is told to replace them where an argument says so.
WORKERS = """
import os, pathlib, signal, sys
parents = {}
for entry in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = (entry / "cmdline").read_bytes().split(b"\\0")
        if any(word.endswith(b"/gunicorn") for word in words[:2]):
            parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        pass
masters = [process for process, parent in parents.items() if parent not in parents]
if sys.argv[1:]:
    os.kill(masters[0], signal.SIGHUP)
print(*sorted(set(parents) - set(masters)))
"""


@dataclass
class Change:
    """One secret's way from `old` to `new`; `written_at` is when its file got the new value, in Unix seconds."""

    stack: Stack
    name: str
    old: str = field(repr=False)
    new: str = field(repr=False)
    written_at: float = 0.0

    @cached_property
    def running(self) -> set[str]:
        return self.stack.running()

    def write(self) -> None:
        """Into the file and those that repeat it, so that all who have them mounted see it at once. May be repeated."""
        folder = self.stack.settings.secrets
        if secrets.read(self.name, folder) != self.new:
            secrets.overwrite(self.name, self.new, folder)
        for name, value in secrets.derived(self.stack.settings, folder).items():
            if secrets.read(name, folder) != value:
                secrets.overwrite(name, value, folder)
        self.written_at = time.time()

    def back(self) -> "Change":
        return Change(self.stack, self.name, old=self.new, new=self.old)


Act = Callable[[Change], object]


def where_it_runs(service: str, act: Act) -> Act:
    """A program that doesn't run reads its files when it starts."""
    return lambda change: act(change) if service in change.running else None


def switch(change: Change, service: str, *command: str, told: str) -> None:
    """Tell a program inside a service by its input; as soon as it says "done", the file has the new value too."""
    process = subprocess.Popen(
        [*change.stack.command, "exec", "-T", service, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=change.stack.environment,
    )
    if process.stdin is None or process.stdout is None:
        raise OpsError(f"{service} can't be told its new secret: found no way to the input of `docker compose exec`.")
    is_done = False
    try:
        process.stdin.write(told)
        process.stdin.flush()
        for line in process.stdout:
            if line.strip() == "done":
                change.write()
                is_done = True
                break
    except BrokenPipeError:
        pass  # it has ended, and its status says why
    _, said = process.communicate(timeout=WITHIN_SECONDS)
    if not is_done or process.returncode != 0:
        raise OpsError(f"{service} didn't take its new secret ({process.returncode}): {said.strip()[-500:]}")


def role(name: str) -> Act:
    """A role of PostgreSQL; its sessions go on, and the next log-in wants the new password."""

    def act(change: Change) -> None:
        password = change.new.replace("'", "''")
        # Neither a slow statement nor a failing one is logged.
        quiet = "SET log_min_duration_statement = -1; SET log_min_error_statement = panic; SET log_statement = none;"
        statement = f"SET standard_conforming_strings = on; ALTER ROLE {name} PASSWORD '{password}';"
        psql = ("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--username=postgres", "--dbname=postgres")
        switch(change, "erp-db", *psql, told=f"{quiet}\n{statement}\n\\echo done\n")

    return where_it_runs("erp-db", act)


def _valkey(change: Change, sign: str, password: str) -> None:
    script = "valkey-cli -x ACL SETUSER default"
    command = ("exec", "-T", "erp-redis", "sh", "-c", fault_acts.REDIS + script)
    done = change.stack.attempt(*command, stdin=f"{sign}{password}")
    if done.stdout.strip() != "OK":
        raise OpsError(f"erp-redis didn't change its passwords: {(done.stdout + done.stderr).strip()[-300:]}")


def take_both_passwords(change: Change) -> None:
    if "erp-redis" in change.running:
        _valkey(change, ">", change.new)


def forget_the_old_password(change: Change) -> None:
    if "erp-redis" in change.running:
        _valkey(change, "<", change.old)


def reload_redis_exporter(change: Change) -> None:
    """It reads its file of passwords when it is told to."""
    address = "http://127.0.0.1:9121/-/reload"
    change.stack.compose("exec", "-T", "redis-exporter", "wget", "-q", "-O", "/dev/null", address)


def restart(service: str) -> Act:
    return where_it_runs(service, lambda change: change.stack.compose("restart", service, timeout=WITHIN_SECONDS + 60))


def run_once(one_shot: str, *, beside: str) -> Act:
    """A one-shot that sets all right by its files, where the service runs that it does so for."""
    return where_it_runs(beside, lambda change: change.stack.compose(*ONCE, one_shot, timeout=240))


def replace_workers(service: str) -> Act:
    """New processes of gunicorn with the new value, on the same port; the old ones end what they are at."""

    def workers(container: str, *words: str) -> set[str]:
        return set(
            output(["docker", "exec", container, "python", "-c", WORKERS, *words], timeout=WITHIN_SECONDS).split()
        )

    def act(change: Change) -> None:
        found = [each for each in change.stack.containers() if each["State"] == "running"]
        old = {each["Name"]: workers(each["Name"], "replace") for each in found if each["Service"] == service}
        for _ in attempts(WITHIN_SECONDS, 0.5):
            now = {container: workers(container) for container in old}
            if all(now[container] and not now[container] & old[container] for container in old):
                return
        raise OpsError(f"{service} didn't replace its processes within {WITHIN_SECONDS:.0f} s. `make logs` says why.")

    return where_it_runs(service, act)


def erp_user(name: str) -> Act:
    """A user of the ERP, where there is one of that name. A start of erp-migrate would do it too, by the files."""

    def act(change: Change) -> None:
        inside = ("sh", "-c", fault_acts.IN_DJANGO, SET_USER, name, "")
        command = ("exec", "-T", *fault_acts.OF_DJANGO, "erp-web", *inside)
        done = change.stack.attempt(*command, stdin=f"{change.new}\n")
        if done.returncode != 0:
            raise OpsError(f"erp-web didn't give {name} a new password: {done.stderr.strip()[-300:]}")

    return where_it_runs("erp-web", act)


def set_key_in_the_tracker(change: Change) -> None:
    """Bugsink knows one key of a project: it changes at the moment at which senders read the new one."""
    script = ". /etc/bugsink/secrets.sh && exec python -B /etc/bugsink/bugsink-key.py"
    switch(change, "bugsink", "sh", "-c", script, told=f"{change.new}\n")


def set_up_tracker(change: Change) -> None:
    run_once(SET_UP, beside="bugsink")(change)


def restart_tracker_for_another_host(change: Change) -> None:
    """Bugsink calls the hosts that it was started with and no other."""
    hosts = {re.sub(r"^[a-z]+://([^/@]*@)?([^/:]+).*$", r"\2", url) for url in (change.old, change.new) if url}
    if len(hosts) == 2 or not change.old:
        restart("bugsink")(change)


def restart_tracker_for_its_mails(change: Change) -> None:
    """It knows of mail, and its password, what it was started with."""
    if change.stack.settings["SMTP_USERNAME"] or not (change.old and change.new):
        restart("bugsink")(change)


def renew_channels(change: Change) -> None:
    """Alertmanager reads the file at each message; whether the channel is on stands in its configuration."""
    if change.running & {*change.stack.replicas("alertmanager")}:
        reload_alertmanager(change.stack)


def gateway_user(name: str) -> Act:
    return lambda change: gateway.renew_password(change.stack, name)


def erp_logs_in(change: Change) -> None:
    """To database, cache and broker, as its processes do."""
    if {"erp-web", "erp-db", "erp-redis"} <= change.running:
        fault_acts.django(LOG_IN)(change.stack)


def shows(service: str, address: str, line: str) -> Act:
    """Whether an exporter reaches what it measures."""

    def act(change: Change) -> None:
        for _ in attempts(WITHIN_SECONDS, 1):
            said = change.stack.attempt("exec", "-T", service, "wget", "-q", "-O", "-", address).stdout
            if line in said.splitlines():
                return
        raise OpsError(
            f"{service} doesn't show {line!r} within {WITHIN_SECONDS:.0f} s, expected it with the new secret."
        )

    return where_it_runs(service, act)


def targets_let_prometheus_in(change: Change) -> None:
    """Each target with a token has been read since, and none refused."""
    if "prometheus" not in change.running:
        return
    refusing: list[str] = []
    for _ in attempts(WITHIN_SECONDS, 1):
        active = alerts.prometheus(change.stack, "targets", state="active", scrapePool=TOKEN_JOB)["activeTargets"]
        found = [each for each in active if each["scrapePool"] == TOKEN_JOB]  # Thanos answers with those of every pool
        waiting = [each["labels"]["instance"] for each in found if _scraped_at(each) < change.written_at]
        refusing = [each["labels"]["instance"] for each in found if "401" in each["lastError"]]
        if not waiting and not refusing:
            return
    if refusing:
        raise OpsError(
            f"{', '.join(sorted(refusing))}: refuses the new metrics token, expected a reader of its file. An "
            "application that reads it only when it starts needs a newer django-instrumentation first."
        )
    raise OpsError(f"Prometheus hasn't read each target within {WITHIN_SECONDS:.0f} s; `make targets` says more.")


def _scraped_at(target: dict[str, str]) -> float:
    return datetime.fromisoformat(target["lastScrape"]).timestamp()


def set_grafana_admin(change: Change) -> None:
    """Grafana keeps the password itself, as a hash, and takes another from the admin alone."""
    command = (*ONCE, "grafana-operator", "python3", "-B", "/srv/grafana_operator.py", "admin")
    done = change.stack.attempt(*command, stdin=f"{change.old}\n{change.new}\n")
    if done.returncode != 0:
        raise OpsError(f"Grafana didn't take its admin's new password: {done.stderr.strip()[-300:]}")


def where_somebody_logs_in(act: Act) -> Act:
    """The preview, which takes Grafana's place where images are built here, has no users."""
    return lambda change: act(change) if has_log_in(change.stack) else None


def has_log_in(stack: Stack) -> bool:
    return "grafana-operator" in stack.model["services"]
