"""Whether Prometheus is let in with a new token is judged by the targets that want one, whoever lists more."""

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from ops import rotate_acts
from ops.console import OpsError
from ops.rotate_acts import TOKEN_JOB, Change
from ops.settings import Settings
from ops.stack import Stack
from tests.support.serving import serving

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


def target(pool: str, instance: str, scraped_at: str, error: str = "") -> dict[str, object]:
    return {"scrapePool": pool, "labels": {"instance": instance}, "lastScrape": scraped_at, "lastError": error}


def asked(settings: Settings, *targets: dict[str, object]) -> None:
    """As Thanos answers: with the targets of every pool, whichever was asked for."""

    class Thanos(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"activeTargets": targets}}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(Thanos) as address:
        values = {**settings.values, "PROMETHEUS_PORT": address.rpartition(":")[2]}
        change = Change(Stack(Settings(values, {}), "official"), "metrics_token", "old", "new")
        change.running = {"prometheus"}
        change.written_at = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
        rotate_acts.targets_let_prometheus_in(change)


def test_targets_without_a_token_are_not_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate_acts, "WITHIN_SECONDS", 2)
    now = datetime.now(UTC).isoformat()
    other = target("containers", "db:1", LONG_AGO, "server returned HTTP status 401 Unauthorized")
    asked(settings, target(TOKEN_JOB, "web:1", now), other)
    with pytest.raises(OpsError, match="hasn't read each target within 2 s"):
        asked(settings, target(TOKEN_JOB, "web:1", now), target(TOKEN_JOB, "web:2", LONG_AGO))
