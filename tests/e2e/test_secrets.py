"""No secret shows up where it doesn't belong: in what the engine, the logs or the programs' pages tell."""

import json

import pytest

from ops.secrets import GENERATED
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.erp import Erp
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus

RANDOM = sorted(GENERATED)  # the others are addresses or words that may well stand elsewhere


@pytest.fixture(scope="module")
def told(erp: Erp) -> str:
    """What the engine says of every container and what the programs show of their configuration."""
    found = [json.dumps(stack.replicas()), Alertmanager().configuration(), erp.version().text]
    for address in stack.inside("prometheus", 9090):  # with SCALE=on it isn't who is asked
        prometheus = Prometheus(address)
        found += [prometheus.get("status/config")["yaml"], json.dumps(prometheus.get("status/flags"))]
    return "\n".join(found)


@pytest.mark.parametrize("name", RANDOM)
def test_secret_is_told_nowhere(name: str, told: str) -> None:
    assert stack.secret(name) not in told


@pytest.mark.parametrize("name", RANDOM)
def test_secret_is_in_no_log_line(name: str, loki: Loki) -> None:
    query = f'sum(count_over_time({{service=~".+"}} |= `{stack.secret(name)}` [24h]))'
    assert loki.value(query) == 0
