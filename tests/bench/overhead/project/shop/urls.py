"""Two views to measure, and many routes, because each makes series of its own on /metrics."""

from django.urls import path

from shop import views

ROUTES = 20

urlpatterns = [
    path("noop", views.noop, name="noop"),
    path("queries", views.queries, name="queries"),
    *[path(f"page/{number}/<int:status>", views.page, name=f"page-{number}") for number in range(ROUTES)],
]
