"""`python -m tests.bench.growth.sizing`: writes docs/operations/sizing.md from what the benches have measured."""

import json
import re
from pathlib import Path
from typing import Any

from gateway.guard.limits import PUSH_BYTES, PUSHES_PER_SECOND
from ops.paths import ROOT
from tests.bench.growth import days, fits, limits, machines
from tests.bench.growth.services import INTERVAL, SERIES
from tests.bench.growth.units import (
    DAY,
    LOGS_DAYS,
    LOGS_TB,
    METRICS_DAYS,
    MIB,
    MILLION,
    PROMETHEUS,
    SCRAPE_SECONDS,
    SERVICES,
    SPARE,
    Units,
    configuration,
    samples,
)
from tests.bench.stack import recorded

PAGE = ROOT / "docs" / "operations" / "sizing.md"
TEMPLATE = Path(__file__).with_suffix(".md")
FAULTS = ROOT / "tests" / "faults" / "results.json"
BENCHES = ("growth", "lines", "rules", "stored", "agent", "boards")
DAYS = re.compile(r"(\d+) d")
STORM = "alert-storm"
Figures = dict[str, Any]


def text(
    *, growth: Figures, lines: Figures, rules: Figures, stored: Figures, agent: Figures, boards: Figures, storm: Figures
) -> str:
    """The page; each argument has the figures of the bench of its name, `storm` those of the fault.

    Of `rules`, `stored`, `boards` and `storm` there may be none yet.
    """
    grown, last = growth["services"], growth["services"][-1]
    units, places = Units.of(growth, lines, stored), machines.Places.of_the_files()
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=growth["machine"]["processor"],
        cores=growth["machine"]["cores"],
        taken=growth["machine"]["taken"],
        most=last["services"],
        series=SERIES,
        units=units,
        grown="\n".join(_grown(each) for each in grown),
        interval=INTERVAL,
        memory_power=growth["fits"]["memory_bytes_per_series"]["power"],
        processor_power=growth["fits"]["processor_microseconds_per_sample"]["power"],
        bends=_bends(growth["fits"]),
        answers="\n".join(
            f"| {each['days']} | {each['step_seconds']} | {each['answer_seconds']} |"
            for each in growth["days"]["spans"]
        ),
        day_series=growth["days"]["series"],
        day_interval=days.INTERVAL,
        boards=_boards(boards.get("boards", {}), boards),
        scrape=SCRAPE_SECONDS,
        metrics_days=METRICS_DAYS,
        metrics="\n".join(_metrics(number, units) for number in SERVICES),
        spare=SPARE,
        day=DAY,
        machines=machines.for_services(units, places),
        receivers=places.scaled["thanos-receive"].count,
        receivers_days=places.receivers_days,
        pair=places.scaled["prometheus"].count,
        agent=agent["memory_mib"]["agent"],
        logs_days=LOGS_DAYS,
        logs="\n".join(_logs(size, units, places.scaled["loki"].count) for size in LOGS_TB),
        lokis=places.scaled["loki"].count,
        log_machines=machines.for_logs(units, places),
        stored=_stored(stored),
        limits=limits.to_raise(units, places),
        labels=limits.of_labels(),
        judged=limits.judged(rules),
        alertmanagers=places.scaled["alertmanager"].count,
        storm=limits.storm(storm, places.one["alertmanager"].memory),
        push_megabytes=PUSH_BYTES // MIB,
        pushes=PUSHES_PER_SECOND,
        waiting=_waiting(),
        rulers=places.scaled["thanos-rule"].count,
        hosts_limit=PROMETHEUS["target_limit"],
        **limits.of_groups(),
        **limits.of_alertmanager(places.commands["alertmanager"]),
    )


def _grown(each: Figures) -> str:
    return (
        f"| {each['services']:,} | {each['series']:,} | {each['samples_per_second']:,} | {each['memory_mib']:,} "
        f"| {each['memory_bytes_per_series']:,} | {each['processor_cores']} "
        f"| {each['processor_microseconds_per_sample']} | {each['answer_seconds']} |"
    )


def _bends(found: dict[str, Figures]) -> str:
    bent = {name: fit["bends_at"] for name, fit in found.items() if fit["bends_at"]}
    if not bent:
        return "No unit costs a quarter more than where it is cheapest, up to the last row."
    return " ".join(
        f"{fits.PER_UNIT[name]} costs a quarter more from {number:,} services on." for name, number in bent.items()
    )


def _boards(by_board: dict[str, dict[str, Figures]], measured: Figures) -> str:
    if not by_board:
        return "How long the boards take for more days isn't measured yet (`make bench BENCH=boards`)."
    spans = list(next(iter(by_board.values())))
    head = f"| board, all its queries one after the other, s | {' | '.join(spans)} | grows with the days to the power |"
    rows = [
        f"| {board} | {' | '.join(_span(each) for each in found.values())} | {_power(found)} |"
        for board, found in by_board.items()
    ]
    lines, samples_of_all, number = (measured["days"][name] for name in ("lines", "samples", "number"))
    return (
        f"Every query of every board, over {number} days of the sandbox ({samples_of_all:,} samples, {lines:,} lines), "
        "asked of a Prometheus and a Loki of their own:\n\n"
        f"{head}\n|{'---|' * (len(spans) + 2)}\n" + "\n".join(rows) + "\n\n"
        "In brackets: how many queries weren't answered within 20 s, and the seconds of the others."
    )


def _span(found: Figures) -> str:
    seconds = f"{found['all']:.2f}"
    return f"({found['unanswered']}; {seconds})" if found["unanswered"] else seconds


def _power(found: dict[str, Figures]) -> str:
    """Of those spans in which everything was answered."""
    by_days = [
        (float(number[1]), each["all"])
        for span, each in found.items()
        if (number := DAYS.fullmatch(span)) and not each["unanswered"]
    ]
    if len(by_days) < 2:
        return machines.NOTHING
    return str(fits.power([number for number, _ in by_days], [seconds for _, seconds in by_days]))


def _metrics(services: int, units: Units) -> str:
    memory, disk = machines.gib(units.memory_of(services), 1), machines.gib(units.disk_of(services, METRICS_DAYS))
    cores = f"{units.cores_of(services):.3f}"
    return f"| {services:,} | {services * SERIES:,} | {samples(services):,.0f} | {memory} | {cores} | {disk} |"


def _logs(size: int, units: Units, lokis: int) -> str:
    rate, loki = units.lines(size), machines.loki_cores(units, size)
    promtail, engine = (rate * each / MILLION for each in (units.promtail, units.engine))
    return (
        f"| {size} TB | {rate:,.0f} | {rate * units.line_bytes / MILLION:.1f} | {machines.hosts(units, size)} "
        f"| {promtail:.1f} cores | {engine:.1f} cores | {loki:.1f} cores | {lokis * loki:.1f} cores "
        f"| {machines.chunks(units, size)} |"
    )


def _stored(stored: Figures) -> str:
    if not stored:
        return "What Loki's chunks take on the disk isn't measured yet (`make bench BENCH=stored`)."
    return limits.filled(
        f"Chunks take {stored['bytes_stored_for_each']} bytes for each byte of a line, measured over "
        f"{stored['lines']:,} lines of the sandbox's programs ({stored['bytes_a_line']} bytes each, with their "
        f"structured metadata): disk = logs kept {machines.TIMES} that."
    )


def _waiting() -> int:
    """MB of each container's lines that Docker keeps."""
    options = configuration("compose.common.yaml")["services"]["hardened"]["logging"]["options"]
    return int(options["max-size"].removesuffix("m")) * int(options["max-file"])


def figures() -> dict[str, Figures]:
    """What each of the benches and the fault has measured last, by its name; nothing where there is none yet."""
    faults = json.loads(FAULTS.read_text(encoding="utf-8"))
    storm: Figures = next((each for each in faults if each["name"] == STORM), {})
    return {**{name: recorded(name) for name in BENCHES}, "storm": storm}


def write() -> None:
    PAGE.write_text(text(**figures()), encoding="utf-8")


if __name__ == "__main__":
    write()
