"""`python3 -m ops COMMAND [ARGUMENTS]`: what the Makefile calls; `make` alone says what each does."""

import os
import sys
from collections.abc import Callable

from ops import (
    agent,
    alerts,
    application,
    applications,
    backup,
    bundle,
    commands,
    dev,
    doctor,
    gateway,
    history,
    notification,
    outdated,
    pin,
    profile,
    reload,
    restore,
    rotate,
    scan,
    sentry,
    targets,
    up,
    upgrade,
    urls,
    venv,
)
from ops.console import OpsError
from ops.stack import Stack


def on_current(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """A command whose first argument is the stack as it is set up now."""

    def run(*arguments: str) -> int | None:
        stack: Stack = commands.current()
        return command(stack, *arguments)

    return run


# Each takes words; what it returns, if anything, is the exit status.
COMMANDS: dict[str, Callable[..., int | None]] = {
    "up": up.up,
    "upgrade": upgrade.upgrade,
    "dev": dev.dev,
    "down": commands.down,
    "status": commands.status,
    "urls": on_current(urls.show),
    "logs": commands.logs,
    "log-audit": commands.log_audit,
    "sentry": on_current(sentry.sentry),
    "sentry-down": on_current(sentry.down),
    "reload": on_current(reload.reload),
    "targets": on_current(targets.targets),
    "application": on_current(application.application),
    "agent": agent.agent,
    "agent-down": agent.agent_down,
    "applications": on_current(applications.applications),
    "gateway-user": on_current(gateway.user),
    "agent-token": on_current(gateway.agent_token),
    "doctor": doctor.doctor,
    "clean": commands.clean,
    "clean-cache": commands.clean_cache,
    "compose": on_current(Stack.replace_process),
    "tool": commands.print_tool,
    "venv": venv.ensure,
    "outdated": outdated.outdated,
    "break": commands.break_by,
    "mend": commands.mend,
    "profile": on_current(profile.profile),
    "test-notification": on_current(notification.send),
    "silence": on_current(alerts.silence),
    "alerts": on_current(alerts.alerts),
    "alert-review": on_current(alerts.review),
    "backup": on_current(backup.command),
    "restore": restore.restore,
    "rotate": rotate.rotate,
    "bundle": on_current(bundle.save_all),
    "load": bundle.load,
    "pin": pin.pin,
    "scale-out": on_current(history.scale_out),
    "scale-in": on_current(history.scale_in),
    "scan": on_current(scan.scan),
}


def main() -> int:
    name, *arguments = sys.argv[1:] or [""]
    if name not in COMMANDS:
        print(f"No command {name!r}: expected one of {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        return COMMANDS[name](*arguments) or 0
    except OpsError as error:
        print(f"\nmake: {error}", file=sys.stderr, flush=True)
        return 1
    except BrokenPipeError:
        # `make urls | head -1`. What is still to be flushed goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again; what is finished is kept.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
