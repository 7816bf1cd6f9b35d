"""No page at all, and an error page that is broken itself."""

handler404 = "harness.obstacles.broken_page"
urlpatterns: list[object] = []
