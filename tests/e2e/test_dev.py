"""`make dev`: a change in the working tree is served without a restart by hand, and everything is still wired."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest

from tests.support.erp import RESPONSES, VERSION_VIEW, Erp, Ids
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.stack import ROOT, run
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

VIEW = ROOT / "erp_app" / "config" / "views.py"


@pytest.fixture
def shown() -> Iterator[int]:
    """What `make dev` prints, as a file; at the end the ERP runs from its image again."""
    code = VIEW.read_text(encoding="utf-8")
    with TemporaryFile() as output:
        command = [sys.executable, "-m", "ops", "dev"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
        try:
            yield output.fileno()
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)
            VIEW.write_text(code, encoding="utf-8")
            run(sys.executable, "-m", "ops", "up", timeout=600)


def said(shown: int) -> str:
    return os.pread(shown, 10_000_000, 0).decode(errors="replace")


def test_a_changed_file_is_served_counted_and_logged(shown: int, erp: Erp, loki: Loki, prometheus: Prometheus) -> None:
    eventually(lambda: "Ctrl-C ends this view only" in said(shown), "make dev to follow the log", 180)
    assert "reloaded" not in erp.version(Ids.fresh("dev")).json()
    code = VIEW.read_text(encoding="utf-8")
    VIEW.write_text(code.replace('"env": settings.ENV', '"env": settings.ENV, "reloaded": True'), encoding="utf-8")
    ids = Ids.fresh("dev")
    eventually(lambda: erp.version(Ids.fresh("dev")).json()["reloaded"], "the changed view", 60)
    before = erp.counter(RESPONSES, view=VERSION_VIEW)
    erp.version(ids)
    assert erp.counter(RESPONSES, view=VERSION_VIEW) == before + 1
    eventually(lambda: ids.request in said(shown), "the request's line in make dev's view", 20)
    query = f'{{service="erp-web"}} | request_id="{ids.request}"'
    entries = eventually(lambda: loki.entries(query), "the request's line in Loki", 30)
    assert [entry.fields["status"] for entry in entries] == [200]
    eventually(lambda: prometheus.value('up{job="erp-web",probe=""}'), "Prometheus to scrape it", 30)
