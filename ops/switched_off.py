"""What `make up` does with the parts that .env has switched off: it removes them, and has nobody paged for it.

Rules look back for a service that is gone, by up to 15 minutes, and can't know that it was taken away on purpose.
"""

import json
from collections.abc import Collection

from ops.alerts import amtool
from ops.console import OpsError, say
from ops.settings import GATEWAY_SERVICES, SAMPLE_SERVICES, SANDBOX_SERVICES
from ops.stack import Stack

OPTIONAL = (*SAMPLE_SERVICES, *SANDBOX_SERVICES, *GATEWAY_SERVICES, "grafana-operator", "jaeger")
AUTHOR = "make-up"
COMMENT = "switched off: "
SILENCED_FOR = "20m"  # what the rules look back, and their `for`


def stop(stack: Stack) -> None:
    """Remove the containers of profiles that are off now: Compose leaves them running."""
    idle = {container["Service"] for container in stack.containers()} & set(OPTIONAL) - set(stack.model["services"])
    if idle:
        _silence(stack, idle)
        stack.compose("--profile", "*", "rm", "--stop", "--force", *sorted(idle))


def end_silences(stack: Stack) -> None:
    """Of what is switched on again. Raises OpsError where Alertmanager doesn't answer."""
    found = json.loads(amtool(stack, "silence", "query", f"--created-by={AUTHOR}", "--output=json"))
    back = [each["id"] for each in found if {*each["comment"].split()} & set(stack.model["services"])]
    if back:
        amtool(stack, "silence", "expire", *back)


def matchers(application: str, gone: Collection[str], left: Collection[str]) -> list[str]:
    """Of an application that has other services left, only those that go."""
    found = [f'application="{application}"', 'alertname!="Watchdog"']
    return [*found, f'service=~"{"|".join(sorted(gone))}"'] if left else found


def _silence(stack: Stack, idle: Collection[str]) -> None:
    everything = stack.everything["services"]
    of = {name: each.get("labels", {}).get("observability.application", "") for name, each in everything.items()}
    for application in sorted({of[name] for name in idle} - {""}):
        gone = [name for name in idle if of[name] == application]
        left = [name for name in stack.model["services"] if of[name] == application]
        names = ", ".join(sorted(gone))
        # end_silences() reads the names: those of another application would end this one's silence.
        why = (f"--author={AUTHOR}", f"--comment={COMMENT}{' '.join(sorted(gone))}", f"--duration={SILENCED_FOR}")
        try:
            amtool(stack, "silence", "add", *matchers(application, gone, left), *why)
        except OpsError as error:
            say(f"    {names} of {application}: removed without a silence ({error})")
        else:
            say(f"    {names} of {application}: switched off, silenced for {SILENCED_FOR}")
