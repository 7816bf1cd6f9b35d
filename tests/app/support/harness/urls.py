"""Views for the tests of the middleware, each with another ending."""

import asyncio
import io
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator

from django.contrib.auth import alogin, get_user_model, login
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

logger = logging.getLogger(__name__)
begun = threading.Event()
"""Set by a view, or a body, that then takes long."""


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(os.getpid()))


async def fine_async(request: HttpRequest) -> HttpResponse:
    return HttpResponse(asyncio.current_task().get_name())


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def leave(request: HttpRequest) -> HttpResponse:
    raise SystemExit(1)


def hang(request: HttpRequest) -> HttpResponse:
    time.sleep(60)
    return HttpResponse("late")


def block(request: HttpRequest) -> HttpResponse:
    """Hangs with its whole process, also where time.sleep() lets others run."""
    os.read(os.pipe()[0], 1)
    return HttpResponse("late")


async def block_async(request: HttpRequest) -> HttpResponse:
    return block(request)


async def hang_async(request: HttpRequest) -> HttpResponse:
    begun.set()
    await asyncio.sleep(60)
    return HttpResponse("late")


def pieces(request: HttpRequest) -> Iterator[str]:
    """As many as asked for, of 64 kB, with a line before each."""
    for number in range(int(request.GET.get("pieces", 3))):
        if str(number) == request.GET.get("fail"):
            raise ZeroDivisionError
        logger.info("piece %d", number)
        yield "x" * (1 << 16)
        time.sleep(float(request.GET.get("wait", 0)))


async def pieces_async(request: HttpRequest) -> AsyncIterator[str]:
    for number in range(int(request.GET.get("pieces", 3))):
        if str(number) == request.GET.get("fail"):
            raise ZeroDivisionError
        logger.info("piece %d", number)
        async with asyncio.timeout(10):  # fails unless each piece is made in one and the same task
            yield "x" * (1 << 16)
        begun.set()
        await asyncio.sleep(float(request.GET.get("wait", 0)))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces(request))


async def stream_async(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces_async(request))


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(io.BytesIO(b"file"))


async def known_async(request: HttpRequest) -> HttpResponse:
    """Knows the user by request.auser() only."""
    return HttpResponse((await request.auser()).get_username())


async def log_in_async(request: HttpRequest) -> HttpResponse:
    await alogin(request, await get_user_model().objects.afirst())
    return HttpResponse()


def delete_me(request: HttpRequest) -> HttpResponse:
    login(request, get_user_model().objects.get(username=request.GET["username"]))
    if "say" in request.GET:
        logger.info("about to delete")
    request.user.delete()
    return HttpResponse()


VIEWS = (
    *(fail, fine, fine_async, missing, forbidden, leave, hang, hang_async, block, block_async),
    *(stream, stream_async, file),
    *(known_async, log_in_async, delete_me),
)
urlpatterns = [path(view.__name__, view, name=view.__name__) for view in VIEWS]
handler500 = "config.api.server_error"
