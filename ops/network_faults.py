"""Faults of the network between two services: what is sent is dropped or refused, comes late, or finds no name.

What is dropped or refused is so by rules of iptables in the network namespace of the one that calls; they end with its
container. What comes late goes through a program that has the name of the service meanwhile.
"""

from ops.console import output
from ops.fault_acts import Act, Fault, end_beside, start_beside, together
from ops.stack import Stack

COMMENT = "erp-fault"
# Who calls whom at which port.
PAIRS = (
    ("erp-web", "erp-db", 5432),
    ("erp-web", "erp-redis", 6379),
    ("erp-web", "partner", 8080),
    ("erp-web", "bugsink", 8000),
    ("erp-worker", "erp-db", 5432),
    ("erp-worker", "erp-redis", 6379),
    ("erp-beat", "erp-redis", 6379),
    ("postgres-exporter", "erp-db", 5432),
    ("redis-exporter", "erp-redis", 6379),
    ("prometheus", "node", 9100),
    ("prometheus", "alertmanager", 9093),
    ("promtail", "loki", 3100),
    ("promtail", "socket-proxy", 2375),
    ("logkeeper", "loki", 3100),
    ("alertmanager", "inbox", 8095),
    ("alertmanager", "mailpit", 1025),
    ("grafana", "prometheus", 9090),
    ("grafana", "loki", 3100),
    ("prometheus", "loki", 3100),
    ("prometheus", "blackbox", 9115),
    ("prometheus", "postgres-exporter", 9187),
    ("prometheus", "redis-exporter", 9121),
    ("loki", "alertmanager", 9093),
    ("loki", "prometheus", 9090),
    ("bugsink", "inbox", 8095),
)
DROP = ("-j", "DROP")
RESET = ("-j", "REJECT", "--reject-with", "tcp-reset")


def _container(stack: Stack, service: str) -> str:
    (name,) = [each["Name"] for each in stack.containers() if each["Service"] == service]
    return str(name)


def _rule(port: int, direction: str, verdict: tuple[str, ...]) -> tuple[str, ...]:
    """By port, which no other service that it calls has: a service has an address in each of its networks."""
    side, way = ("--dport", "-o") if direction == "OUTPUT" else ("--sport", "-i")
    return (direction, "!", way, "lo", "-p", "tcp", side, str(port), "-m", "comment", "--comment", COMMENT, *verdict)


def _iptables(stack: Stack, caller: str, action: str, rule: tuple[str, ...]) -> None:
    process = output(["docker", "inspect", "--format", "{{.State.Pid}}", _container(stack, caller)]).strip()
    needs = "this fault needs root, nsenter and iptables on the machine of the engine"
    output(["nsenter", "--target", process, "--net", "iptables", action, *rule], needs=needs)


def _act(action: str, caller: str, port: int, direction: str, verdict: tuple[str, ...]) -> Act:
    rule = _rule(port, direction, verdict)
    return lambda stack: _iptables(stack, caller, action, rule)


def _fault(meaning: str, caller: str, port: int, direction: str, verdict: tuple[str, ...]) -> Fault:
    ways = (caller, port, direction, verdict)
    return Fault(meaning, _act("--append", *ways), _act("--delete", *ways))


def _network(action: str, service: str, network: str, *alias: str) -> Act:
    """Connects a service with a network, under the names of `alias`, or takes it from there."""
    names = [f"--alias={name}" for name in alias]
    return lambda stack: output(
        ["docker", "network", action, *names, f"{stack.project}_{network}", _container(stack, service)]
    )


def _pass_on(service: str, network: str, port: int) -> Act:
    """A program with the service's name, that passes on to the name of its container."""

    def act(stack: Stack) -> None:
        program = f"from sandbox.slow_way import serve; serve({_container(stack, service)!r}, {port})"
        alias = f"--network-alias={service}"
        start_beside(stack, f"{service}-slow", f"{stack.project}_{network}", program, alias, "--memory=64m")

    return act


FAULTS: dict[str, Fault] = {
    f"{service}-slow": Fault(
        f"every answer of {service} comes 2 s late",
        together(
            _network("disconnect", service, network),
            _network("connect", service, network),
            _pass_on(service, network, port),
        ),
        together(
            end_beside(f"{service}-slow"),
            _network("disconnect", service, network),
            _network("connect", service, network, service),
        ),
    )
    for service, network, port in (("erp-db", "erp", 5432), ("erp-redis", "erp", 6379))
}
FAULTS |= {
    f"{service}-unnamed": Fault(
        f"the name of {service} doesn't resolve in the network {network}",
        _network("disconnect", service, network),
        _network("connect", service, network, service),
    )
    for service, network in (("erp-db", "erp"), ("erp-redis", "erp"), ("loki", "monitoring"), ("node", "monitoring"))
}
FAULTS |= {
    f"{caller}-to-{called}-{name}": _fault(meaning.format(caller, called), caller, port, direction, verdict)
    for caller, called, port in PAIRS
    for name, meaning, direction, verdict in (
        ("dropped", "what {} sends to {} is dropped", "OUTPUT", DROP),
        ("refused", "what {} sends to {} is answered with a reset", "OUTPUT", RESET),
        ("unanswered", "what {1} answers {0} is dropped: a half-open way", "INPUT", DROP),
    )
}
