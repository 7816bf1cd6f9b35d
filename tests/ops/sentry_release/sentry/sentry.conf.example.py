"""A stand-in for the settings of Sentry's release, written for the test."""

from sentry.conf.server import *  # noqa: F403

SENTRY_OPTIONS["system.event-retention-days"] = int(env("SENTRY_EVENT_RETENTION_DAYS", "90"))  # noqa: F405
SENTRY_OPTIONS["mail.list-namespace"] = env("SENTRY_MAIL_HOST", "localhost")  # noqa: F405
SENTRY_OPTIONS["mail.from"] = f"sentry@{SENTRY_OPTIONS['mail.list-namespace']}"  # noqa: F405
