"""A project that isn't ours: what `django-admin startproject` makes, and the README's two lines."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness import processes

SETTINGS = "import django_instrumentation\ndjango_instrumentation.setup(globals())"
SHORT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", ""), "PYTHONUNBUFFERED": "1"}


class Project:
    """What `django-admin startproject` makes, and the README's two lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [str(processes.BIN / "django-admin"), "startproject", "shop", str(folder)]
        subprocess.run(command, check=True, timeout=60, env=SHORT)
        self.settings = folder / "shop" / "settings.py"
        self.made = self.settings.read_text()
        self.write()

    def write(self, *, before: str = "", call: str = SETTINGS, debug: bool = False) -> None:
        self.settings.write_text(self.made.replace("DEBUG = True", f"DEBUG = {debug}") + f"\n{before}\n{call}\n")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={**SHORT, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def manage(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", *arguments, **variables)

    def run_at_terminal(self, *arguments: str, **variables: str) -> str:
        master, slave = pty.openpty()
        command = [sys.executable, "manage.py", *arguments]
        process = subprocess.Popen(
            command, cwd=self.folder, env={**SHORT, **variables}, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        output = b""
        try:
            while piece := os.read(master, 1 << 16):
                output += piece
        except OSError:  # Linux' way to say that nobody writes any more
            pass
        process.wait(timeout=60)
        os.close(master)
        return output.decode().replace("\r\n", "\n")

    def setting(self, expression: str, module: str = "shop.settings") -> Any:
        code = f"import json, django; django.setup(); from django.conf import settings; print(json.dumps({expression}))"
        done = self.run("-c", code, DJANGO_SETTINGS_MODULE=module)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def files(self) -> set[str]:
        names = (str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))
        return {name for name in names if "__pycache__" not in name}
