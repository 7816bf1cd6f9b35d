"""What must never leave the process, and what may."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from django_instrumentation import scrub_rules
from django_instrumentation.scrub import cap, clean, is_secret_key, message_of, scrub_text, scrub_value
from django_instrumentation.scrub_parts import FILTERED, Rule

from .corpus import CORPUS, HARMLESS
from .corpus_commands import WHOLE

NO_RULE = Rule((), "(?!)")


@pytest.mark.parametrize(("text", "secret"), [*CORPUS, *WHOLE])
def test_a_secret_in_a_text_is_taken_out(text: str, secret: str) -> None:
    scrubbed = scrub_text(text)
    assert secret not in scrubbed
    assert FILTERED in scrubbed
    assert scrub_text(scrubbed) == scrubbed


@pytest.mark.parametrize(
    "write",
    [
        repr,
        json.dumps,
        lambda text: repr(repr(text)),
        lambda text: json.dumps({"note": text}),
        lambda text: f"x {text} y",
        lambda text: repr((text, {"note": [text]})),
        lambda text: f"http://erp-web/?a={text}",
    ],
    ids=[
        "repr",
        "json",
        "repr of a repr",
        "json of a mapping",
        "within a sentence",
        "twice in a repr",
        "within a query",
    ],
)
def test_a_text_in_another_is_scrubbed_too(write: Callable[[str], str]) -> None:
    assert [text for text, secret in CORPUS if secret in scrub_text(write(text))] == []


def test_one_text_does_not_save_the_next() -> None:
    scrubbed = scrub_text("\n".join(text for text, _ in CORPUS))
    assert [secret for _, secret in CORPUS if secret in scrubbed] == []


@pytest.mark.parametrize("number", range(len(scrub_rules.RULES)), ids=lambda n: f"{n} {scrub_rules.RULES[n].marks[0]}")
def test_without_any_rule_some_secret_stays(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Otherwise the rule isn't needed, or lacks its case."""
    monkeypatch.setattr(scrub_rules, "RULES", [*scrub_rules.RULES[:number], NO_RULE, *scrub_rules.RULES[number + 1 :]])
    assert [text for text, secret in [*CORPUS, *WHOLE] if secret in scrub_text(text)] != []


@pytest.mark.parametrize("name", ["CARD", "IBAN"])
def test_without_the_pattern_of_a_number_some_secret_stays(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(scrub_rules, name, re.compile("(?!)"))
    assert [text for text, secret in CORPUS if secret in scrub_text(text)] != []


@pytest.mark.parametrize("text", HARMLESS)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert scrub_text(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "userPassword",
        "api-key",
        "card_token",
        "X-CSRF-Token",
        "email",
        "IBAN",
        "pw",
        "cvv",
        "otp_code",
        "new_password1",
        "csrftoken",
        "PGPASSWORD",
        "DB_PASS",
        "auth",
        "sessionid",
        "firstName",
        "date_of_birth",
        "http.query",
        "remote_addr",
        "kwargs",
        "cookies",
        "psk",
        "PresharedKey",
        "auth-key",
        "ldap_default_authtok",
    ],
)
def test_a_key_that_names_a_secret_is_known(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize(
    "key",
    [
        "order",
        "shipping",
        "opinion",
        "author",
        "discard",
        "monkey",
        "quantity",
        "tokenizer",
        "secretary",
        "pass_rate",
        "auth_method",
        "pinned",
        "spin",
        "cardinality",
        "username",
        "name",
    ],
)
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
    ("value", "secret"),
    [
        ({"pw": "hunter2"}, "hunter2"),
        ([("Authorization", "hunter2"), ("Accept", "*")], "hunter2"),
        ([[b"x-api-key", b"hunter2"]], "hunter2"),
        (["manage.py", "imp", "--api-token", "hunter2", "--password", "hunter2"], "hunter2"),
        (["curl", "-u", "jane:hunter2"], "hunter2"),
        (["docker", "login", "-u", "jane", "-p", "hunter two", "x"], "hunter two"),
        (["mysql", "-phunter2"], "hunter2"),
        (["htpasswd", "-b", "users", "jane", "hunter2"], "hunter2"),
        (["AUTH", "jane", "hunter2"], "hunter2"),
        (["CONFIG", "SET", "requirepass", "hunter2"], "hunter2"),
        (["/usr/bin/vault", "login", "hunter2"], "hunter2"),
        (("net", "use", r"\\erp-files\share", "hunter2", "/user:jane"), "hunter2"),
        # as the SDK shows a list among the locals
        (["'manage.py'", "'--password'", "'hunter2'"], "hunter2"),
        (["'mysql'", "'-phunter two'"], "hunter two"),
        (["'Authorization'", "'hunter2'"], "hunter2"),
        ({"name": "'password'", "value": "'hunter2'"}, "hunter2"),
        ({"name": "password", "value": "hunter2"}, "hunter2"),
        ({"args": ["hunter2"], "kwargs": {"a": "hunter2"}}, "hunter2"),
        ({"number": 4111111111111111}, "4111111111111111"),
        ({"http.query": "q=hunter2", "url": "http://a/b"}, "hunter2"),
        ({"jane@example.com": 1}, "jane"),
    ],
)
def test_what_stands_beside_a_value_says_that_it_is_secret(value: object, secret: str) -> None:
    assert secret not in str(scrub_value(value))


def test_a_list_of_words_is_no_pair() -> None:
    assert scrub_value(["password", "token", "name"]) == ["password", "token", "name"]
    assert scrub_value(["manage.py", "imp", "--noinput", "orders.csv"]) == [
        "manage.py",
        "imp",
        "--noinput",
        "orders.csv",
    ]


@pytest.mark.parametrize(
    ("template", "arguments", "expected"),
    [
        ("login of %s failed, password=%s", ("jane", "hunter two"), f"login of jane failed, password={FILTERED}"),
        ("password '%s' is too short", ("hunter2",), f"password {FILTERED} is too short"),
        ("the pin %04d of %s", (1234, "x"), f"the pin {FILTERED} of x"),
        ("%(user)s has %(token)s", ({"user": "jane", "token": "abc"},), f"jane has {FILTERED}"),
        ("%d%% of %s", (5, "x"), "5% of x"),
        ("api key: %r", ("a b",), f"api key: {FILTERED}"),
    ],
)
def test_an_argument_is_judged_by_its_place(template: str, arguments: Any, expected: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, template, arguments, None)
    assert clean(message_of(record), 1000) == expected


HOSTILE = (
    *("x", "a.", "a@", "1 ", "DE12", "?a", "token ", "bearer a", "eyJaaaaa.", "://a:", 'token="', "csrf", "%"),
    *("token=\\", "://a:b", '"', "\\", "@", "0", " ", "=", "password=", "password=(", "password=['", "args=[("),
    *("Key (", "Key (a)=(", "Failing row contains (", ").  ", "INSERT INTO VALUES (", "cookie: a=b; ", "<password "),
    *("<", "--", "--password ", "name=password value", "mysql ", "-u a:", "pin 1", "password=&quot;", "4111 "),
    *(
        "docker ",
        "docker login ",
        "htpasswd -b ",
        "htpasswd -b a ",
        "openssl ",
        "curl -",
        "'-",
        "-pass ",
        "7z ",
        "7z -p 1:1 ",
    ),
    *("az login -p 1:1 ", "password='a''"),
    *(
        "AUTH ",
        "AUTH a ",
        "AUTH 'a' ",
        "a1 login a ",
        "hello 3 auth a ",
        "a1",
        r"\x00aa",
        "machine a login a ",
        "user a ",
    ),
    *(
        "login('a', ",
        "login(''",
        ":5432:a:",
        "a:@tcp(",
        "setuser a ",
        "echo a |",
        "echo a",
        "snmpget -A ",
        "net user a ",
    ),
    *("setuser a >a ", "net use a /user:a ", "net use a", "sig=", "pw ", r"a\u003d", r"a\u0022", "bearer: "),
    *("vault login ", "etcdctl user ", "http -a ", "sqlplus a/", "UGFzc3dvcmQ6", "attach a as b ", "create secret "),
    *(
        "xmpp-sasl'",
        "kinit a",
        "kinit <<<",
        "requirepass ",
        "password a",
        "session_id ",
        "community ",
        "{SHA}",
        "PASS a_",
        "-u a -p ",
        "secrets set a=",
        "mc alias set a ",
    ),
    *(
        "-----BEGIN PRIVATE KEY-----",
        "('password', '",
        "password=a,",
        "'\\\"",
        "%(password)s",
        "crypt('",
        "aes_encrypt('(",
        "auth plain a",
        "authorization: a a",
        "Duplicate entry '",
        "\n",
    ),
)


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.timeout(10)
def test_a_hostile_text_is_scrubbed_in_linear_time(piece: str) -> None:
    """It takes half a second; were one pattern quadratic, it would be minutes."""
    scrub_text(piece * (100_000 // len(piece)))


def test_a_very_long_text_is_cut_where_no_secret_can_be_split() -> None:
    text = "a " * 30_000 + "password=hunter2 " * 40_000
    for limit in (100, 2_000, 30_000):
        assert "hunter2" not in clean(text, limit)
        assert "nter2" not in clean(text, limit)
    assert cap("x" * 100, 10).startswith("xxxxx [... 90 characters left out ...]")


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert len(str(scrub_value(loop))) < 10_000
