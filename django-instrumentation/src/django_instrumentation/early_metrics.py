"""Takes over what a project counted before setup(), such as in a module that its settings import.

prometheus_client keeps such values in files by process id beside the groups' folders, which no /metrics adds up.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase


def take_over(folder: Path, value_class: Any) -> None:
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            for metric in (collector, *getattr(collector, "_metrics", {}).values()):
                _replace_values(metric, value_class)
    for file in folder.glob(f"*_{os.getpid()}.db"):
        with suppress(OSError):
            file.unlink()


def _replace_values(metric: Any, value_class: Any) -> None:
    """Its only value, or a histogram's count, sum and buckets."""
    for name, found in vars(metric).items():
        if isinstance(found, list):
            found[:] = [_replaced(each, value_class) for each in found]
        else:
            setattr(metric, name, _replaced(found, value_class))


def _replaced(found: Any, value_class: Any) -> Any:
    given = getattr(found, "_params", None)
    if given is None:  # no value of prometheus_client's files
        return found
    *common, mode = given
    value = value_class(*common, multiprocess_mode=mode)
    value.set(found.get())
    return value
