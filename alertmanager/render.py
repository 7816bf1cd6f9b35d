"""`python -m alertmanager.render SECRETS OUTPUT`: makes what Alertmanager reads from alertmanager.yml and templates/.

It fills in the settings and removes the channels whose secret file is empty: they would fail at each notification.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from alertmanager import own_receivers
from alertmanager.checks import CHANNELS, RefusedError, check

SOURCE = Path(__file__).parent
OWN = SOURCE / "own" / "routing.json"
MARKED = re.compile(r'(?<=: )("?).*?"?( # )([A-Z_]+)$', re.MULTILINE)
MARKED_TEMPLATE = re.compile(r"(?<=\}\})[^{}]*(?=\{\{ end \}\}\{\{/\* ([A-Z_]+) \*/)")


def render(environ: Mapping[str, str], secrets: Path, output: Path, routing: Path = OWN) -> list[str]:
    """Writes alertmanager.yml and templates/ for Alertmanager; returns a line for each channel."""
    own = own_receivers.load(routing)
    names = {name: secrets / name for name in CHANNELS.values()}
    names |= {name: secrets / "applications" / name for name in own_receivers.secret_names(own)}
    values = {name: value.strip() for name, value in environ.items()}
    values |= {name: path.read_text("utf-8", errors="replace").strip() for name, path in names.items()}
    for name in ("ENV", *(names.keys() - CHANNELS.values())):
        check(name, values)
    on = [key for key, name in CHANNELS.items() if values[name] and check(name, values)]
    text = source = (SOURCE / "alertmanager.yml").read_text(encoding="utf-8")
    if "slack_configs" not in on:
        text = text.replace("# While Slack is off: ", "")
    for key in CHANNELS.keys() - set(on):
        text = re.sub(rf"^    {key}:.*\n( {{5}}.*\n)*", "", text, flags=re.MULTILINE)
    text = own_receivers.add(text, source, own, on)
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
