"""Gives project 1 another key, read from the input: `make rotate SECRET=bugsink_dsn_key`. Says "done" when it holds."""

import sys
import uuid

import django

django.setup()

from projects.models import Project  # noqa: E402
from write_lock import write_lock  # noqa: E402

key = uuid.UUID(sys.stdin.readline().strip())
with write_lock():
    found = Project.objects.filter(id=1).update(sentry_key=key)
if not found:
    sys.exit("Bugsink has no project 1, expected the one of the sample. Run `make up`.")
print("done", flush=True)  # noqa: T201
