"""What the value of a setting has to look like: a regular expression, and its meaning in words."""

BACKUP_KEPT = ("BACKUP_KEEP_DAILY", "BACKUP_KEEP_WEEKLY", "BACKUP_KEEP_MONTHLY")
TRACKER_LIMITS = ("TRACKER_KEPT_EVENTS", "TRACKER_KEPT_DAYS", "TRACKER_EVENTS_PER_5_MINUTES", "TRACKER_EVENTS_PER_HOUR")
NUMBERS = (
    *(*BACKUP_KEPT, *TRACKER_LIMITS),
    *("WEB_CONCURRENCY", "WORKER_CONCURRENCY", "TRAFFIC_ORDERS_PER_MINUTE", "MAX_BODY_BYTES"),
)
SWITCHES = ("SAMPLE", "TRACING", "GATEWAY", "SCALE")
TRUTHS = ("SENTRY_USER_EMAIL", "SMTP_REQUIRE_TLS", "STORAGE_PATH_STYLE")
PAGES = ("GRAFANA", "PROMETHEUS", "ALERTMANAGER", "BUGSINK", "RUNBOOKS", "SENTRY")
MAIL = r".+@.+|"

FORMS = {
    "PROJECT": ("[a-z0-9][a-z0-9_-]*", "small letters, digits, - and _, such as staging"),
    "PORT_OFFSET": (r"\d{0,5}", "a number such as 10000"),
    "VERSION": (r"\w[\w.-]{0,99}", "what a tag of an image can be: letters, digits, dots, hyphens and underscores"),
    "IMAGE_SOURCE": ("auto|official|local", "one of auto, official, local"),
    **dict.fromkeys(SWITCHES, ("on|off", "on or off")),
    **dict.fromkeys(TRUTHS, ("true|false", "true or false")),
    "GATEWAY_TLS": ("internal|acme|files", "one of internal, acme, files"),
    # Not gateway, its name on the networks of this machine, which it has anyway.
    "GATEWAY_HOST": (r"(?!gateway$)[a-z0-9][a-z0-9.-]*", "a host name or IPv4 address such as monitoring.example.com"),
    "SENTRY_PROFILE": ("errors-only|feature-complete", "errors-only or feature-complete"),
    # Of a container localhost is the container; storage is the one here.
    "STORAGE_URL": (
        r"(https?://(?!localhost\b|127\.|storage(:|$))[^\s/@?#:]+(:\d{1,5})?)?",
        "https://HOST or http://HOST:PORT as containers reach it, without a path or a key, or nothing",
    ),
    "STORAGE_REGION": (r"[a-z0-9][a-z0-9-]*", "a region's name such as eu-central-1"),
    **dict.fromkeys(
        ("STORAGE_METRICS_BUCKET", "STORAGE_LOGS_BUCKET"),
        (r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket's name: 3 to 63 small letters, digits, dots and hyphens"),
    ),
    "METRICS_RETENTION": (r"(\d+(ms|[smhdwy]))+", "a duration such as 45d"),
    "TRACES_RETENTION": (r"0*[1-9]\d*h", "a number of hours such as 336h"),
    "OTEL_TRACES_SAMPLER_ARG": (r"0(\.\d+)?|1(\.0+)?", "a share from 0 to 1 such as 0.1"),
    "TRACE_SLOW_SECONDS": (r"\d+(\.\d+)?", "a number of seconds such as 1 or 0.5"),
    "LOGS_RETENTION": (r"0*[1-9]\d*[dw]|0*(2[4-9]|[3-9]\d|[1-9]\d{2,})h", "a duration of at least 24h such as 14d"),
    **dict.fromkeys(
        (f"{kind}_RETENTION_SIZE" for kind in ("METRICS", "LOGS", "TRACES")),
        (r"\d+(B|KB|MB|GB|TB)", "a size such as 8GB"),
    ),
    **dict.fromkeys(
        (f"BASE_URL_{page}" for page in PAGES), (r"https?://[^/\s]+\S*", "a URL such as https://example.com")
    ),
    # None of the ERP's services starts with another one.
    "SENTRY_DSN": (
        r"(https?://[^\s:@/]+(:[^\s@/]*)?@[^\s:@/]+(:\d{1,5})?(/[^\s?#]+)*/\d+)?",
        "https://KEY@HOST/PROJECT, the project as a number, or nothing",
    ),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (r"(https?://[^/\s]+\S*)?", "a URL or nothing"),
    "SMTP_SMARTHOST": (
        r"([^\s:]+|\[[\da-fA-F:]+\]):\d{1,5}|",
        "host and port such as mail.example.com:587, or nothing",
    ),
    "SMTP_FROM": (MAIL, "a mail address or nothing"),
    **dict.fromkeys(
        ("ALERT_EMAIL_TO", "TRACKER_EMAIL_TO"), (MAIL, "mail addresses with commas between them, or nothing")
    ),
    **dict.fromkeys(NUMBERS, (r"0*[1-9]\d*", "a whole number of at least 1")),
}
