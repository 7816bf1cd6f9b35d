"""The set-up of the tracker waits for a writer of its database, in a container and a database of its own."""

from tests.support import stack

# Has the write lock until its input ends, and has written by then.
WRITER = """
import sqlite3, sys
writer = sqlite3.connect("/data/db.sqlite3", isolation_level=None)
writer.execute("BEGIN IMMEDIATE")
writer.execute("UPDATE projects_project SET name = name")
open("/tmp/written", "w").close()
sys.stdin.read()
writer.execute("COMMIT")
"""
# Eight seconds: SQLite itself waits for five.
SET_UP_TWICE = """
set -e
bugsink-manage migrate --verbosity=0
python /etc/bugsink/bugsink-setup.py
sleep 8 | python -c "$WRITER" &
until [ -e /tmp/written ]; do sleep 0.1; done
ADMIN_PASSWORD=another python /etc/bugsink/bugsink-setup.py
wait $!
"""
ENVIRONMENT = {
    "WRITER": WRITER,
    "DJANGO_SETTINGS_MODULE": "bugsink_conf",
    "SECRET_KEY": "a-key-of-this-test-alone-that-is-as-long-as-djangos-check-wants-it",
    "PYTHONPATH": "/app",
    "PYTHONDONTWRITEBYTECODE": "1",
    "BASE_URL": "http://localhost:8000",
    "SINGLE_USER": "true",
    "PHONEHOME": "false",
    "ADMIN_PASSWORD": "first",
    "DSN_KEY": "0123456789abcdef" * 2,
    "API_TOKEN": "01234567" * 5,
} | dict.fromkeys(("SLACK_URL", "WEBHOOK_URL", "SMTP_PASSWORD", "TRACKER_EMAIL_TO"), "")


def test_the_set_up_waits_for_whoever_writes_into_the_trackers_database() -> None:
    bugsink = stack.containers()["bugsink"]["Config"]
    environment = [word for name, value in ENVIRONMENT.items() for word in ("--env", f"{name}={value}")]
    writable = ("--tmpfs", "/data:mode=1777", "--tmpfs", "/tmp:mode=1777")  # noqa: S108 - the container's own
    ours = ("--volume", f"{stack.ROOT / 'sentry'}:/etc/bugsink:ro", "--user", bugsink["User"])
    said = stack.run(
        *("docker", "run", "--rm", "--network", "none", *ours, *writable, *environment),
        *(bugsink["Image"], "sh", "-c", SET_UP_TWICE),
        timeout=120,
    )
    assert said.count("Bugsink has its user, project 1 with the DSN's key, and the API token.") == 2
