"""The secrets of command lines that no name stands before: as a shell has them, and as the repr of a list."""

import re

from django_instrumentation.scrub_parts import FILTERED, KEPT, Rule, quoted, rule

_BLANK = r"[^\S\n]{1,3}"
_GAP = rf"\\{{0,15}}['\"]?,?{_BLANK}"
"""What ends an option and goes before the next word; a quote that begins the word belongs to it."""
_QUOTE = r"\\{0,15}['\"]?"
_WORD = rf"(?:{quoted('w')}|{re.escape(FILTERED)}|[^\s'\"]{{1,200}})"
_NEXT = rf"(?!{_QUOTE}(?:-[a-z]\b|--\w)){_WORD}"
"""The word after an option: its value, unless the word is another option."""
_OPTIONS = r"\b[^\n]{0,200}?[\s'\"]"
_LOG_IN = r"(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|az|oc)\b[^\n]{0,60}?(?<![\w/-])login(?![\w/-])"
_MAPPED_PORT = r"(?:[\d.]{1,15}:)?\d{1,5}:\d{1,5}(?!\w)"
_USER_AND_GROUP = r"\d{1,6}:\d{1,6}(?!\w)"
_FLAGS = rf"(?:{_GAP}{_QUOTE}-\w{{1,8}}(?:{_GAP}{_QUOTE}\d{{1,2}}(?![\w.]))?){{1,6}}"

RULES: tuple[Rule, ...] = (
    # mysql -pabc, docker login -u jane -p abc
    rule(
        "-p",
        rf"(\b(?:mysql\w{{0,10}}|mariadb|mongo(?:sh|dump|restore|export|import)?|sshpass|7z\w?|{_LOG_IN})"
        rf"{_OPTIONS}(?-i:-p)(?:{_GAP})?)(?!{_QUOTE}{_MAPPED_PORT}){_NEXT}",
        KEPT,
    ),
    # redis-cli -a abc, openssl enc -k abc
    rule(
        "-cli|openssl|zip|sqlcmd|mosquitto_|ldap",
        rf"(\b(?:(?:redis|valkey)-cli{_OPTIONS}(?-i:-a)|openssl{_OPTIONS}-k|ldap\w{{1,10}}{_OPTIONS}(?-i:-w)"
        rf"|(?:(?:un)?zip|sqlcmd|mosquitto_\w{{3}}){_OPTIONS}(?-i:-P)){_GAP}){_NEXT}",
        KEPT,
    ),
    # -passin pass:abc, -storepass abc
    rule(
        "pass",
        rf"([\s'\"]-(?:\w{{1,8}}?)?pass(?:in|out|word|wd|phrase)?{_GAP})"
        rf"(?!{_QUOTE}(?:(?:env|file|fd):|stdin\b|prompt\b)){_NEXT}",
        KEPT,
    ),
    # htpasswd -b file jane abc, rabbitmqctl add_user jane abc
    rule(
        "htpasswd|rabbitmqctl",
        rf"(\b(?:htpasswd(?=[^\n]{{0,80}}?[\s'\"]-\w{{0,8}}b){_FLAGS}"
        rf"|rabbitmqctl{_OPTIONS}(?:add_user|change_password|authenticate_user)){_GAP}{_QUOTE}[^\s'\"]{{1,200}}{_GAP})"
        rf"(?:{_WORD}(?:{_GAP})?){{1,2}}",
        KEPT,
    ),
    # curl -u jane:abc
    rule(
        "-u|curl",
        rf"((?:[\s'\"](?:-u|--(?:proxy-)?user)(?:=|{_GAP})(?!{_QUOTE}{_USER_AND_GROUP})|\bcurl{_OPTIONS}-[a-z]{{0,6}}u(?:{_GAP})?){_QUOTE})"
        r"[^\s:'\"]{1,100}:[^\s'\"]{1,200}",
        KEPT,
    ),
)
