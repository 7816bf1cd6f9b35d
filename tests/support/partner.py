"""The sandbox partner's fault switches, always put back."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support import stack

APIS = ("payment", "shipping")


def switch(api: str, mode: str) -> None:
    stack.execute("partner", "python", "-m", "sandbox.switch", api, mode)


def reset() -> None:
    """Put every switch back, whatever an interrupted run left behind."""
    for api in APIS:
        switch(api, "ok")


@contextmanager
def broken(api: str, mode: str = "error") -> Iterator[None]:
    try:
        switch(api, mode)
        yield
    finally:
        switch(api, "ok")
