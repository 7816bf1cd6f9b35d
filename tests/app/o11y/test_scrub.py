"""What must never leave the process, and what may."""

from time import monotonic

import pytest

from django_o11y.scrub import FILTERED, is_secret_key, scrub_text, scrub_value

from .corpus import CORPUS


@pytest.mark.parametrize(("text", "secret"), CORPUS)
def test_a_secret_in_a_text_is_taken_out(text: str, secret: str) -> None:
    scrubbed = scrub_text(text)
    assert secret not in scrubbed
    assert FILTERED in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "order O-7K3QX9ZB2M5P was placed",
        "order 4111111111111112 has no valid card number in it",
        "at 2026-11-24T08:53:44.294+00:00, 1700000000.123456 s",
        "trace 0af7651916cd43dd8448eb211c80319c",
        "The bearer token is missing or wrong.",
        "a token bucket, a basic rate-limit",
        "b45356f5-5dd3-457e-a58b-a55305c7532a",
        "GET api/orders/<slug:number> 200",
        "http://erp-web:8000/livez, http://[::1]:8000 and tcp://erp-db:5432: no answer",
    ],
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize("key", ["password", "userPassword", "api-key", "card_token", "X-CSRF-Token", "email", "IBAN"])
def test_a_key_that_names_a_secret_is_known(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["order", "shipping", "opinion", "author", "discard", "monkey", "quantity"])
def test_a_key_that_only_resembles_one_is_not(key: str) -> None:
    assert not is_secret_key(key)


def test_values_are_scrubbed_at_any_depth_and_become_plain() -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    value = {"a": [{"password": 1, "n": float("inf")}], "b": ("jane@example.com",), "c": Odd(), 4: b"x"}
    assert scrub_value(value) == {
        "a": [{"password": FILTERED, "n": "inf"}],
        "b": [FILTERED],
        "c": "<Odd that can't be shown: RuntimeError>",
        "4": "b'x'",
    }


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "a.",
        "a@",
        "1 ",
        "DE12",
        "?a",
        "token ",
        "bearer a",
        "eyJaaaaa.",
        "://a:",
        'token="',
        "csrf",
        "%",
        "token=\\",
        "://a:b",
    ],
)
def test_a_hostile_text_is_scrubbed_in_linear_time(piece: str) -> None:
    started = monotonic()
    scrub_text(piece * (100_000 // len(piece)))
    assert monotonic() - started < 1


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert len(str(scrub_value(loop))) < 10_000
