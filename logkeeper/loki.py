"""What Loki has of containers: of this host's, and of another's, whose agent pushed them with the label host."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from logkeeper.engine import NANOSECONDS, Key, Line, stamp_of
from logkeeper.told import MARK

TIMEOUT = 60.0
PAGE = 5000
OLDEST_DAYS = 7  # what is older is refused: reject_old_samples_max_age
KEEPERS = 'application="monitoring",service="logkeeper"'
MOST_TOLD = 100  # lines of another host's keeper that are read at once


class LokiError(Exception):
    """Loki didn't answer, or not with what was asked for."""


class Loki:
    def __init__(self, address: str) -> None:
        self._address = address

    def counts(self, begin: int, end: int, host: str = "") -> Counter[Key]:
        """The entries after `begin` until `end`, in nanoseconds, by what wrote them on a host; empty: on this one."""
        span = f"{(end - begin) // 1_000_000}ms"
        of_host = f'{{application=~".+",host={json.dumps(host)}}}'
        query = f"sum by (application, env, service) (count_over_time({of_host}[{span}]))"
        found: Counter[Key] = Counter()
        for row in self.query("query", query=query, time=str(end)):
            labels = row["metric"]
            found[labels["application"], labels.get("env", ""), labels.get("service", "")] += int(row["value"][1])
        return found

    def hosts(self, since: int) -> list[str]:
        """The other hosts that have sent any line since then, in nanoseconds."""
        wanted = urlencode({"query": '{application=~".+",host!=""}', "start": since})
        answer = json.loads(self._ask("GET", f"/loki/api/v1/label/host/values?{wanted}"))
        return [str(each) for each in answer.get("data") or []]

    def told(self, host: str, since: int, until: int, *, newest: bool = False) -> list[tuple[int, str]]:
        """When its keeper told of a window, after `since`, and the line: oldest first, or the newest one alone."""
        query = f"{{{KEEPERS},host={json.dumps(host)}}} |= {json.dumps(MARK)}"
        order = {"limit": 1, "direction": "backward"} if newest else {"limit": MOST_TOLD, "direction": "forward"}
        rows = self.query("query_range", query=query, start=since + 1, end=until, **order)
        return sorted((int(at), text) for row in rows for at, text, *_ in row["values"])

    def newest(self, key: Key, now: int) -> int | None:
        """When the newest line that is there was written, in nanoseconds; None if there is none of the last days."""
        since = now - OLDEST_DAYS * 86400 * NANOSECONDS
        rows = self.query("query_range", query=selector(key), limit="1", direction="backward", start=since, end=now)
        return max((int(value[0]) for row in rows for value in row["values"]), default=None)

    def lines(self, key: Key, begin: int, end: int) -> Iterator[Line]:
        """The entries after `begin` until `end`, in nanoseconds, oldest first."""
        start = begin + 1
        while start <= end:
            wanted = {"start": start, "end": end + 1, "limit": PAGE, "direction": "forward"}
            rows = self.query("query_range", query=selector(key), **wanted)
            page = sorted((int(at), row["stream"]["stream"], text) for row in rows for at, text, *_ in row["values"])
            last = page[-1][0] if len(page) >= PAGE else None
            # Of the last nanosecond of a full page there may be more.
            whole = [each for each in page if each[0] != last] or page
            for at, stream, text in whole:
                yield Line(stamp_of(at), stream, text.encode())
            if last is None:
                return
            start = last if len(whole) < len(page) else last + 1

    def delete(self, until: int) -> None:
        """Have everything deleted that was written until then, in seconds; Loki does so within the hour."""
        wanted = urlencode({"query": '{application=~".+"}', "start": "2000-01-01T00:00:00Z", "end": str(until)})
        self._ask("POST", f"/loki/api/v1/delete?{wanted}")

    def query(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        answer = self._ask("GET", f"/loki/api/v1/{kind}?{urlencode(wanted)}")
        return list(json.loads(answer)["data"]["result"])

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise LokiError(f"Loki doesn't answer: {error}") from error
        finally:
            connection.close()
        if answer.status not in (http.client.OK, http.client.NO_CONTENT):
            raise LokiError(f"Loki answers with {answer.status}: {body[:200].decode(errors='replace')}")
        return body


def selector(key: Key) -> str:
    application, env, service = (json.dumps(each) for each in key)
    return f'{{application={application},env={env},service={service},host=""}}'
