"""The shop's URLs, and /metrics as django-prometheus' README says."""

from django.urls import include, path
from shop.urls import urlpatterns

urlpatterns += [path("", include("django_prometheus.urls"))]
