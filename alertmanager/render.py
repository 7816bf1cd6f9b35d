"""Writes Alertmanager's configuration from the secret files that are there.

Alertmanager takes an empty secret file for a receiver that fails at every page, and says nothing at the
start. So a channel is written only when its secret has something in it.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from alertmanager.channels import CHANNELS, Config, read_channels
from alertmanager.inhibition import ROWS
from alertmanager.routes import ROUTE, receivers, time_intervals
from alertmanager.settings import RefusedError, Settings, check_url

BASES = ("grafana", "alertmanager", "runbooks")


def base_template(settings: Settings) -> str:
    """The addresses that templates put before the paths in annotations."""
    lines = []
    for name in BASES:
        variable = f"BASE_URL_{name.upper()}"
        check_url(variable, settings[variable], settings)
        lines.append(f'{{{{ define "base.{name}" }}}}{settings[variable].rstrip("/")}{{{{ end }}}}\n')
    lines.append(f'{{{{ define "erp.env" }}}}{settings.env}{{{{ end }}}}\n')
    return "".join(lines)


def write(path: Path, text: str) -> None:
    """A reader sees the old file or the new one."""
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)


def render(environ: Mapping[str, str], secrets: Path, templates: Path, output: Path) -> dict[str, str]:
    settings = Settings.read(environ)
    channels = read_channels(secrets)
    config: Config = {
        "global": {"resolve_timeout": "5m"},
        "templates": [str(templates / "*.tmpl"), "base.tmpl"],
        "route": ROUTE,
        "time_intervals": time_intervals(settings),
        "inhibit_rules": [row.config for row in ROWS],
        "receivers": receivers(settings, secrets, channels),
    }
    base = base_template(settings)
    write(output / "base.tmpl", base)
    write(
        output / "alertmanager.yml",
        "# Rendered by alertmanager/render.py: change that one. JSON is YAML.\n" + json.dumps(config, indent=2) + "\n",
    )
    return channels


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets", type=Path, default=Path("/run/secrets"))
    parser.add_argument("--templates", type=Path, default=Path("/etc/alertmanager-templates"))
    parser.add_argument("--output", type=Path, default=Path("/etc/alertmanager-rendered"))
    options = parser.parse_args(arguments)
    try:
        channels = render(os.environ, options.secrets, options.templates, options.output)
    except (RefusedError, OSError) as error:
        sys.stderr.write(f"Alertmanager's configuration was not written. {error}\n")
        return 1
    for channel, secret in CHANNELS.items():
        sys.stdout.write(f"{channel:<10} {'on' if channel in channels else f'off ({secret} is empty)'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
