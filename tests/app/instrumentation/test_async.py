"""Under ASGI: no thread hop, known users, streams with their ids, and clients that hang up; some under WSGI too."""

import asyncio
import dataclasses
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from harness.samples import here
from harness.urls import begun, fine_async
from harness.wait import eventually

from django_instrumentation import context, pages
from django_instrumentation.middleware import Middleware
from organizations.models import User

Lines = list[dict[str, Any]]
RESPONSES = "django_http_responses_total_by_status_view_method_total"
LATENCY = "django_http_requests_latency_seconds_by_view_method_count"


SYNC_ONLY = "whitenoise.middleware.WhiteNoiseMiddleware"
"""With such a one in it, Django runs what is before it in a thread, this package's middleware too."""


@pytest.fixture(autouse=True, params=["natively", "in a thread"])
def mode(settings: Any, request: pytest.FixtureRequest) -> str:
    settings.ROOT_URLCONF = "harness.urls"
    if request.param == "natively":
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SYNC_ONLY]
    return request.param


@pytest.fixture
def person(transactional_db: None, quick_passwords: None) -> User:
    return User.objects.create_superuser("someone", "someone@example.com", "x")


def access(lines: Lines) -> Lines:
    return [line for line in lines if line["logger"] == "access"]


def get(path: str, **cookies: str) -> HttpResponse:
    client = AsyncClient(raise_request_exception=False)
    client.cookies.load(cookies)
    return async_to_sync(client.get)(path)  # not asyncio.run: queries then use the connection of the test


def test_an_async_request_stays_in_its_thread_and_task() -> None:
    seen: list[object] = []

    async def view(request: HttpRequest) -> HttpResponse:
        seen.append((threading.get_ident(), asyncio.current_task()))
        return HttpResponse()

    async def ask() -> tuple[object, object]:
        middleware = Middleware(view)
        assert iscoroutinefunction(middleware)
        await middleware(RequestFactory().get("/x"))
        return threading.get_ident(), asyncio.current_task()

    assert [asyncio.run(ask())] == seen


def test_an_async_view_runs_in_the_task_of_its_request_if_all_middlewares_are_async(mode: str) -> None:
    async def ask() -> bool:
        answer = await AsyncClient().get("/fine_async")
        return answer.content.decode() == asyncio.current_task().get_name()

    assert asyncio.run(ask()) is (mode == "natively")


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_a_page_that_takes_long_leaves_the_event_loop_alone(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    threads: list[int] = []
    monkeypatch.setattr(pages, "response", lambda _: threads.append(threading.get_ident()) or HttpResponse())
    assert asyncio.run(AsyncClient().get(path)).status_code == 200
    assert threads
    assert threads[0] != threading.get_ident()


@pytest.mark.parametrize("path", ["/metrics", "/livez"])
def test_the_project_s_code_may_have_all_of_asyncio_s_threads(path: str) -> None:
    release = threading.Event()

    async def ask() -> int:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        busy = loop.run_in_executor(None, release.wait, 20)
        try:
            return (await asyncio.wait_for(Middleware(fine_async)(RequestFactory().get(path)), 10)).status_code
        finally:
            release.set()
            await busy

    assert asyncio.run(ask()) == (401 if path == "/metrics" else 200)


def test_a_user_who_is_asked_for_asynchronously_is_known(person: User, lines: Lines) -> None:
    client = Client()
    client.force_login(person)
    get("/known_async", sessionid=client.cookies["sessionid"].value)
    assert [line["user_id"] for line in access(lines)] == [str(person.pk)]


def test_a_user_who_logs_in_asynchronously_is_known(person: User, lines: Lines) -> None:
    get("/log_in_async")
    assert [line["user_id"] for line in access(lines)] == [str(person.pk)]


def test_nobody_is_asked_for(person: User, lines: Lines, django_assert_num_queries: Any) -> None:
    client = Client()
    client.force_login(person)
    with django_assert_num_queries(0):
        client.get("/fine")
    assert [line["user_id"] for line in access(lines)] == [None]


@pytest.mark.parametrize("said", [True, False])
def test_a_user_who_is_deleted_is_not_none(person: User, lines: Lines, said: bool) -> None:
    number = str(person.pk)
    Client().get("/delete_me", {"username": person.username, **({"say": "1"} if said else {})})
    assert [line["user_id"] for line in access(lines)] == [number if said else None]
    assert "None" not in [line["user_id"] for line in lines]


def test_a_user_whose_attribute_fails_costs_no_request(person: User, lines: Lines, settings: Any) -> None:
    client = Client()
    client.force_login(person)
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, organization_attribute="broken")
    User.broken = property(lambda self: 1 / 0)
    try:
        assert client.get("/known_async").status_code == 200
    finally:
        del User.broken
    assert [line["status"] for line in access(lines)] == [200]


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("path", ["/stream", "/stream_async"])
def test_lines_of_a_body_have_its_ids_and_the_access_line_comes_last(lines: Lines, path: str) -> None:
    answer = asyncio.run(consume(path))
    own = [line for line in lines if line["logger"] in ("harness.urls", "access")]
    assert [line["message"] for line in own] == ["piece 0", "piece 1", "piece 2", f"GET {path[1:]} 200"]
    assert {line["request_id"] for line in own} == {answer.headers["X-Request-ID"]}
    assert len({line["span_id"] for line in own}) == 1
    assert context.current() is None


async def consume(path: str) -> StreamingHttpResponse:
    answer = await AsyncClient().get(path)
    async for _ in answer:
        pass
    answer.close()
    return answer


@pytest.mark.parametrize("path", ["/stream", "/file"])
def test_a_body_under_wsgi_ends_with_its_last_piece(lines: Lines, path: str) -> None:
    answer = Client().get(path)
    assert access(lines) == []
    assert here("http_requests_in_flight") == 1
    assert b"".join(answer.streaming_content)
    answer.close()
    (line,) = access(lines)
    assert (line["status"], line["request_id"]) == (200, answer.headers["X-Request-ID"])
    assert here("http_requests_in_flight") == 0


class Frozen(Exception):
    """As attrs makes it with `frozen=True`: Python's own attributes may be set, others not."""

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            raise AttributeError(name)
        super().__setattr__(name, value)


def test_a_body_that_raises_a_frozen_exception_is_one_error_line_and_a_500(lines: Lines) -> None:
    def body() -> Iterator[bytes]:
        yield b"a"
        raise Frozen

    answer = Middleware(lambda _: StreamingHttpResponse(body()))(RequestFactory().get("/x"))
    with pytest.raises(Frozen):
        list(answer)
    assert [line["level"] for line in lines] == ["ERROR", "INFO"]
    assert [line["status"] for line in access(lines)] == [500]


@pytest.mark.parametrize(
    ("method", "begun", "status"), [("GET", False, 200), ("HEAD", False, 200), ("HEAD", True, 200), ("GET", True, 499)]
)
def test_a_body_that_is_closed_early(lines: Lines, method: str, begun: bool, status: int) -> None:
    answer = streamed(method)
    if begun:
        next(iter(answer))
    answer.close()
    assert [line["status"] for line in access(lines)] == [status]


@pytest.mark.parametrize("begun", [True, False])
def test_a_body_that_is_dropped_without_a_word_is_a_499(lines: Lines, begun: bool) -> None:
    before = here("http_requests_in_flight")
    answer = streamed("GET")
    if begun:
        next(iter(answer))
    assert here("http_requests_in_flight") == before + 1
    del answer
    assert [line["status"] for line in access(lines)] == [499]
    assert here("http_requests_in_flight") == before


def streamed(method: str) -> StreamingHttpResponse:
    """As a server has it; Django's test client would close it by itself."""
    return Middleware(lambda _: StreamingHttpResponse(iter([b"a", b"b"])))(RequestFactory().generic(method, "/x"))


def test_a_view_that_ends_the_process_leaves_a_line_and_a_count(lines: Lines) -> None:
    before = here(RESPONSES, status="500", view="leave", method="GET")
    timed = here(LATENCY, view="leave", method="GET")
    with pytest.raises(SystemExit):
        Client().get("/leave")
    failed, answered = [line for line in lines if line["logger"] in ("django.request", "access")]
    assert (failed["level"], failed["message"], answered["status"]) == ("ERROR", "leave ended its process.", 500)
    assert "SystemExit: 1" in failed["exception"]
    assert failed["request_id"] == answered["request_id"] is not None
    assert here(RESPONSES, status="500", view="leave", method="GET") == before + 1
    assert here(LATENCY, view="leave", method="GET") == timed + 1
    assert here("http_requests_in_flight") == 0


@pytest.mark.parametrize(
    ("view", "method", "status"),
    # After HEAD a client that is gone has all of the answer, once it has begun.
    [
        *(("hang_async", method, 499) for method in ("GET", "HEAD")),
        ("stream_async", "GET", 499),
        ("stream_async", "HEAD", 200),
    ],
)
def test_a_client_that_hangs_up_is_one_line_and_one_count(lines: Lines, view: str, method: str, status: int) -> None:
    before = here(RESPONSES, status=str(status), view=view, method=method)
    asyncio.run(hang_up(f"/{view}", query=b"pieces=100&wait=0.05", method=method))
    gc.collect()
    (line,) = eventually(lambda: access(lines), "its line")
    assert (line["view"], line["status"], bool(line["request_id"])) == (view, status, True)
    assert here(RESPONSES, status=str(status), view=view, method=method) == before + 1
    assert here("http_requests_in_flight") == 0


async def hang_up(path: str, query: bytes, method: str) -> None:
    """A request whose client is gone once the view has begun."""
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])
    begun.clear()

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await asyncio.to_thread(begun.wait, 20)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        """To nobody."""

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query,
        "headers": [(b"host", b"localhost")], "server": ("localhost", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    await asyncio.wait_for(ASGIHandler()(scope, receive, send), 20)
