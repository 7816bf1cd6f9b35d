"""Who is told what, and when."""

from collections.abc import Mapping
from pathlib import Path

from alertmanager.channels import BLOCKS, Config
from alertmanager.settings import Settings

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
ROUTE: Config = {
    "receiver": "warning",
    "group_by": ["alertname", "service"],
    "group_wait": "30s",
    "group_interval": "5m",
    "repeat_interval": "24h",
    "routes": [
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
        {
            "matchers": ['severity="critical"'],
            "receiver": "critical",
            "group_wait": "5s",
            # An alert that joins a group waits for this one, not for group_wait.
            "group_interval": "1m",
            "repeat_interval": "4h",
        },
    ],
}
INHIBIT: list[Config] = [
    {
        "source_matchers": ['severity="critical"'],
        "target_matchers": ['severity=~"warning|info"'],
        "equal": ["alertname", "service"],
    },
    {
        "source_matchers": ['alertname="ErpExternalApiDown"'],
        "target_matchers": ['alertname="ErpExternalApiFailing"'],
        "equal": ["service"],
    },
    {
        "source_matchers": ['alertname="ErpInstanceDown"'],
        "target_matchers": ['alertname="ErpHealthProbeFailing"'],
        "equal": ["service"],
    },
]


def receivers(settings: Settings, secrets: Path, channels: Mapping[str, str]) -> list[Config]:
    """Pages go everywhere that is on; warnings to chat, or to e-mail where there is no chat."""

    def receiver(name: str, *wanted: str) -> Config:
        config: Config = {"name": name}
        for channel in wanted:
            if channel in channels:
                kind, block = BLOCKS[channel]
                config[kind] = [block(settings, secrets, channels[channel])]
        return config

    return [
        receiver("critical", "pagerduty", "slack", "email"),
        receiver("warning", "slack" if "slack" in channels else "email"),
        receiver("heartbeat", "heartbeat"),
        receiver("none"),
        *(receiver(f"test-{channel}", channel) for channel in TESTED),
    ]
