"""What a stack whose PROJECT isn't the first one's reads in place of two files: copies with its name and network.

Prometheus and Promtail fill no variable into their discovery of containers; Telegraf does.
"""

from ops.settings import FIRST, NETWORK, Settings

# By the service that reads it.
FILES = {"prometheus": "prometheus/prometheus.yml", "promtail": "promtail/promtail.yml"}


def text(original: str, settings: Settings) -> str:
    """The file of the first stack, as this one reads it."""
    return original.replace(f"regex: ({FIRST})?\n", f"regex: {settings['PROJECT']}\n").replace(
        f"replacement: {NETWORK}\n", f"replacement: {settings.network}\n"
    )
