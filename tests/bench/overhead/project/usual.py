"""The usual set-up, third part: the Sentry SDK with its defaults, for errors only."""

import os

import sentry_sdk
from usual_lines import *  # noqa: F403

sentry_sdk.init(dsn=os.environ["SENTRY_DSN"])
