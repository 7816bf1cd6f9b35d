"""`python -m harness.many_views FOLDER`: asks a process of its own for each of many views, by GET and by POST.

As one of several processes of a group, which have one command line; each begins with another view, FIRST_VIEW. On
stdout: how many samples its /metrics has, and the seconds of processor time that the page took. It ends when stdin is
closed.
"""

import os
import sys
from time import process_time

VIEWS = 660


def main(folder: str) -> None:
    os.environ.update(PROMETHEUS_MULTIPROC_DIR=folder, DJANGO_SETTINGS_MODULE="harness.many_views_settings")
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"authorization": f"Bearer {settings.INSTRUMENTATION.metrics_token}"})
    first = int(os.environ["FIRST_VIEW"])
    for number in range(first, first + VIEWS):
        client.get(f"/{number % VIEWS}")
        client.post(f"/{number % VIEWS}", {})
    for _ in sys.stdin:  # one line for each scrape, when all have asked for everything
        started = process_time()
        page = client.get("/metrics").content.decode()
        seconds = process_time() - started
        samples = [line for line in page.splitlines() if line and not line.startswith("#")]
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
