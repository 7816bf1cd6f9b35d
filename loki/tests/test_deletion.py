"""What the keeper wants deleted leaves Loki's disk, and nothing else does."""

import time
from pathlib import Path

import pytest
import requests

from logkeeper.loki import Loki
from logkeeper.size import found
from loki.tests.server import Server, running
from tests.support.wait import eventually

SOON = {"compaction_interval": "2s", "retention_delete_delay": "1s", "delete_request_cancel_period": "1s"}
DAY = 86400.0
OLD, NEW = 3 * DAY, 2 * DAY
LABELS = {"application": "erp", "service": "erp-web", "env": "sandbox", "level": "INFO", "stream": "stdout"}


@pytest.mark.thorough
@pytest.mark.timeout(400)
def test_the_oldest_chunks_leave_the_disk_and_the_rest_stays(tmp_path: Path) -> None:
    now = time.time()
    with running(tmp_path) as first:
        for age, line in ((OLD, "old"), (NEW, "new")):
            assert first.push(LABELS | {"stream": line}, line, age=age).ok
        # At its end Loki hands the index over of what is in the store.
        requests.post(f"{first.url}/flush", timeout=30).raise_for_status()
        eventually(lambda: len(list(found(tmp_path / "chunks" / "fake"))), "two chunks", 30, until=(2).__eq__)
    chunks = sorted(found(tmp_path / "chunks" / "fake"))
    assert [round(now - each.through) for each in chunks] == pytest.approx([OLD, NEW], abs=30)
    with running(tmp_path, SOON) as second:
        Loki(second.url.removeprefix("http://")).delete(int(now - OLD + DAY / 2))
        eventually(lambda: lines(second), "the rest alone", 60, until=["new"].__eq__)
        left = eventually(
            lambda: sorted(found(tmp_path / "chunks" / "fake")), "one chunk", 120, until=lambda left: len(left) == 1
        )
        assert left == chunks[1:]
        assert lines(second) == ["new"]


def lines(loki: Server) -> list[str]:
    return [line for _, line, _ in loki.entries('{service="erp-web"}', start=int((time.time() - 5 * DAY) * 1e9))]
