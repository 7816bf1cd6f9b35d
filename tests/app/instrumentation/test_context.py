"""Ids: which are taken from outside, and which are not."""

import pytest

from django_instrumentation import context

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
def test_a_well_formed_request_id_is_kept(given: str) -> None:
    assert context.from_http(given).request_id == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\nb", 'a"b', "ü", "a\n"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    made = context.from_http(given).request_id
    assert made != given
    assert context.REQUEST_ID.fullmatch(made or "")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"00-{TRACE}-{PARENT}-01", (TRACE, PARENT, "01")),
        (f"00-{TRACE}-{PARENT}-00", (TRACE, PARENT, "00")),
        (f"cc-{TRACE}-{PARENT}-01-what-comes-later", (TRACE, PARENT, "01")),
        (f"00-{TRACE}-{PARENT}-01-more", None),
        (f"ff-{TRACE}-{PARENT}-01", None),
        (f"00-{'0' * 32}-{PARENT}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{PARENT}-01", None),
        (f"00-{TRACE[:-1]}-{PARENT}-01", None),
        ("", None),
        ("junk", None),
    ],
)
def test_a_traceparent_is_read_as_the_standard_says(header: str, expected: tuple[str, str, str] | None) -> None:
    assert context.parse_traceparent(header) == expected


def test_a_trace_id_is_made_when_there_is_none() -> None:
    first, second = (context.from_http() for _ in range(2))
    assert first.trace_id != second.trace_id
    assert len(first.trace_id) == 32
    assert len(first.span_id) == 16


def test_ids_travel_through_a_message_to_a_task_and_out_again() -> None:
    sender = context.from_http("r", f"00-{TRACE}-{PARENT}-01")
    sender.find_person = lambda: context.Person("7", "3", "buyer", "buyer@erp.example")
    with context.use(sender):
        message = context.to_message()
    assert "buyer" not in str(message)
    with context.use(context.from_message(message, "task-1")) as receiver:
        assert context.current_fields() == {
            "request_id": "r",
            "trace_id": TRACE,
            "span_id": receiver.span_id,
            "user_id": "7",
            "org_id": "3",
            "task_id": "task-1",
        }
        assert context.to_headers() == {
            "X-Request-ID": "r",
            "traceparent": f"00-{TRACE}-{receiver.span_id}-01",
        }
    assert context.current() is None


def test_a_function_may_have_the_context_of_its_decorator_and_call_itself() -> None:
    opened = context.Context(request_id="r")

    @context.use(opened)
    def count_down(number: int) -> int:
        assert context.current() is opened
        return count_down(number - 1) if number else 0

    assert count_down(2) == 0
    assert context.current() is None


@pytest.mark.parametrize(
    "message", [None, "text", {"traceparent": 1, "request_id": "a b"}, {"traceparent": f"00-{'0' * 32}-{'1' * 16}-01"}]
)
def test_a_message_from_elsewhere_does_no_harm(message: object) -> None:
    opened = context.from_message(message, "t")
    assert opened.request_id is None
    assert len(opened.trace_id) == 32
    assert set(opened.trace_id) != {"0"}
