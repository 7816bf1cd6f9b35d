"""The tests' views for an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "harness.site"
application = get_asgi_application()
