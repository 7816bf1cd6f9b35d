"""The files of secrets/ as the guard reads them, and how often somebody may try."""

import asyncio
import base64
import json
from pathlib import Path

import bcrypt
import pytest

from gateway.guard import agents, users
from gateway.guard.limits import KEYS, Limit
from gateway.guard.users import Users


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_an_empty_file_has_nobody(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert users.read(tmp_path / "empty") == {}
    assert agents.read(tmp_path / "empty") == {}


def test_an_agent_is_found_by_its_token_and_may_write_its_own_programs(tmp_path: Path) -> None:
    file = written(tmp_path / "agents", {"web-2": {"applications": ["shop"], "sha256": agents.digest("a token")}})
    agent = agents.read(file)[agents.digest("a token")]
    assert agent == agents.Agent("web-2", frozenset({"shop", "monitoring"}))


@pytest.mark.parametrize(
    "entry", [{"role": "admin", "bcrypt": "$2a$12$" + "x" * 53}, {"role": "viewer", "bcrypt": "x"}]
)
def test_a_role_or_hash_that_is_none_is_refused(tmp_path: Path, entry: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="anna"):
        users.read(written(tmp_path / "users", {"anna": entry}))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Basic " + base64.b64encode(b"anna:with:colon").decode(), ("anna", "with:colon")),
        ("Basic " + base64.b64encode(b"anna").decode(), None),
        ("Basic !", None),
        ("Bearer x", None),
        ("", None),
    ],
)
def test_credentials(header: str, found: tuple[str, str] | None) -> None:
    assert users.credentials(header) == found


def test_a_password_is_asked_of_bcrypt_once(tmp_path: Path) -> None:
    long = "p" * 72
    hashes = {
        name: bcrypt.hashpw(text.encode(), bcrypt.gensalt(4)).decode() for name, text in (("a", "x"), ("b", long))
    }
    file = written(tmp_path / "users", {name: {"role": "viewer", "bcrypt": text} for name, text in hashes.items()})

    async def tried() -> None:
        known = Users(users.read(file))
        assert known.remembered("a", "x") is None
        assert await known.checked("a", "y") is None
        assert await known.checked("nobody", "x") is None
        assert await known.checked("b", f"{long}more") is None  # bcrypt reads 72 bytes
        assert await known.checked("a", "x") == known.remembered("a", "x") == known.by_name["a"]
        assert known.remembered("a", "y") is None
        assert known.remembered("b", "x") is None

    asyncio.run(tried())


def test_a_bucket_empties_and_fills() -> None:
    clock = [0.0]
    limit = Limit(per_second=1, burst=2, now=lambda: clock[0])
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    assert limit.take("b")
    clock[0] = 1.5
    assert [limit.take("a"), limit.take("a")] == [True, False]
    limit.give_back("a")
    assert limit.take("a")


def test_old_keys_are_forgotten() -> None:
    limit = Limit(per_second=0, burst=1)
    for number in range(KEYS + 1):
        limit.take(str(number))
    assert limit.take("0")
    assert not limit.take(str(KEYS))
