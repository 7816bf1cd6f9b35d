"""Rows of too much: processes, series and queries, and all services stopped and started in any order."""

from tests.faults.looks import (
    both,
    ended_well,
    lasted,
    orders_are_taken,
    refused,
    started_anew,
    storm_is_told_once,
    unbroken,
)
from tests.faults.model import Fault
from tests.faults.services import ALL, RESTARTS
from tests.faults.stores import SLOW

ALL_END = (("requests", RESTARTS), *(pair for pair in ALL if pair[0] != "requests"))

FAULTS: tuple[Fault, ...] = (
    Fault(
        "fork-bomb",
        "F17",
        "tasks may come later",
        orders_are_taken,
        30,
        70,
        sees=lasted(30),
        shows="the answers to orders",
        seen_within=60,
        may=("ContainerMemory", "LogErrorsUnusual"),  # the worker says that it can make no process
    ),
    *(
        Fault(
            name,
            rows,
            "that application has no figures, all others have",
            orders_are_taken,
            30,
            batch,
            sees=refused(application),
            shows="its samples refused, those of the others taken",
            seen_within=180,
            alerts=("InstanceDown",),
            says=application,
            may=("ApplicationDown",),
        )
        for name, rows, batch, application in (
            ("series-explosion", "F16, I7", 70, "exploding"),
            ("metrics-sign-in", "I9", 76, "sign_in"),
            ("metrics-vast", "I9", 76, "vast"),
            ("metrics-endless", "I9", 76, "endless"),
        )
    ),
    # Prometheus takes these for a scrape with success.
    *(
        Fault(
            name,
            rows,
            f"{noticed}, and that is told",
            both(unbroken("prometheus"), orders_are_taken),
            30,
            76,
            alerts=(alert,),
            says=says,
            seen_within=within,
        )
        for name, rows, noticed, alert, says, within in (
            ("metrics-garbage", "I9", "that application has no figures", "ScrapeEmpty", "garbage", 480),
            (
                *("metrics-doubled", "I9", "of a series that is there twice the first value is taken"),
                *("SamplesRefused", "", 480),
            ),
            ("series-churn", "I8", "Prometheus needs more memory with each scrape", "SeriesChurn", "churning", 300),
        )
    ),
    Fault(
        "alert-storm",
        "I10",
        "one message in each channel",
        both(unbroken("alertmanager"), orders_are_taken),
        30,
        77,
        sees=storm_is_told_once,
        shows="one page of all in each channel",
        seen_within=60,
    ),
    Fault(
        "query-vast",
        "F16, I12",
        "that query takes long or gets an error, others get an answer",
        both(unbroken("prometheus"), orders_are_taken),
        150,
        71,
    ),
    Fault(
        "lines-many",
        "F16, I12",
        "that query takes long or gets an error, others get an answer",
        both(unbroken("loki"), orders_are_taken),
        30,
        71,
    ),
    Fault(
        "cpu-pressure",
        "F18",
        "tasks come later",
        orders_are_taken,
        30,
        72,
        sees=lasted(60),
        shows="the answers to orders",
        seen_within=90,
        may=("HostCpuSaturated",),
        apart_from=SLOW,
    ),
    Fault(
        "all-stopped",
        "F9, F25",
        "no answer until all is started again",
        both(started_anew(), orders_are_taken),
        180,
        73,
        sees=ended_well,
        shows="every service ended by itself",
        seen_within=200,
        apart_from=ALL_END,
    ),
    Fault(
        "taken-down",
        "F9, F25",
        "no answer until `make up` has ended",
        both(started_anew(), orders_are_taken),
        180,
        74,
        apart_from=ALL_END,
    ),
    Fault(
        "engine-killed",
        "F1",
        "nothing: services go on without it; what waits in its pipes is written when it is back",
        both(unbroken("erp-web"), orders_are_taken),
        60,
        75,
        may=("DiscoveryFailing", "HealthProbeFailing"),
    ),
)
