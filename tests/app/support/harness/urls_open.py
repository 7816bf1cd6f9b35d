"""What a project has that follows django-prometheus' own README, below a folder."""

from django.urls import include, path

urlpatterns = [path("prometheus/", include("django_prometheus.urls"))]
