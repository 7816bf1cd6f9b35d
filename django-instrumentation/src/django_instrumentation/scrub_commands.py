"""The secrets of command lines that no name stands before: as a shell has them, and as the repr of a list."""

from django_instrumentation.scrub_parts import ARGUMENT, GAP, KEPT, QUOTE, SENTENCE, WORD, Rule, rule

_NEXT = rf"(?!{QUOTE}(?:-[a-z]\b|--\w)){WORD}"
"""The word after an option: its value, unless the word is another option."""
_OPTIONS = r"\b[^\n]{0,200}?[\s'\"]"
_LOG_IN = r"(?:docker|podman|nerdctl|buildah|skopeo|crane|oras|helm|az|oc)\b[^\n]{0,60}?(?<![\w/-])login(?![\w/-])"
_MAPPED_PORT = r"(?:[\d.]{1,15}:)?\d{1,5}:\d{1,5}(?!\w)"
_USER_AND_GROUP = r"\d{1,6}:\d{1,6}(?!\w)"
_FLAGS = rf"(?:{GAP}{QUOTE}-\w{{1,8}}(?:{GAP}{QUOTE}\d{{1,2}}(?![\w.]))?){{1,6}}"
_READS_IT = (
    r"passwd|kinit|cryptsetup|sudo\b[^\n|]{0,40}-S\b|-stdin\b|with-token|-fd[ =]0|base64(?! --?d)|secret (?:set|create)"
)
"""What reads a secret from its input."""

RULES: tuple[Rule, ...] = (
    # mysql -pabc, docker login -u jane -p abc
    rule(
        "-p|-hp",
        rf"(\b(?:mysql\w{{0,10}}|mariadb|mongo(?:sh|dump|restore|export|import)?|sshpass|7z\w?|{_LOG_IN}"
        r"|(?:un)?rar|user(?:add|mod)|doveadm)"
        rf"{_OPTIONS}(?-i:-h?p)(?:{GAP})?)(?!{QUOTE}{_MAPPED_PORT}){_NEXT}",
        KEPT,
    ),
    # -u jane -p abc of any command; no port, folder or file
    rule(
        "-p",
        rf"([\s'\"](?-i:-[uUnl]){GAP}{ARGUMENT}{GAP}(?:[^\n;|&]{{0,60}}?[\s'\"])??(?-i:-[pP]){GAP})"
        rf"(?!{QUOTE}(?:{_MAPPED_PORT}|\d{{1,5}}(?!\w)|[/.~])){_NEXT}",
        KEPT,
    ),
    # redis-cli -a abc, openssl enc -k abc
    rule(
        "-cli|openssl|zip|sqlcmd|mosquitto_|ldap|kadmin|glab|doctl|gh secret",
        rf"(\b(?:(?:redis|valkey)-cli{_OPTIONS}(?-i:-a)|openssl{_OPTIONS}-k|ldappasswd{_OPTIONS}(?-i:-[as])"
        rf"|(?:ldap\w{{1,10}}|kadmin(?:\.local)?){_OPTIONS}(?-i:-w)"
        rf"|(?:(?:un)?zip|sqlcmd|mosquitto_\w{{3}}){_OPTIONS}(?-i:-P)"
        rf"|(?:glab|doctl){_OPTIONS}(?-i:-t)|gh secret set{_OPTIONS}(?:-b|--body)){GAP}){_NEXT}",
        KEPT,
    ),
    # snmpget -A abc -X abc
    rule(
        "snmpget|snmpwalk|snmpbulk|snmpset|snmptrap|snmptable",
        rf"([\s'\"](?-i:-[AXc]){GAP})(?!{QUOTE}(?-i:[A-Z]{{3,7}}\b)){_NEXT}",
        KEPT,
    ),
    # -passin pass:abc, -storepass abc, -pw abc
    rule(
        "pass|pw |pw'|pw\"|-psk|-token",
        rf"([\s'\"](?:-(?:(?:\w{{1,8}}?)?pass(?:in|out|word|wd|phrase)?|[uo]?pw|psk|token)|\w{{1,8}}_pw){GAP})"
        rf"(?!{QUOTE}(?:(?:env|file|fd):|stdin\b|prompt\b)){_NEXT}",
        KEPT,
    ),
    # htpasswd -b file jane abc, rabbitmqctl add_user jane abc
    rule(
        "htpasswd|rabbitmqctl",
        rf"(\b(?:htpasswd(?=[^\n]{{0,80}}?[\s'\"]-\w{{0,8}}b){_FLAGS}"
        rf"|rabbitmqctl{_OPTIONS}(?:add_user|change_password|authenticate_user)){GAP}{QUOTE}[^\s'\"]{{1,200}}{GAP})"
        rf"(?:{WORD}(?:{GAP})?){{1,2}}",
        KEPT,
    ),
    # vault login abc, wpa_passphrase net abc, --from-literal=a=abc, sqlplus jane/abc@db
    rule(
        "vault|cargo|bw |mkpasswd|openssl|mysqladmin|ipmitool|wpa_|radtest|http-basic|pypi-token|etcdctl|stats auth"
        "|from-literal|sqlplus|expdp|impdp|:thin:|mc alias|ejabberdctl|prosodyctl|doveadm|addauth|secrets set"
        "|config:set|securestring",
        rf"((?:\b(?:vault{GAP}(?:operator{GAP})?(?:login|unseal)|cargo{GAP}login|bw{GAP}unlock|mkpasswd"
        rf"|openssl{GAP}passwd"
        rf"|mysqladmin{_OPTIONS}password|ipmitool{_OPTIONS}set{GAP}{QUOTE}password{GAP}{QUOTE}\d{{1,2}}"
        rf"|pypi-token\.[\w-]{{1,40}}|(?:bw{GAP}login|wpa_passphrase|radtest|http-basic\.[\w.-]{{1,80}}|doveadm{GAP}auth{GAP}test){GAP}{ARGUMENT}"
        rf"|(?:ejabberdctl|prosodyctl){GAP}(?:register|change_password)(?:{GAP}{ARGUMENT}){{2}}"
        rf"|mc alias set(?:{GAP}{ARGUMENT}){{3}}|convertto-securestring)"
        rf"(?:{_FLAGS})?{GAP}|(?:--from-literal(?:=|{GAP})|(?:secrets set|config:set){GAP}){QUOTE}[\w.-]{{1,60}}="
        rf"|\b(?:etcdctl{_OPTIONS}user{GAP}{QUOTE}add|stats auth|addauth digest){GAP}{QUOTE}[^\s:'\"]{{1,100}}:"
        rf"|\b(?:(?:sqlplus|expdp|impdp){_OPTIONS}|thin:)[\w$#]{{1,60}}/)){SENTENCE}(?!{QUOTE}-){WORD}",
        KEPT,
    ),
    # net use share abc, net user jane abc
    rule(
        "net",
        rf"(\bnet(?:\.exe)?{GAP}{QUOTE}(?:use{GAP}(?:{QUOTE}[a-z*]:?{GAP})?{QUOTE}\\|user{GAP}){ARGUMENT}{GAP}"
        rf"(?:{QUOTE}/user:{ARGUMENT}{GAP})?){SENTENCE}(?!{QUOTE}/)"
        rf"(?:(?={QUOTE}[^\s'\"]{{0,40}}\d)|(?={QUOTE}\S{{1,60}} /)){WORD}",
        KEPT,
    ),
    # net use X /user:jane abc
    rule(
        "/user:",
        rf"(\bnet(?:\.exe)?{GAP}{QUOTE}use{GAP}[^\n]{{1,200}}?[\s'\"]/user:{ARGUMENT}{GAP})"
        rf"{SENTENCE}(?!{QUOTE}/|\\{{2,15}}\w){WORD}",
        KEPT,
    ),
    # xfreerdp /p:abc, schtasks /rp abc
    rule("freerdp|schtasks", rf"((?:freerdp{_OPTIONS}/p:|schtasks{_OPTIONS}/rp{GAP})){WORD}", KEPT),
    # echo abc | kinit jane, chpasswd <<< jane:abc
    rule(
        "echo|printf",
        rf"(\b(?:echo|printf){GAP}(?:-\w{{1,3}}{GAP})?)[^\n|]{{1,300}}(?=\|[^\n]{{0,60}}?(?:{_READS_IT}))",
        KEPT,
    ),
    rule("<<<", rf"((?:{_READS_IT})[^\n]{{0,100}}?<<<\s{{0,3}}){WORD}", KEPT),
    # curl -u jane:abc, smbclient -U jane%abc
    rule(
        "-u|curl",
        rf"((?:[\s'\"](?:(?:-u|--(?:proxy-)?user)(?:=|{GAP})|-o{GAP}user=)(?!{QUOTE}{_USER_AND_GROUP})|\bcurl{_OPTIONS}-[a-z]{{0,6}}u(?:{GAP})?){QUOTE})"
        r"[^\s:%'\"]{1,100}[:%][^\s'\"]{1,200}",
        KEPT,
    ),
    # http -a jane:abc, lftp -u jane,abc
    rule(
        "-a |-a'|lftp",
        rf"(\b(?:(?:https?|xh|ab){_OPTIONS}-a{GAP}{QUOTE}[^\s:'\"]{{1,100}}:|lftp{_OPTIONS}-u{GAP}{QUOTE}[^\s,'\"]{{1,100}},))"
        r"[^\s'\"]{1,200}",
        KEPT,
    ),
)
