"""`python -m harness.many_views FOLDER FIRST`: asks a process of its own for each of many views, by GET and by POST.

As one of several processes of a group, each of which begins with another view. On stdout: how many samples its
/metrics has, and the seconds that the page took. It ends when stdin is closed.
"""

import os
import sys
from time import perf_counter

VIEWS = 660


def main(folder: str, first: str) -> None:
    os.environ.update(PROMETHEUS_MULTIPROC_DIR=folder, DJANGO_SETTINGS_MODULE="harness.many_views_settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"authorization": f"Bearer {settings.O11Y.metrics_token}"})
    for number in range(int(first), int(first) + VIEWS):
        client.get(f"/{number % VIEWS}")
        client.post(f"/{number % VIEWS}", {})
    for _ in sys.stdin:  # one line for each scrape, when all have asked for everything
        started = perf_counter()
        page = client.get("/metrics").content.decode()
        samples = [line for line in page.splitlines() if line and not line.startswith("#")]
        seconds = perf_counter() - started
        own = {line.partition('view="')[2].partition('"')[0] for line in samples if 'view="' in line}
        counted = sum(
            float(line.rpartition(" ")[2])
            for line in samples
            if line.startswith("django_http_responses_total_by_status_view_method_total{")
        )
        sys.stdout.write(f"{len(samples)} {len(own)} {counted:g} {seconds:.3f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
