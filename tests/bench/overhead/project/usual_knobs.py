"""The usual set-up with the Sentry SDK's Django integration and all that it does for traces turned off."""

import os

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from usual_lines import *  # noqa: F403

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    auto_enabling_integrations=False,
    auto_session_tracking=False,
    trace_propagation_targets=[],
    integrations=[
        DjangoIntegration(http_methods_to_capture=(), middleware_spans=False, signals_spans=False, cache_spans=False)
    ],
)
