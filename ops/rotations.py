"""How each secret of ops/secrets.py is replaced while the stack runs: one table, which `make rotate` shows.

A file in secrets/ gets its new value in place, so that every container that has it mounted sees it at once. Most
readers read it at each use. The others are told.
"""

from dataclasses import dataclass

from ops import rotate_acts as acts
from ops.rotate_acts import Act


@dataclass(frozen=True)
class Rotation:
    """`first` runs before the file has the new value, `then` after it, `check` proves the readers, `last` ends the old.

    All of them run also backwards, when `check` or what is before it fails, so each may be repeated. `keeper` is the
    service that keeps the secret itself and goes by no file: it has to run. `is_given`: the new value comes from FROM.
    """

    readers: str
    meanwhile: str
    first: tuple[Act, ...] = ()
    then: tuple[Act, ...] = ()
    check: tuple[Act, ...] = ()
    last: tuple[Act, ...] = ()
    keeper: str = ""
    is_given: bool = False
    keeps_old_in: str = ""


_PG_UP = acts.shows("postgres-exporter", "http://127.0.0.1:9187/metrics", "pg_up 1")
_REDIS_UP = acts.shows("redis-exporter", "http://127.0.0.1:9121/metrics", "redis_up 1")
_EXISTING = "sessions go on; a log-in within the same few milliseconds is refused"


def _channel(readers: str, *further: Act) -> Rotation:
    return Rotation(
        readers,
        "nothing; Alertmanager reads it at each message, and is loaded anew. Then `make test-notification`",
        then=(acts.renew_channels, *further),
        is_given=True,
    )


def _of_tracker(readers: str) -> Rotation:
    return Rotation(
        readers,
        "nothing; only for another host Bugsink is restarted: an event of these seconds is lost and counted",
        then=(acts.set_up_tracker, acts.where_it_runs("bugsink", acts.restart_tracker_for_another_host)),
        is_given=True,
    )


ROTATIONS = {
    "postgres_password": Rotation(
        "nobody while it runs: `psql` in erp-db goes by its socket",
        "nothing",
        first=(acts.role("postgres"),),
        keeper="erp-db",
    ),
    "erp_db_password": Rotation(
        "erp-web, erp-worker, erp-beat, at each log-in to erp-db",
        _EXISTING,
        first=(acts.role("erp"),),
        check=(acts.erp_logs_in,),
        keeper="erp-db",
    ),
    "exporter_db_password": Rotation(
        "postgres-exporter, when it starts",
        "postgres-exporter is restarted: one scrape of it may be missing",
        first=(acts.role("exporter"),),
        then=(acts.restart("postgres-exporter"),),
        check=(_PG_UP,),
        keeper="erp-db",
    ),
    "redis_password": Rotation(
        "erp-web, erp-worker, erp-beat, at each log-in to erp-redis; redis-exporter",
        "nothing: erp-redis takes both until the readers have the new one",
        first=(acts.take_both_passwords,),
        then=(acts.where_it_runs("redis-exporter", acts.reload_redis_exporter),),
        check=(acts.erp_logs_in, _REDIS_UP),
        last=(acts.forget_the_old_password,),
    ),
    "django_secret_key": Rotation(
        "erp-web",
        "nothing: new processes of gunicorn on the same port. The old key is valid until the next rotation, so "
        "sessions go on; rotate twice after a leak",
        then=(acts.replace_workers("erp-web"),),
        keeps_old_in="django_secret_key_before",
    ),
    "erp_admin_password": Rotation("you", "nothing; admin logs in anew", then=(acts.erp_user("admin"),)),
    "erp_buyer_password": Rotation("you", "nothing; buyer logs in anew", then=(acts.erp_user("buyer"),)),
    "erp_traffic_password": Rotation(
        "traffic, at each log-in", "nothing; its token goes on", then=(acts.erp_user("traffic"),)
    ),
    "metrics_token": Rotation(
        "Prometheus, at each scrape; erp-web, erp-worker, erp-beat and applications of yours, at each request",
        "a scrape at that very moment is refused; the next one is 10 s later",
        check=(acts.targets_let_prometheus_in,),
    ),
    "partner_api_key": Rotation(
        "erp-web, erp-worker and the sandbox's partner, at each call",
        "a call at that very moment is refused. Of a real partner the key is given: FROM=file",
    ),
    "grafana_admin_password": Rotation(
        "you",
        "nothing",
        first=(acts.where_it_runs("grafana", acts.where_somebody_logs_in(acts.set_grafana_admin)),),
        keeper="grafana",
    ),
    "grafana_operator_password": Rotation(
        "you",
        "nothing",
        then=(acts.where_somebody_logs_in(acts.run_once("grafana-operator", beside="grafana")),),
    ),
    "bugsink_secret_key": Rotation(
        "bugsink",
        "nothing: new processes of gunicorn on the same port. Whoever is logged in logs in anew",
        then=(acts.replace_workers("bugsink"),),
    ),
    "bugsink_admin_password": Rotation("you", "nothing; you log in anew", then=(acts.set_up_tracker,)),
    "bugsink_dsn_key": Rotation(
        "erp-web, erp-worker, erp-beat, at each error event",
        "an event on its way at that very moment is refused, and counted by sentry_dropped_total",
        first=(acts.where_it_runs("bugsink", acts.set_key_in_the_tracker),),
    ),
    "bugsink_api_token": Rotation("`make application`", "nothing", then=(acts.set_up_tracker,)),
    "slack_webhook_url": _channel("alertmanager"),
    "pagerduty_routing_key": _channel("alertmanager"),
    "smtp_password": _channel(
        "alertmanager; bugsink, when it starts: where SMTP_USERNAME is set it is restarted, and an event of these "
        "seconds is lost and counted",
        acts.set_up_tracker,
        acts.where_it_runs("bugsink", acts.restart_tracker_for_its_mails),
    ),
    "heartbeat_url": _channel("alertmanager"),
    "tracker_slack_webhook_url": _of_tracker("bugsink"),
    "tracker_webhook_url": _of_tracker("bugsink"),
    "gateway_operator_password": Rotation(
        "you",
        "the gateway's guard is restarted in a few seconds; agents send again what it misses",
        then=(acts.gateway_user("operator"),),
    ),
    "gateway_viewer_password": Rotation(
        "you",
        "the gateway's guard is restarted in a few seconds; agents send again what it misses",
        then=(acts.gateway_user("viewer"),),
    ),
}

BY_HAND = {
    "gateway_users": "`make gateway-user NAME=anna ROLE=viewer` gives one of them a new password.",
    "gateway_agents": "`make agent-token HOST=web-2 FILE=token` replaces a host's token. What the host pushes is "
    "refused until it has the new one (`make agent TOKEN_FILE=token` there), and Prometheus there drops it.",
    "gateway_tls_cert": "Write both files of the pair, then `make up`.",
    "gateway_tls_key": "Write both files of the pair, then `make up`.",
    "storage_s3": "Write the new key, for storage of your own the one that it gave, then `make up`: it starts the "
    "storage of SCALE=on, Thanos and Loki anew.",
    "backup_s3": "Write the new key, which the storage gave; the next `make backup` reads it.",
    "django_secret_key_before": "`make rotate SECRET=django_secret_key` writes it.",
    "backup_passphrase": "One passphrase opens one folder: make the next backups into another folder with another one.",
}
