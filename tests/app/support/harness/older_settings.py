"""The sample's settings with a kombu before 5.7, which can't ask for the broker's password at each log-in."""

from config.settings import *  # noqa: F403
from config.settings import CELERY_BROKER_URL as URL

CELERY_BROKER_URL = URL.partition("?")[0]
