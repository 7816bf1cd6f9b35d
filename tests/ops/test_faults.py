"""`make break` and `make mend` on the real command line: bad input is one sentence, nothing is broken."""

import pytest

from ops import engine, faults, up
from ops.commands import current, mend
from tests.ops.conftest import ELSEWHERE, Ops


@pytest.mark.parametrize("name", ["coffee-spilt", "payments-down"])
def test_an_unknown_fault_says_where_those_there_are_stand(ops: Ops, name: str) -> None:
    done = ops("break", name)
    assert done.returncode == 1
    assert f"No fault {name!r}: expected one of those that `make break` lists." in done.stderr
    assert (" Like it: payment-down" in done.stderr) is (name == "payments-down")


def test_where_the_sample_is_off_its_faults_are_refused_and_not_remembered(ops: Ops) -> None:
    done = ops("break", "payment-down", SAMPLE="off", PROJECT="none-of-it")
    assert done.returncode == 1
    assert "SAMPLE=off: a fault of the sample or its sandbox needs SAMPLE=on." in done.stderr
    assert "Nothing is broken." in ops("mend", "", SAMPLE="off", PROJECT="none-of-it").stdout


def test_dev_is_refused_without_the_sample(ops: Ops) -> None:
    done = ops("dev", SAMPLE="off", PROJECT="none-of-it")
    assert done.returncode == 1
    assert "SAMPLE=off: `make dev` is for the sample ERP" in done.stderr


@pytest.mark.parametrize("command", ["break", "mend"])
def test_production_is_never_broken(ops: Ops, command: str) -> None:
    done = ops(command, "payment-down", ENV="production", **ELSEWHERE)
    assert done.returncode == 1
    assert "faults are for the sandbox alone" in done.stderr


def test_break_alone_lists_every_fault(ops: Ops) -> None:
    done = ops("break")
    assert done.returncode == 0, done.stderr
    assert [name for name in faults.FAULTS if f"\n{name} " not in done.stdout] == []


def test_an_engine_that_is_gone_can_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(engine, "answer", lambda: "nobody there")
    monkeypatch.setattr(engine, "ensure", lambda: started.append(True))
    monkeypatch.setattr(up, "restart_what_is_broken", lambda stack, engine_started: None)
    mend("engine-killed")
    assert started == [True]


def test_faults_name_services_that_there_are() -> None:
    services = set(current().model["services"])
    assert set(faults.STOPPABLE) | set(faults.FREEZABLE) <= services


def test_what_is_broken_is_remembered_until_it_is_mended() -> None:
    """In this checkout, which the running stack was started from."""
    stack = current()
    faults.inject(stack, "shipping-slow")
    assert "shipping-slow" in faults.broken(stack)
    faults.mend(stack, "shipping-slow")
    assert "shipping-slow" not in faults.broken(stack)
