"""`python3 -m ops COMMAND`: what the Makefile calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ops import alerts, bundle, commands, doctor, engine, outdated, up, venv
from ops.console import OpsError


def main() -> int:
    parser = argparse.ArgumentParser(prog="ops", description=__doc__)
    sub = parser.add_subparsers(dest="command", required=True)
    sub.add_parser("up", help="engine, images, secrets, stack, table of URLs")
    sub.add_parser("down", help="stop the stack, keep its data")
    sub.add_parser("status", help="every service and its health")
    sub.add_parser("urls", help="the table of URLs")
    sub.add_parser("doctor", help="what is missing, wrong or weak here")
    sub.add_parser("outdated", help="which pins are behind, as far as the registries answer")
    sub.add_parser("clean-cache", help="delete the engine's build cache")
    logs = sub.add_parser("logs", help="follow the logs")
    logs.add_argument("services", nargs="*")
    clean = sub.add_parser("clean", help="stop the stack and delete its data and secrets; images stay")
    clean.add_argument("--confirm", default="")
    compose = sub.add_parser("compose", help="docker compose with this checkout's files and settings")
    compose.add_argument("arguments", nargs=argparse.REMAINDER)
    tool = sub.add_parser("tool", help="path of a program copied out of its image")
    tool.add_argument("name")
    sub.add_parser("venv", help="the tests' virtual environment, as requirements/test.txt locks it")
    for name, meaning in (("break", "break something of the sandbox on purpose"), ("mend", "mend what was broken")):
        sub.add_parser(name, help=meaning).add_argument("fault", nargs="?", default="")
    notify = sub.add_parser("test-notification", help="send one test notification through a real channel")
    notify.add_argument("channel", choices=["slack", "pagerduty", "email"])
    silence = sub.add_parser("silence", help="mute the alerts of one service for a while")
    silence.add_argument("service")
    silence.add_argument("length")
    sub.add_parser("alerts", help="every alert that there is now: firing, pending, silenced, inhibited")
    sub.add_parser("alert-review", help="how often each alert fired in the last 30 days, and which never did")
    for name, meaning in (
        ("bundle", "all images of the stack in one file"),
        ("load", "take images out of such a file"),
    ):
        sub.add_parser(name, help=meaning).add_argument("file", type=Path)
    arguments = parser.parse_args()
    try:
        return dispatch(arguments)
    except OpsError as error:
        print(f"\nmake: {error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again; what is finished is kept.", file=sys.stderr)
        return 130


def dispatch(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "up":
            up.up()
        case "doctor":
            return doctor.doctor()
        case "outdated":
            outdated.outdated()
        case "clean-cache":
            commands.clean_cache()
        case "down":
            commands.down()
        case "status":
            return commands.status()
        case "urls":
            commands.urls()
        case "logs":
            commands.logs(arguments.services)
        case "clean":
            commands.clean(arguments.confirm)
        case "compose":
            commands.compose(arguments.arguments)
        case "tool":
            print(commands.tool(arguments.name))
        case "venv":
            venv.ensure()
        case "break":
            commands.break_by(arguments.fault)
        case "mend":
            commands.mend(arguments.fault)
        case "test-notification":
            commands.test_notification(arguments.channel)
        case "silence":
            alerts.silence(commands.current(), arguments.service, arguments.length)
        case "alerts":
            alerts.alerts(commands.current())
        case "alert-review":
            alerts.review(commands.current())
        case "bundle":
            bundle.save(bundle.references(commands.current()), arguments.file)
        case "load":
            engine.ensure()
            bundle.load(arguments.file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
