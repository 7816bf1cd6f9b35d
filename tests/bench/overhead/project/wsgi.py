"""The application, as `django-admin startproject` makes it."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
