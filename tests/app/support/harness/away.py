"""A result backend whose server doesn't answer."""

from typing import Any

from celery.backends.base import BaseBackend


class Away(BaseBackend):
    def store_result(self, *_: Any, **__: Any) -> None:
        raise ConnectionError("the results' server is away")
