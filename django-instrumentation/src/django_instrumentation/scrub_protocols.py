"""The secrets that only a protocol's command or a place in a line tells: `AUTH abc`, `PASS abc`, a .pgpass."""

from django_instrumentation.scrub_parts import (
    ARGUMENT,
    BLANK,
    GAP,
    KEPT,
    LIKE_ONE,
    LINE_END,
    QUOTE,
    SENTENCE,
    WORD,
    Rule,
    quoted,
    rule,
)

_BEGIN = r"(?:(?<![\w.-])|(?<=\\[nrt]))"
_NEXT = rf"(?:{GAP}|{LINE_END}\$\d{{1,4}}{LINE_END})"
"""Between two words of a command, also as Redis sends them: with the length before each."""
_LINES = r"(?:\s|\\{1,15}[nrt]){1,12}"
_NAME = r"[^\s'\"\\]{1,100}"
_NO_TEST = rf"(?!{_NEXT}{QUOTE}(?=[\w-]{{0,200}}[./:_])[\w./:-]{{0,200}}(?:test|spec))"
"""Whoever runs tests writes `PASS orders/test_views2.py`."""
_NUL = r"(?:\x00|\\{1,15}(?:x00|u0000))"

RULES: tuple[Rule, ...] = (
    # HELLO 3 AUTH jane abc, CONFIG SET requirepass abc, a1 LOGIN jane abc
    rule(
        "hello|authinfo|requirepass|masterauth|auth-pass|rootpw|bindpw|login",
        rf"{_BEGIN}((?:hello{_NEXT}{QUOTE}\d{_NEXT}{QUOTE}auth{_NEXT}{ARGUMENT}|authinfo{_NEXT}{QUOTE}pass|requirepass"
        rf"|masterauth|auth-pass{_NEXT}{ARGUMENT}|rootpw|bindpw"
        rf"|(?:[a-z]{{1,8}}\d{{1,8}}|\.){GAP}login{GAP}{SENTENCE}{ARGUMENT}){_NEXT}){SENTENCE}{WORD}",
        KEPT,
    ),
    # AUTH jane abc, PASS abc: what looks secret, and what is alone
    rule(
        "auth|pass|apop|oper|identify",
        rf"{_BEGIN}((?-i:AUTH2?|PASS{_NO_TEST}|APOP|OPER|IDENTIFY){_NEXT}){SENTENCE}(?:{ARGUMENT}{_NEXT})?"
        rf"(?={QUOTE}[^\s,;]{{4}})(?={QUOTE}[^\s,;'\"]{{0,40}}\d)(?={QUOTE}[^\s,;'\"]{{0,40}}[a-z]){WORD}",
        KEPT,
    ),
    rule(
        "auth |pass ",
        rf"(?<![^\n'\">])((?:(?-i:AUTH|PASS{_NO_TEST})|auth(?={BLANK}{LIKE_ONE})){BLANK}){SENTENCE}"
        r"(?:[^\s'\"]{1,200} )?[^\s'\"\\]{1,200}(?=\Z|\n|['\"]|\\)",
        KEPT,
    ),
    # pass: abc1, pw abc1
    rule(
        "pass:|pw",
        rf"(\b(?:pass: ?|pw(?: is|:)? (?={LIKE_ONE})))(?=[^\s,;]{{0,40}}\d)(?=[^\s,;]{{0,40}}[a-z])[^\s,;'\"]++",
        KEPT,
    ),
    # ACL SETUSER jane on >abc +get >def, up to the last one
    rule(
        "setuser",
        rf"(\bsetuser{GAP}[^\n]{{1,200}}?[\s'\"][><#])(?:[^\n]{{1,400}}[\s'\"][><#])?[^\s'\"]{{1,200}}",
        KEPT,
    ),
    rule(
        "hooks.slack.com|/webhooks/|api.telegram",
        r"((?:hooks\.slack\.com/\w{1,20}|/webhooks|api\.telegram\.org)/)[^\s'\"<>]++",
        KEPT,
    ),
    # sig=abc of a URL that Azure signed; no number or name of a signal
    rule("sig=|sig%3d", r"(\bsig(?:=|%3D))(?:(?=[^\s&'\"<>]{0,40}\d)[^\s&'\"<>]{6,}+|[^\s&'\"<>]{20,}+)", KEPT),
    # machine erp login jane password abc, in .netrc
    rule(
        "machine",
        rf"(\bmachine{_LINES}{_NAME}{_LINES}login{_LINES}{_NAME}{_LINES}(?:account{_LINES}{_NAME}{_LINES})?password{_LINES})[^\s'\"\\]{{1,200}}",
        KEPT,
    ),
    # connect to erp user jane using abc
    rule(
        "user",
        rf"(\buser(?:name)?{GAP}{ARGUMENT}{GAP}(?:pass|using){GAP}){SENTENCE}(?:{quoted('v')}|{LIKE_ONE}{WORD})",
        KEPT,
    ),
    rule("community", r"(\b(?:snmp-server community|r[ow]community6?) )[^\s'\"]{1,200}", KEPT),
    # login("jane", "abc") of a library
    rule(
        "login(|auth(|icate(|password(",
        rf"((?<!\w)(?:\w{{1,20}}?basicauth|login|auth(?:enticate)?|\w{{0,20}}password)\(\s{{0,3}})"
        rf"(?:{quoted('v')},\s{{0,3}}{quoted('w')}|(?!request\b)[\w.]{{1,60}},\s{{0,3}}{quoted('x')}|(?<=\.auth\(){quoted('y')})",
        KEPT,
    ),
    # a name and its password, as SASL's PLAIN has them
    rule("\0|x00|u0000", rf"({_NUL}[\w.@+-]{{2,100}}{_NUL})[^\s'\"\\\0]{{3,200}}", KEPT),
    rule("xmpp-sasl", r"(xmpp-sasl\\{0,15}['\"][^<>]{0,100}>)[^<]{1,2000}", KEPT),
    # the answer to `Password:` in base64
    rule("ugfzc3dvcmq6", r"(UGFzc3dvcmQ6.{0,40}?(?:send:|->|>>>|C:) (?:b?\\{0,15}['\"])?)[\w+/]{4,}+=*+", KEPT),
    # erp-db:5432:erp:jane:abc, in .pgpass
    rule(
        ":5432:|:6432:|:*:",
        r"(:(?:5432|6432|\*):(?:\*|[a-z_][\w-]{0,62}):(?:\*|[a-z_][\w.@-]{0,62}):)[^\s:'\"]{1,200}",
        KEPT,
    ),
    # jane:abc@tcp(erp-db:3306)
    rule("@tcp(|@unix(", r"(?<![\w.-])([\w.-]{1,60}:)[^\s'\"]{1,200}?(?=@(?:tcp|unix)\()", KEPT),
    # {SSHA}abc
    rule(
        "sha|md5}|crypt}|plain}|cleartext}",
        r"(\{(?-i:S?SHA\d{0,3}|S?MD5|[A-Z-]{0,8}CRYPT|PLAIN|CLEARTEXT)\})[^\s'\",]{4,}+",
        KEPT,
    ),
    # ATTACH DATABASE x AS y KEY 'abc', PRAGMA key = 'abc'
    rule(
        "attach|pragma|create secret|create or replace secret",
        r"(\b(?:attach\b[^\n;]{1,200}? as \w{1,60} key|pragma (?:\w{1,40}\.)?(?:hex)?(?:re)?key\s?=?"
        rf"|secret\b[^\n;]{{1,300}}?\bsecret)\s{{0,3}}){quoted('v')}",
        KEPT,
    ),
    rule("identified by", rf"(\b(?-i:IDENTIFIED BY) )(?!(?:VALUES|PASSWORD)\b){SENTENCE}[^\s'\";]{{1,200}}", KEPT),
)
