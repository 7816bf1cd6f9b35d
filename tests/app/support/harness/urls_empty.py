"""A project without /metrics."""

urlpatterns: list[object] = []
