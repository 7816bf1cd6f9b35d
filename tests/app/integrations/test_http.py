"""Calls of a partner: each ending is counted as what it is."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from harness.partner import Partner
from harness.processes import free_port
from harness.samples import here

from integrations import payments
from integrations.errors import Refused, Unavailable


def charge(card_token: str = "tok_ok") -> str:  # noqa: S107 - a sample
    return payments.charge(reference="O-1", amount=Decimal("1.00"), currency="EUR", card_token=card_token)


def counted(outcome: str) -> float:
    return here("external_requests_total", api="payment", operation="charge", outcome=outcome)


@pytest.mark.parametrize(
    ("mode", "card_token", "outcome", "expected"),
    [
        ("ok", "tok_ok", "ok", None),
        ("ok", "tok_no_money", "rejected", Refused),
        ("error", "tok_ok", "error", Unavailable),
        ("garbage", "tok_ok", "error", Unavailable),
        ("html", "tok_ok", "error", Unavailable),
    ],
)
def test_each_ending_is_counted_once(
    partner: Partner, mode: str, card_token: str, outcome: str, expected: type[Exception] | None
) -> None:
    partner.mode = mode
    before = counted(outcome)
    timed = here("external_request_duration_seconds_count", api="payment", operation="charge")
    if expected is None:
        assert charge(card_token) == "pay-payment-O-1"
    else:
        with pytest.raises(expected):
            charge(card_token)
    assert counted(outcome) == before + 1
    assert here("external_request_duration_seconds_count", api="payment", operation="charge") == timed + 1


def test_a_wrong_key_is_an_error_and_the_next_one_needs_no_restart(
    partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text("wrong")
    monkeypatch.setenv("PARTNER_API_KEY_FILE", str(file))
    before = counted("error")
    with pytest.raises(Unavailable, match="answered 401"):
        charge()
    assert counted("error") == before + 1
    file.write_text(django_settings.PARTNER_API_KEY)
    assert charge() == "pay-payment-O-1"


def test_a_closed_port_is_an_error(settings: object) -> None:
    settings.PAYMENT_API_URL = f"http://127.0.0.1:{free_port()}"
    before = counted("error")
    with pytest.raises(Unavailable, match="can't be reached"):
        charge()
    assert counted("error") == before + 1
