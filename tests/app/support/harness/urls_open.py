"""What a project has that follows django-prometheus' own README."""

from django.urls import include, path

urlpatterns = [path("", include("django_prometheus.urls"))]
