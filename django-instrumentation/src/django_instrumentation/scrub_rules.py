"""What is secret or personal: the names of such values, and the patterns by which scrub.py finds them in a text.

Each pattern takes linear time, whatever the text is: what may repeat is bounded, possessive (`*+`), or runs up to the
end of the text when no end of it is found.
"""

import re

from django_instrumentation import scrub_commands, scrub_protocols
from django_instrumentation.scrub_parts import FILTERED, KEPT, LIKE_ONE, LINE_END, Rule, quoted, rule

# Names of values. `_` stands for nothing, a blank, `_` or `-`.
CREDENTIALS = (
    "password passwd passwort passphrase passcode pwd secret token authorization credential cookie csrf xsrf jwt "
    "api_key access_key secret_key private_key signing_key encryption_key account_key license_key master_key ssh_key "
    "session_id session_key auth_key shared_key psk authtok argsrepr kwargsrepr query_string"
)
"""Also at the end of a longer word: `pgpassword`, `csrftoken`."""
NUMBERS = (
    "cvv cvc cvv2 cvc2 otp totp pin phone mobile fax birth birthday birthdate dob ssn iban bic "
    "account_number passport tax_id"
)
OTHERS = (
    "pw pass auth mfa card email e_mail session dsn surname first_name last_name full_name street "
    "connection_string ip_address remote_addr forwarded_for real_ip args kwargs params parameters signature"
)
QUERIES = "http.query http.fragment url.query url.fragment http.request.body.data"
SENSITIVE_WORDS = f"{CREDENTIALS} {NUMBERS} {OTHERS}"


def _any_of(words: str) -> str:
    """One of `words` in any case. Python compares `[aA]` much faster than an `a` whose case it has to ignore."""
    groups: dict[str, list[str]] = {}
    for word in sorted(words.split(), key=len, reverse=True):
        rest = "".join("[ _-]?" if char == "_" else f"[{char}{char.upper()}]" for char in word[1:])
        groups.setdefault(f"[{word[0]}{word[0].upper()}]", []).append(rest)
    return "(?-i:" + "|".join(f"{first}(?:{'|'.join(rests)})" for first, rests in groups.items()) + ")"


_EDGE = r"[_\-. ]"
SECRET_KEY = re.compile(
    rf"(?:(?:^|{_EDGE})(?:{_any_of(NUMBERS)}|{_any_of(OTHERS.replace('pass auth ', ''))})|{_any_of(CREDENTIALS)})"
    rf"(?:s|\d{{1,2}})?(?:$|{_EDGE})|(?:^|{_EDGE})(?:pass|auth)$|^(?:{'|'.join(map(re.escape, QUERIES.split()))})$",
    re.IGNORECASE,
)
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Parts of patterns

_BEGIN = r"(?:(?<![^\W_])|(?<=\\[nrt])|(?-i:(?<=[a-z])(?=[A-Z])))"
"""The beginning of a word, also after the `_` of a compound, the `\\n` of a repr, and a small letter in camel case."""
_WORD = r"(?:(?<!\w)|(?<=\\[nrt]))"
_END = r"(?:s|\d{1,2}|[_-]\w{0,20}|(?-i:[A-Z])\w{0,20})?(?!\w)"
_CREDENTIAL = rf"(?:{_any_of(CREDENTIALS)}|(?<=[a-z][_-])pass){_END}"
_PERSONAL = rf"{_BEGIN}(?:{_any_of(f'{NUMBERS} {OTHERS}')}){_END}"
_ESCAPED_IS = r"(?:%3[AD]|\\{1,15}u003[ad])"
_HTML_QUOTE = r"(?:&(?:quot|apos|#0?39|#x27);|\\{1,15}u002[27])"
"""Also as JSON may escape it for HTML."""
# Within a repr quotes are escaped, once for each level.
_KEY_END = rf"(?:\\{{0,15}}['\"`]|{_HTML_QUOTE}|%2[27])"
_BLANK = r"[ \t]{0,8}"
_IS = rf"{_BLANK}(?:=>|->|:?=|::?|{_ESCAPED_IS}|(?:not )?(?:i?like|in)(?= ?['(])){_BLANK}"
_ROW = r"\((?:'[^']*+(?:'|\Z)|[^'()]|\([^()]*+\))*+(?:\)|\Z)"
_SCHEMES = r"bearer|token|basic|negotiate|ntlm|jwt|api-?key|key"


def _value(name: str) -> str:
    """A quoted text, a list or call with such texts in it, or what goes on without a blank or separator."""
    in_html = rf"{_HTML_QUOTE}(?:(?!{_HTML_QUOTE})[^\n])*+(?:{_HTML_QUOTE})?"
    listed = rf"(?:[\w.]{{1,40}})?[(\[{{](?:{_nested()})*+(?:[\])}}]|\Z)"
    bare = r"(?:[^\s,;&'\"()\[\]{}<>]|[,;](?![\s'\"]|[\w.-]{1,40}=|\Z))++"
    return rf"(?:(?:{_SCHEMES})\s{{1,3}})?(?:{quoted(name)}|{listed}|{in_html}|{bare})"


def _nested() -> str:
    """What may be within brackets: texts, and brackets three deep."""
    plain = rf"{_simple_quoted()}|[^\[\](){{}}'\"\\]|\\"
    nested = plain
    for _ in range(3):
        nested = rf"{plain}|[(\[{{](?:{nested})*+(?:[\])}}]|\Z)"
    return nested


def _simple_quoted() -> str:
    return r"\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|'(?:[^'\\]|\\.)*+(?:'|\Z)"


_CREDENTIAL_MARKS = (
    "pass|pwd|secret|tok|authoriz|credential|cookie|srf|jwt|key|psk|session|argsrepr|querys|query_s|query-s|query s"
)
_PERSONAL_MARKS = (
    "pw|pass|auth|mfa|card|mail|session|dsn|name|street|connection|addr|forwarded|real|args|cvv|cvc|otp|pin|phone|"
    "mobile|fax|birth|dob|ssn|iban|bic|account|tax|param|signature"
)
_AFTER_KEY = rf"{_KEY_END}?{_IS}"
_SECRET = rf"(?:{_CREDENTIAL}|{_PERSONAL})"
RULES: tuple[Rule, ...] = (
    rule("private key", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]{1,40}-----|\Z)"),
    *scrub_commands.RULES,
    *scrub_protocols.RULES,
    # Messages of a broker: what Celery says of a task that the worker doesn't know, or can't read
    rule(
        "message body",
        r"(contents of the message body was:\s{0,3}).*?(?=\n\nThe full contents of the message headers|\Z)",
        KEPT,
    ),
    rule("t decode message", r"(Can\\{0,15}'t decode message body:).*", rf"\1 {FILTERED}"),
    # What databases say of a row
    rule(
        "failing row",
        r"(Failing row contains )\(.*?(?:\)\.(?=\s*+(?:\n|\\n|['\"]|CONTEXT|\Z))|\Z)",
        rf"\1({FILTERED}).",
    ),
    rule(
        "key (",
        # A number in a column without such a name identifies nobody.
        rf"(?!key \((?:(?!{_PERSONAL}|{_CREDENTIAL})[^\n()]){{1,100}}\)=\(\d{{1,12}}\))"
        r"(\bkey \([^\n]{1,300}?\)=)\(.*?(?:\)(?=\.| already| is | conflicts| with )|\Z)",
        rf"\1({FILTERED})",
    ),
    rule("duplicate key value is", r"(duplicate key value is )\(.*?(?:\)\.|\Z)", rf"\1({FILTERED})."),
    rule(
        "duplicate entry|incorrect",
        r"((?:Duplicate entry|incorrect [\w ]{1,30} value:) )\\{0,15}'.*?(?:'(?=\Z|\)| for |\s*['\"])|\Z)",
        rf"\1'{FILTERED}'",
    ),
    rule(
        "invalid input|out of range",
        r"((?:invalid input (?:syntax|value) for [\w ./]{1,80}|out of range): )\\{0,15}\".*?(?:\"|\Z)",
        rf'\1"{FILTERED}"',
    ),
    rule(
        "insert",
        rf"(\bINSERT INTO\b[^;]{{1,500}}?\bVALUES\s{{0,3}})"
        rf"(?!\(\s{{0,3}}(?:%|\$|\?|:|@|\.)){_ROW}(?:,\s{{0,3}}{_ROW})*+",
        rf"\1({FILTERED})",
    ),
    # user:password@ in a URL, where what follows the colon is no port
    rule("://", r"(?<=://)[^/\s:@'\"<>]{0,100}:(?!\d{1,5}(?:[/?#\s'\"]|\Z))[^\s'\"<>]{1,200}(?=@)"),
    # the same, cut before its @
    rule("://", r"(?<=://)[^/\s:@'\"\[]{0,100}:(?![\[/])\d*+[a-z_][^/\s@'\"]*+(?!@)"),
    # a long user alone, such as the key of a tracker
    rule("://", r"(?<=://)[\w-]{16,100}(?=@)"),
    # Headers of several parts
    rule(
        "cookie",
        rf"(cookie{_KEY_END}?{_IS})(?!\\|['\"\[]|b['\"])"
        r"[^\s;,=]{1,200}=[^\s;]*+(?:;[ ]?[^\s;=]{1,200}(?:=[^\s;]*+)?)*+",
        KEPT,
    ),
    rule(
        "authorization",
        rf"(authorization{_KEY_END}?{_IS})(?:digest|aws4-hmac-sha256|oauth|hawk|signature)\s[^\r\n]*+",
        KEPT,
    ),
    # of a scheme of its own: what follows looks like a key
    rule(
        "authorization",
        rf"(authorization{_KEY_END}?{_IS})[a-z][\w-]{{0,40}} {{1,3}}"
        rf"(?![\w.-]{{1,40}}=[^=\s])(?=[^\s\d,;'\"\\]{{0,200}}\d)[^\s,;'\"\\]++",
        KEPT,
    ),
    # password=abc, "token": "abc", api_key => 'abc', set_password('abc'), Authorization: Token abc; requirepass abc1
    rule(
        _CREDENTIAL_MARKS,
        rf"({_CREDENTIAL}(?:{_AFTER_KEY}|\((?=\\{{0,15}}['\"])|(?: is)?[ \t\x1f](?:\d[ ])?(?={LIKE_ONE})))"
        rf"{_value('v')}",
        KEPT,
    ),
    # PASSWORD 'abc', IDENTIFIED BY 'abc', SET PASSWORD FOR jane = 'abc'
    rule(
        "pass|identified",
        rf"((?:password(?: for [^\s=]{{1,100}} =)?|passphrase"
        rf"|identified(?: with [\w'\"`]{{1,60}})? (?:by|as)(?: values)?)\s{{1,3}}){quoted('v')}",
        KEPT,
    ),
    # crypt('abc', gen_salt('bf')), pgp_sym_encrypt(x, 'abc')
    rule(
        "crypt|md5(|sha|digest|hmac",
        rf"((?:\b(?:en)?crypt|(?<![\w.])(?:md5|sha[12]|digest|hmac))\(\s{{0,3}}){quoted('v')}",
        KEPT,
    ),
    rule(
        "crypt",
        rf"(\b(?:pgp_\w{{3}}|aes)_(?:en|de)crypt(?:_bytea)?)(?=\([^()]{{0,500}}['\"])\((?:{_nested()})*+(?:\)|\Z)",
        rf"\1({FILTERED})",
    ),
    # email=abc, "card": "abc", email = 'abc'
    rule(
        _PERSONAL_MARKS,
        rf"({_PERSONAL}"
        rf"(?:{_KEY_END}{_IS}|=|{_ESCAPED_IS}|{_IS}(?=b?\\{{0,15}}['\"])|[ ](?:not[ ])?in[ ](?=\(['\"]))){_value('v')}",
        KEPT,
    ),
    # args:('abc', 1) kwargs:{}, as Celery says of a task whose retries are used up
    rule("args:", rf"(\b(?:kw)?args: ?)(?=[(\[{{]){_value('v')}", KEPT),
    # cvv 123, pin: 1234, phone: +49 170 123 45 67
    rule(
        "cvv|cvc|otp|pin|phone|mobile|fax|birth|dob|ssn|account|passport|tax|code",
        rf"({_BEGIN}(?:(?:security|verification|one-time) code|(?:{_any_of(NUMBERS)}))(?: (?:code|date|number))?"
        rf"(?: is)?{_BLANK}[:=#]?{_BLANK})\+?\d[\d()/. -]{{1,25}}\d(?![\w])",
        KEPT,
    ),
    rule(
        "pin|otp|birth|ssn|account|passport|tax",
        rf"({_BEGIN}(?:{_any_of(NUMBERS)}): ?)(?=[^\s,;]{{0,40}}\d)[^\s,;]++",
        KEPT,
    ),
    # Token object (abc), <Session: abc>
    rule(
        "object (|<",
        r"((?:\b\w{0,40}?(?:session|token|secret|key) object \(|<\w{0,40}?(?:session|token|secret|key): ))[^)>]++",
        KEPT,
    ),
    # ("Authorization", "abc"), [b'cookie', b'abc'], ['--password', 'abc']
    rule(
        _CREDENTIAL_MARKS,
        rf"([(\[]\s?b?\\{{0,15}}['\"][\w.-]{{0,40}}?{_CREDENTIAL}\\{{0,15}}['\"],\s?){quoted('v')}",
        KEPT,
    ),
    rule(
        _PERSONAL_MARKS,
        rf"([(\[]\s?b?\\{{0,15}}['\"](?:[\w.-]{{0,40}}[_.-])?{_PERSONAL}\\{{0,15}}['\"],\s?){quoted('v')}(?=[)\]])",
        KEPT,
    ),
    # {"name": "password", "value": "abc"}, <input name="password" value="abc">
    rule(
        "value",
        rf"((?:name|key|type){_KEY_END}?{_IS}(?:\\{{0,15}}['\"])?[\w.-]{{0,40}}?{_SECRET}"
        rf"[^<>{{}}]{{1,200}}?value{_AFTER_KEY}){_value('v')}",
        KEPT,
    ),
    # <password>abc</password>, <param name="password">abc</param>
    rule(
        "<",
        rf"(<[\w:.-]{{0,40}}?(?:{_SECRET}|[^<>]{{1,100}}?(?:name|key|id)=['\"]?[\w.-]{{0,40}}?{_SECRET})(?:['\"\s][^<>]{{0,200}})?>)"
        r"(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<]{1,2000})",
        KEPT,
    ),
    # a field of a form in several parts
    rule(
        "name=",
        rf"(name=\\{{0,15}}['\"]?[\w.-]{{0,40}}?{_SECRET}\\{{0,15}}['\"]?{LINE_END}{{2}}).*?(?={LINE_END}|\Z)",
        KEPT,
    ),
    # --password abc
    rule("--", rf"((?<!-)--(?=\w)[\w-]{{0,40}}?{_SECRET}(?:\\{{0,15}}['\"])?,?\s{{1,3}})(?!-){_value('v')}", KEPT),
    # Bearer abc1, where it stands alone; the value must look like one, for "token bucket" is none
    rule(
        "bearer|token|basic|jwt|apikey|api-key",
        rf"{_WORD}(bearer:\s{{0,3}}|(?:bearer|token|basic|jwt|api-?key)\s{{1,3}})(?=[a-z.~+/_-]{{0,200}}(?:\d|=|(?-i:[a-z][A-Z]\w{{4}})))[\w.~+/-]{{6,}}+=*+",
        KEPT,
    ),
    # AUTH PLAIN abc1, as a mail server is told it; its own answer lists the names of such ways
    rule(
        "auth",
        rf"{_WORD}(auth(?:enticate)?\s{{1,3}}(?:plain|login|xoauth2|oauthbearer|cram-md5|digest-md5|ntlm)\s{{1,3}})"
        r"(?=(?-i:[A-Z\d+/]{0,100}[a-z]))(?=[a-z+/]{0,200}(?:[\d=]|(?-i:(?<=[a-z])(?=[A-Z]))))[\w+/]{4,}+=*+",
        KEPT,
    ),
    # the query of a URL or path, also one that is a token alone, and a fragment that looks like one
    rule(
        "?",
        rf"\?(?:[\w.~%\[\]-]{{1,100}}(?:=|{_ESCAPED_IS})|(?=[a-z.~%_-]{{0,100}}\d)[\w.~%-]{{8}})[^\s'\"<>]*+",
        f"?{FILTERED}",
    ),
    rule("#", r"#[\w.~%-]{1,100}=[^\s'\"<>]*+", f"#{FILTERED}"),
    # What shows itself: JSON in base64 and what is signed with it, tokens of well-known services, hashes of passwords
    rule("eyj", rf"{_WORD}(?-i:eyJ)[\w-]{{5,}}+[\w.:=+/-]*+"),
    rule(
        "akia|asia|gh|gl|sk_|rk_|pk_|sk-|whsec|xox|xapp|aiza|ya29|sg.|npm_|pypi-|hvs.|dop_v1|hf_|shp|dckr_",
        rf"{_WORD}(?-i:A[KS]IA[0-9A-Z]{{16}}|gh[pousr]_\w{{16,}}+|github_pat_\w{{16,}}+"
        r"|gl(?:pat|rt|dt|ft|cbt|ptt|soat|agent)-[\w-]{10,}+"
        r"|[srp]k_(?:live|test)_\w{6,}+|sk-[\w-]{16,}+|whsec_\w{8,}+|xox[a-z]-[\w-]{8,}+|xapp-[\w-]{8,}+"
        r"|AIza[\w-]{30,}+|ya29\.[\w-]{8,}+|SG\.[\w-]{8,}+\.[\w-]{8,}+|npm_\w{30,}+|pypi-[\w-]{16,}+"
        r"|hvs\.[\w-]{16,}+|dop_v1_\w{16,}+|hf_\w{30,}+|shp[a-z]{2}_[0-9a-f]{32}|dckr_[po]at_[\w-]{20,}+)",
    ),
    rule("$", r"\b(?:pbkdf2_\w{1,20}|argon2\w{0,10}|bcrypt\w{0,20}|scrypt|md5|sha1|scram-sha-\d{1,3})\$[^\s'\",)]++"),
    rule("$", r"\$(?:2[abxy]|argon2\w{0,3}|[1567y]|gy|apr1)\$[\w./$=,+-]{16,}+"),
    # A session in a cache: whoever has its key is logged in
    rule("contrib.sessions", r"(django\.contrib\.sessions\.(?:cached_db|cache(?!d_db)))\w++", KEPT),
    # the token of Django's links for a new password
    rule("-", r"(?<![\w-])[0-9a-z]{6}-[0-9a-f]{32}(?![\w-])"),
    # Looking back for a beginning keeps the search linear in a long word.
    rule("@|%40", r"(?<![\w.+%-])[\w.+%-]{1,64}?(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})++"),
)
# With the digit first, and what is before it looked for behind it, Python finds the places much faster.
CARD = re.compile(
    r"\d(?:(?<![\w.-]\d)|(?<=\\[nrt]\d))"
    r"(?:(?:[ -]?\d){12,22}(?![\w-]|\.\d)|\d{3}(?:[._/]\d{4}){3}(?![\w.-]))"
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b")
FORMAT = rule(
    f"{_CREDENTIAL_MARKS}|{_PERSONAL_MARKS}",
    rf"({_SECRET}{_KEY_END}?{_BLANK}(?:=>|[=:]|is\b)?{_BLANK}['\"(\[]?)"
    r"%(\(\w{1,60}\))?[-#0 +]?\d{0,3}(?:\.\d{1,3})?[a-z]",
)
"""A place for an argument of a log call, after the name of a secret."""
NAMED_FORMAT = re.compile(r"%\((\w{1,60})\)[-#0 +]?\d{0,3}(?:\.\d{1,3})?[a-z]", re.IGNORECASE)
