"""The ERP's settings with the tests' views in place of its own, and middlewares that are all async by themselves."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

ROOT_URLCONF = "harness.urls"
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]
