"""`make rotate SECRET=name`: replace one secret while the stack runs; without a name, list all of them."""

import textwrap
from pathlib import Path

from ops import secrets
from ops.commands import current
from ops.console import OpsError, say, step, table
from ops.lock import alone
from ops.rotate_acts import Act, Change, has_log_in
from ops.rotations import BY_HAND, ROTATIONS, Rotation
from ops.stack import Stack
from ops.up import volumes_exist

WIDTH = 60


def rotate(name: str = "", file: str = "") -> None:
    """Raises OpsError where the old value still holds, and says so; the new one is in force when this returns."""
    if not name:
        say(listing())
        return
    rotation = _known(name)
    stack = current()
    with alone("stack"):
        check_start(stack, name, rotation)
        given = given_value(name, file) if file or rotation.is_given else ""
        finish_interrupted(stack, name, rotation)
        replace(stack, name, rotation, given)


def listing() -> str:
    rows = []
    for name, rotation in ROTATIONS.items():
        how = rotation.meanwhile + (" (FROM=file)" if rotation.is_given else "")
        rows += _wrapped(name, rotation.readers, how)
    for name, sentence in BY_HAND.items():
        rows += _wrapped(name, "by hand", sentence)
    return table(rows, ["SECRET", "who reads it", "what is refused meanwhile"])


def _wrapped(name: str, readers: str, how: str) -> list[list[str]]:
    columns = [[name], textwrap.wrap(readers, WIDTH - 20), textwrap.wrap(how, WIDTH)]
    height = max(map(len, columns))
    return [[column[row] if row < len(column) else "" for column in columns] for row in range(height)]


def _known(name: str) -> Rotation:
    if name in BY_HAND:
        raise OpsError(f"SECRET={name} is not replaced by this command. {BY_HAND[name]}")
    if name not in ROTATIONS:
        raise OpsError(f"SECRET={name!r} is no secret of this stack; expected one of {', '.join(ROTATIONS)}.")
    return ROTATIONS[name]


def check_start(stack: Stack, name: str, rotation: Rotation) -> None:
    """Refuse what would leave a store with another secret than its file has."""
    if not (stack.settings.secrets / name).is_file():
        raise OpsError(
            f"There is no {stack.settings.secrets / name} to replace; expected the one that `make up` makes."
        )
    if not rotation.keeper or rotation.keeper in stack.running() or not volumes_exist(stack.settings):
        return
    if rotation.keeper in stack.model["services"] and (rotation.keeper != "grafana" or has_log_in(stack)):
        raise OpsError(
            f"{rotation.keeper} doesn't run, and keeps {name} itself: expected it to run, so that it can be told the "
            "new one. Run `make up` and this command again."
        )


def given_value(name: str, file: str) -> str:
    """The new value that somebody wrote into a file."""
    if not file:
        raise OpsError(
            f"{name} comes from elsewhere: found no FROM=, expected the file with the new one, such as `make rotate "
            f"SECRET={name} FROM=/root/new`."
        )
    path = Path(file).absolute()
    value = secrets.read(path.name, path.parent).strip()
    if wrong := secrets.wrong_value(name, value):
        raise OpsError(f"FROM={file} holds {wrong}. Write the new {name} into it; the old one still holds.")
    return value


def replace(stack: Stack, name: str, rotation: Rotation, given: str = "") -> None:
    """By `given` or a new random value; raises OpsError where the old one still holds, and says so."""
    folder = stack.settings.secrets
    made = secrets.TABLE.get(name) or secrets.GATEWAY[name]
    change = Change(stack, name, old=secrets.read(name, folder), new=given or (made.make() if made.make else ""))
    if change.new == change.old:
        say(f"{name} has this value already.")
        return
    kept = _kept(stack, name)
    secrets.write(kept, change.old)
    try:
        with step(f"Replacing {name}"):
            _apply(change, rotation)
        if rotation.check:
            with step("Looking whether its readers work with it"):
                _run(rotation.check, change)
    except (OpsError, KeyboardInterrupt) as error:
        said = "It was interrupted." if isinstance(error, KeyboardInterrupt) else str(error)
        _go_back(change, rotation, kept)
        raise OpsError(f"{said}\nNothing has changed: the old {name} still holds.") from None
    try:
        _run(rotation.last, change)
    except OpsError as error:
        raise OpsError(
            f"{error}\nThe readers have the new {name}, but the old one is valid too. Run the same command again: it "
            "goes back to the old one and begins anew."
        ) from None
    kept.unlink()
    say(_outcome(change, rotation))


def _outcome(change: Change, rotation: Rotation) -> str:
    if not change.running:
        return (
            f"{change.name} is replaced in its file. Nothing of the stack runs; `make up` starts it with the new one."
        )
    if rotation.keeps_old_in:
        return f"{change.name} is replaced. What was signed with the old one is valid until the next rotation."
    return f"{change.name} is replaced, and the old one is no longer valid."


def _apply(change: Change, rotation: Rotation) -> None:
    if rotation.keeps_old_in:
        secrets.overwrite(rotation.keeps_old_in, change.old, change.stack.settings.secrets)
    _run(rotation.first, change)
    change.write()
    _run(rotation.then, change)


def _run(acts: tuple[Act, ...], change: Change) -> None:
    for act in acts:
        act(change)


def _go_back(change: Change, rotation: Rotation, kept: Path) -> None:
    """The old value in force again everywhere; where that fails, the next run of the command does it."""
    try:
        with step(f"Going back to the old {change.name}"):
            _apply(change.back(), rotation)
            _run(rotation.last, change.back())
    except OpsError as error:
        raise OpsError(
            f"{change.name} is half replaced: {error}\nThe old value is in {kept}. Mend what this names, and run the "
            "same command again: it goes back to the old value first."
        ) from None
    kept.unlink()


def finish_interrupted(stack: Stack, name: str, rotation: Rotation) -> None:
    """An earlier run that was killed left the old value here; who was told the new one isn't known."""
    kept = _kept(stack, name)
    if kept.is_file():
        say(f"An earlier rotation of {name} was interrupted.")
        new = secrets.read(name, stack.settings.secrets)
        _go_back(Change(stack, name, old=secrets.read(kept.name, kept.parent), new=new), rotation, kept)


def _kept(stack: Stack, name: str) -> Path:
    """Where the old value is until the readers work with the new one."""
    return stack.settings.secrets / f".{name}.before"
