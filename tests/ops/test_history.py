"""`make scale-out` and `make scale-in` refuse a stack whose engines they aren't for."""

from collections.abc import Callable

import pytest

from ops import history
from ops.console import OpsError
from ops.settings import load
from ops.stack import Stack


@pytest.mark.parametrize("command", [history.scale_out, history.scale_in])
def test_a_stack_of_one_machine_is_refused_with_what_to_set(command: Callable[[Stack], None]) -> None:
    settings = load()
    settings.values["SCALE"] = "off"
    with pytest.raises(OpsError, match=r"found SCALE=off, expected on\. Set it in \.env"):
        command(Stack(settings, "official"))
