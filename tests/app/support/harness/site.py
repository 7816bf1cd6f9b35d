"""The ERP's settings with the tests' views in place of its own."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "harness.urls"
