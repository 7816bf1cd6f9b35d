"""`manage.py bootstrap` in whatever state the database is."""

import pytest
from django.core.management import call_command
from harness.processes import free_port

from catalog.models import Product
from config import env
from config.management.commands import bootstrap
from organizations.models import User

pytestmark = pytest.mark.usefixtures("quick_passwords")


def test_it_can_be_run_twice_and_makes_the_demo_data(transactional_db: None) -> None:
    call_command("bootstrap")
    Product.objects.filter(sku="SKU-0001").update(stock=7)
    call_command("bootstrap")
    assert Product.objects.get(sku="SKU-0001").stock == 7
    assert set(User.objects.values_list("username", flat=True)) == {"admin", "buyer", "traffic"}
    assert User.objects.get(username="admin").is_superuser
    assert not User.objects.get(username="buyer").is_staff


def test_a_rotated_password_takes_effect(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("bootstrap")
    monkeypatch.setenv("ADMIN_PASSWORD", "rotated")
    monkeypatch.delenv("ADMIN_PASSWORD_FILE", raising=False)
    call_command("bootstrap")
    assert User.objects.get(username="admin").check_password("rotated")


def test_production_gets_no_demo_data(transactional_db: None, settings: object) -> None:
    settings.ENV = "production"
    call_command("bootstrap")
    assert set(User.objects.values_list("username", flat=True)) == {"admin"}
    assert env.secret("ADMIN_PASSWORD")


def test_a_database_that_never_answers_is_said_in_a_sentence(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, object]]
) -> None:
    from django.db import connection

    with monkeypatch.context() as patch:
        connection.close()
        patch.setitem(connection.settings_dict, "PORT", free_port())
        patch.setattr(bootstrap, "DEADLINE_SECONDS", 1)
        with pytest.raises(SystemExit):
            call_command("bootstrap")
    assert "didn't answer for 1 s" in str(lines[-1]["message"])
