"""Follows the body of a streaming response to its end, which comes long after the middleware has returned."""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.http import FileResponse, StreamingHttpResponse

from django_instrumentation import http_metrics
from django_instrumentation.exchange import HUNG_UP, Exchange


def follow(response: StreamingHttpResponse, exchange: Exchange) -> None:
    """End the exchange when the body ends, breaks off or is given up."""
    http_metrics.STREAMS.inc()
    if isinstance(response, FileResponse) and response.file_to_stream is not None:
        # A server may send the file by itself, so only the end is known.
        closers: list[Any] = response._resource_closers  # type: ignore[attr-defined]
        closers.append(partial(_close, exchange, response.status_code))
    elif response.is_async:
        response.streaming_content = AsyncBody(response, exchange)
    else:
        response.streaming_content = SyncBody(response, exchange)


class _Body:
    def __init__(self, response: StreamingHttpResponse, exchange: Exchange) -> None:
        # Not streaming_content: it holds the response, which holds this, so neither would be freed at once.
        self._pieces: Any = response._iterator  # type: ignore[attr-defined]
        self._status = response.status_code
        self._exchange = exchange
        self._begun = False

    def close(self) -> None:
        """Called by response.close(). The server may not want the body, as after HEAD."""
        _close(self._exchange, self._status if not self._begun or self._is_head else HUNG_UP)

    def __del__(self) -> None:
        """Under ASGI nobody closes the response of a request that was given up."""
        _close(self._exchange, self._status if self._begun and self._is_head else HUNG_UP)

    @property
    def _is_head(self) -> bool:
        """Whether its client has the whole answer when the body begins."""
        return self._exchange.method == "HEAD"

    @contextmanager
    def _piece(self) -> Iterator[None]:
        self._begun = True
        with self._exchange.resumed():
            try:
                yield
            except (StopIteration, StopAsyncIteration):
                self._exchange.end(self._status)
                raise
            except BaseException as error:
                if self._is_head and isinstance(error, CancelledError):
                    self._exchange.end(self._status)
                self._exchange.fail(error)
                raise


class SyncBody(_Body, Iterator[bytes]):
    def __next__(self) -> bytes:
        with self._piece():
            return next(self._pieces)  # type: ignore[no-any-return]


class AsyncBody(_Body, AsyncIterator[bytes]):
    async def __anext__(self) -> bytes:
        with self._piece():
            return await anext(self._pieces)


def _close(exchange: Exchange, status: int) -> None:
    if not exchange.ended:
        with exchange.resumed():
            exchange.end(status)
