"""What a role may ask of each program: the path is the one that the program reads."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

READING = frozenset({"GET", "HEAD", "OPTIONS"})
_METRICS_QUERIES = r"/api/v1/(query|query_range|query_exemplars|series|labels|format_query|parse_query)"
_LOG_QUERIES = r"/loki/api/v1/(query|query_range|series|labels|index/stats|index/volume|index/volume_range)"
_ID = r"[\w-]+"


@dataclass(frozen=True)
class Rights:
    """What a viewer may read and ask by POST, and what an operator may do besides, by method and pattern."""

    read: str = "/.*"
    ask: str | None = None
    operate: tuple[tuple[str, str], ...] = ()


# Grafana and the tracker have a log-in of their own besides, with rights of their own.
PROGRAMS = {
    "grafana": Rights(
        ask=(
            rf"/login|/api/ds/query|/api/datasources/(proxy/)?uid/{_ID}({_METRICS_QUERIES}|{_LOG_QUERIES})"
            rf"|/api/datasources/uid/{_ID}/resources{_METRICS_QUERIES}"
        ),
        operate=((r"POST|PUT|PATCH|DELETE", "/.*"),),
    ),
    "prometheus": Rights(read=r"(?!/debug/|/api/v1/(admin|write|otlp)).*", ask=_METRICS_QUERIES),
    "alertmanager": Rights(
        read=r"(?!/debug/).*",
        operate=(("POST", "/api/v2/silences"), ("DELETE", rf"/api/v2/silence/{_ID}")),
    ),
    "loki": Rights(
        read=rf"{_LOG_QUERIES}|/loki/api/v1/(label/\w+/values|tail|status/buildinfo|rules|patterns|detected_\w+)",
        ask=_LOG_QUERIES,
    ),
    "tracker": Rights(ask=r"/accounts/(login|logout)/", operate=((r"POST|PUT|PATCH|DELETE", "/.*"),)),
    "jaeger": Rights(),
    # Its other paths take notifications.
    "inbox": Rights(read=r"/|/api/notifications"),
}


def is_plain(path: str) -> bool:
    """Whether everybody who reads it sees the same path: no part that leads back, no part that is empty or hidden."""
    decoded = unquote(path)
    hidden = re.search(r"%(2[ef]|5c|00)", path, re.IGNORECASE)
    return not hidden and not re.search(r"//|\\|(^|/)\.{1,2}(/|$)", decoded) and decoded.isprintable()


def may(role: str, program: str, method: str, encoded: str) -> bool:
    """`encoded` is the path of the request line; it is judged as the program reads it, which decodes it once."""
    rights, path = PROGRAMS[program], unquote(encoded)
    if method in READING:
        return re.fullmatch(rights.read, path) is not None
    if method == "POST" and rights.ask and re.fullmatch(rights.ask, path):
        return True
    allowed = rights.operate if role == "operator" else ()
    return any(re.fullmatch(methods, method) and re.fullmatch(pattern, path) for methods, pattern in allowed)
