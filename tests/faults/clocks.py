"""Rows of a service's clock: an hour ahead or behind, stepping, and set right while the service runs."""

from tests.faults.looks import both, heartbeat_is_run, lasted, lines_are_off, orders_are_taken
from tests.faults.model import Fault
from tests.faults.services import BURNED
from tests.faults.stores import FINISHED_SECONDS

SECONDS = 3600
TOLD = 180
"""Two scrapes, a minute of `for`, and the notification; this machine is busy."""
NOTHING = "nothing; the times in its lines and events are an hour off"
LEFT_OUT = ("CeleryHeartbeatStale", "CeleryTasksRevoked")

# Between two rows of a service is another one: its next ClockSkewed is told five minutes after the last.
FAULTS: tuple[Fault, ...] = (
    *(
        Fault(
            f"erp-web-clock-{name}",
            "F24",
            NOTHING,
            both(lines_are_off("erp-web", 0), orders_are_taken),
            30,
            batch,
            sees=lines_are_off("erp-web", seconds),
            shows="lines at Docker's time, their own an hour off",
            seen_within=TOLD,
            alerts=("ClockSkewed",),
            may=BURNED,
        )
        for name, seconds, batch in (("ahead", SECONDS, 80), ("behind", -SECONDS, 83))
    ),
    Fault(
        "erp-web-clock-stepping",
        "F24",
        NOTHING,
        both(lines_are_off("erp-web", 0), orders_are_taken),
        90,
        82,
        may=BURNED,
    ),
    Fault(
        "erp-worker-clock-ahead",
        "F24",
        "what beat sends has expired when the worker gets it, and is left out",
        both(heartbeat_is_run, orders_are_taken),
        60,
        81,
        sees=lines_are_off("erp-worker", SECONDS),
        shows="lines at Docker's time, their own an hour off",
        seen_within=TOLD,
        alerts=("ClockSkewed",),
        may=LEFT_OUT,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "erp-worker-clock-behind",
        "F24",
        NOTHING,
        both(heartbeat_is_run, orders_are_taken),
        60,
        84,
        sees=lines_are_off("erp-worker", -SECONDS),
        shows="lines at Docker's time, their own an hour off",
        seen_within=TOLD,
        alerts=("ClockSkewed",),
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "erp-beat-clock-behind",
        "F24",
        "nothing is sent by the clock until it is right",
        both(heartbeat_is_run, orders_are_taken),
        60,
        85,
        alerts=("ClockSkewed", "CeleryHeartbeatStale"),
        seen_within=330,
        may=LEFT_OUT,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "erp-beat-clock-corrected",
        "F24",
        "nothing is sent by the clock for that hour, or until beat is restarted",
        both(heartbeat_is_run, orders_are_taken),
        60,
        86,
        alerts=("CeleryHeartbeatStale",),
        seen_within=360,
        may=("ClockSkewed", "InstanceDown", *LEFT_OUT),
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "erp-beat-clock-ahead",
        "F24",
        "tasks of the next hour are sent early; the worker runs them. Mended by setting it right and a restart",
        both(heartbeat_is_run, orders_are_taken),
        60,
        88,
        alerts=("ClockSkewed",),
        seen_within=TOLD,
        may=("InstanceDown", *LEFT_OUT),
        settles=FINISHED_SECONDS,
    ),
    *(
        Fault(
            f"bugsink-clock-{name}",
            "F24",
            f"events are listed an hour too {seen}",
            orders_are_taken,
            30,
            batch,
            sees=lasted(60),
            shows="nothing but the answers to orders",
            seen_within=70,
        )
        for name, seen, batch in (("ahead", "late", 87), ("behind", "early", 84))
    ),
)
