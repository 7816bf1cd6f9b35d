"""Who is told what, and when."""

from collections.abc import Mapping
from pathlib import Path

from alertmanager.channels import BLOCKS, Config
from alertmanager.matching import match_all
from alertmanager.settings import Settings

BUSINESS_HOURS = "business-hours"
# What each receiver would like; a channel that is off is left out.
RECEIVERS = {
    "critical": ("pagerduty", "slack", "email"),
    "business": ("email", "slack"),
    "warning": ("slack",),
    "heartbeat": ("heartbeat",),
    "none": (),
}
CHANNELS_SHOWN = {"pagerduty": "PagerDuty", "slack": "Slack", "email": "e-mail", "heartbeat": "heartbeat"}
# Where none of the wanted channels is on.
FALLBACK = {"warning": "email"}
# `make test-notification` asks for one channel at a time, each by a receiver of its own.
TESTED = ("slack", "pagerduty", "email")
TEST_ROUTES: list[Config] = [
    {
        "matchers": ['alertname="ChannelTest"', f'test_channel="{channel}"'],
        "receiver": f"test-{channel}",
        "group_by": ["..."],
        "group_wait": "0s",
    }
    for channel in TESTED
]
ROUTES: list[Config] = [
    {
        "matchers": ['alertname="Watchdog"'],
        "receiver": "heartbeat",
        "group_wait": "0s",
        # A repeat of 60s would miss every second flush by a hair: this beats once a minute.
        "group_interval": "30s",
        "repeat_interval": "50s",
    },
    *TEST_ROUTES,
    {"matchers": ['severity="info"'], "receiver": "none"},
    # Before the teams' routes and without a time interval: a page is never muted.
    {
        "matchers": ['severity="critical"'],
        "receiver": "critical",
        "group_wait": "5s",
        # An alert that joins a group waits for this one, not for group_wait: no page waits for minutes.
        "group_interval": "10s",
        "repeat_interval": "4h",
    },
    # What fires at night is told in the morning, if it still fires then.
    {"matchers": ['team="business"'], "receiver": "business", "active_time_intervals": [BUSINESS_HOURS]},
]
ROUTE: Config = {
    "receiver": "warning",
    "group_by": ["alertname", "service"],
    "group_wait": "30s",
    "group_interval": "5m",
    "repeat_interval": "24h",
    "routes": ROUTES,
}


def time_intervals(settings: Settings) -> list[Config]:
    return [
        {
            "name": BUSINESS_HOURS,
            "time_intervals": [
                {
                    "weekdays": ["monday:friday"],
                    "times": [{"start_time": "08:00", "end_time": "18:00"}],
                    "location": settings.location("BUSINESS_TIMEZONE"),
                }
            ],
        }
    ]


def routed(labels: Mapping[str, str]) -> Config:
    """The route that an alert takes: the first that matches, else the default."""
    for route in ROUTES:
        matchers = route["matchers"]
        assert isinstance(matchers, list)  # noqa: S101 - for the type checker: it is one
        if match_all(matchers, labels):
            return route
    return ROUTE


def channels_of(receiver: str, on: Mapping[str, str] | set[str]) -> list[str]:
    """The channels that a receiver uses of those that are on."""
    found = [channel for channel in RECEIVERS[receiver] if channel in on]
    fallback = FALLBACK.get(receiver, "")
    return found or [fallback] * (fallback in on)


def receivers(settings: Settings, secrets: Path, channels: Mapping[str, str]) -> list[Config]:
    """Pages go everywhere that is on; warnings to chat, or to e-mail where there is no chat."""

    def receiver(name: str, wanted: list[str]) -> Config:
        config: Config = {"name": name}
        for channel in wanted:
            kind, block = BLOCKS[channel]
            config[kind] = [block(settings, secrets, channels[channel])]
        return config

    return [
        *(receiver(name, channels_of(name, channels)) for name in RECEIVERS),
        *(receiver(f"test-{channel}", [channel] * (channel in channels)) for channel in TESTED),
    ]
