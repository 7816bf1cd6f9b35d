"""What `make sabotage` breaks, and the end-to-end tests that must turn red: one row per guarded thing."""

from __future__ import annotations

from tests.sabotage_model import Sabotage

OVERRIDE = "compose.override.yaml"
PROMTAIL = "promtail/promtail.yml"
BOARDS = "grafana/dashboards/generated"

GROUPS: dict[str, list[Sabotage]] = {
    "health": [
        Sabotage(
            "a health check that fails",
            OVERRIDE,
            "",
            'services: {node: {healthcheck: {test: [CMD, "false"], retries: 1, start_period: 1s}}}\n',
            ("make up",),
        )
    ],
    "quiet": [
        Sabotage(
            "an alert that fires on a stack that is well",
            "prometheus/rules/self.yml",
            "max(inbox_heartbeat_age_seconds) > 180",
            "max(inbox_heartbeat_age_seconds) > -1",
            ("test_quiet.py::test_only_the_watchdog_fires", "test_quiet.py::test_nobody_is_told_anything"),
        )
    ],
    "signals": [
        Sabotage(
            "a target's port is wrong",
            "prometheus/prometheus.yml",
            "telegraf:9273",
            "telegraf:9274",
            ("test_health.py::test_target_is_up[telegraf]", "test_health.py::test_no_target_beyond_the_table_is_down"),
        ),
        Sabotage(
            "a probe asks the wrong page",
            "prometheus/prometheus.yml",
            "/health/ready]",
            "/health/nothing]",
            ("test_health.py::test_probe_succeeds[bugsink]",),
        ),
        Sabotage(
            "a rule that can't be evaluated",
            "prometheus/rules/self.yml",
            "expr: 1 - avg by (job) (up)",
            "expr: vector(1) + on () up",
            ("test_health.py::test_every_rule_is_evaluated_without_error",),
        ),
        Sabotage(
            "Watchdog is routed to nobody",
            "alertmanager/routes.py",
            'alertname="Watchdog"',
            'alertname="Nobody"',
            ("test_health.py::test_watchdog_reaches_the_heartbeat_receiver",),
        ),
        Sabotage(
            "a channel's test goes to another channel",
            "alertmanager/routes.py",
            '"receiver": f"test-{channel}"',
            '"receiver": "test-slack"',
            ("test_notification.py::test_notification_arrives_at_its_channel_and_at_no_other[pagerduty]",),
        ),
        Sabotage(
            "the request id is no structured metadata",
            PROMTAIL,
            "structured_metadata:\n          logger:\n          request_id:",
            "structured_metadata:\n          logger:",
            ("test_order_story.py::test_ids_are_structured_metadata",),
        ),
        Sabotage(
            "one line in sixteen is dropped",
            PROMTAIL,
            "      - labels:\n          level:\n",
            "      - drop: {expression: 'count-[0-9a-f]*7\"'}\n      - labels:\n          level:\n",
            ("test_counts.py::test_requests_are_exactly_as_many_lines_in_loki",),
        ),
        Sabotage(
            "a service logs to nowhere",
            OVERRIDE,
            "",
            "services: {telegraf: {logging: !override {driver: none}}}\n",
            ("test_logs.py::test_service_has_lines[telegraf]",),
        ),
        Sabotage(
            "containers carry another environment",
            "compose.yaml",
            'erp.env: "${ENV:-sandbox}"',
            "erp.env: elsewhere",
            ("test_logs.py::test_env_label_is_the_one_of_the_settings",),
        ),
        Sabotage(
            "lines lack service, env and version",
            "erp_app/observability/logging.py",
            "log_data.update(self.static)",
            "log_data.update({})",
            ("test_logs.py::test_lines_of_our_own_programs_are_objects_with_the_same_fields[erp-web]",),
        ),
        Sabotage(
            "tasks don't get the ids of the request",
            "erp_app/observability/celery.py",
            "carried: dict[str, Any] = {**context.to_message(), **tracing.send_span(sender)}",
            "carried: dict[str, Any] = {}",
            ("test_order_story.py::test_task_lines_carry_both_ids",),
        ),
        Sabotage(
            "the answer lacks the request id",
            "erp_app/observability/middleware.py",
            'opened.request_id or ""',
            '""',
            ("test_order_story.py::test_response_carries_the_request_id",),
        ),
        Sabotage(
            "an order is counted twice",
            "erp_app/orders/metrics.py",
            "ORDERS.labels(PLACED, OK).inc()",
            "ORDERS.labels(PLACED, OK).inc(2)",
            ("test_order_story.py::test_order_is_counted_once",),
        ),
        Sabotage(
            "no money is a server error",
            "erp_app/orders/errors.py",
            "HTTPStatus.PAYMENT_REQUIRED",
            "HTTPStatus.INTERNAL_SERVER_ERROR",
            (
                "test_bad_orders.py::test_bad_order_is_refused_with_its_reason[no money]",
                "test_bad_orders.py::test_refusal_is_no_server_error[no money]",
            ),
        ),
        Sabotage(
            "panels ask for a metric that nobody exposes",
            f"{BOARDS}/erp-business.json",
            "erp_orders_total",
            "erp_orders_totals",
            (
                "test_boards.py::test_panel_has_data[erp-business: Orders placed (A)]",
                "test_order_story.py::test_a_panel_shows_orders",
            ),
        ),
        Sabotage(
            "contexts of error events are passed over",
            "erp_app/observability/errors.py",
            'if name != "trace":',
            'if name == "nothing":',
            ("test_scrubbing.py::test_error_events_tell_nothing",),
        ),
        Sabotage(
            "IBANs are written out",
            "erp_app/observability/scrub.py",
            "as_digits = ",
            "return False\n    as_digits = ",
            (
                "test_scrubbing.py::test_log_lines_tell_nothing",
                "test_scrubbing.py::test_lines_of_the_task_tell_nothing",
            ),
        ),
        Sabotage(
            "each event is an issue of its own",
            "erp_app/observability/errors.py",
            '        tags["service"] = self.service\n',
            '        tags["service"] = self.service\n        event["fingerprint"] = [event["event_id"]]\n',
            ("test_error_tracking.py::test_two_equal_errors_are_one_issue",),
        ),
        Sabotage(
            "a panel asks for a label that no line has",
            f"{BOARDS}/erp-overview.json",
            'level=~\\"WARNING|ERROR|CRITICAL\\"',
            'level=~\\"DISASTER\\"',
            ("test_boards.py::test_panel_has_data[erp-overview: Warnings and errors (A)]",),
        ),
        Sabotage(
            "a panel is of a kind that the preview doesn't draw",
            f"{BOARDS}/erp-celery.json",
            '"type": "gauge"',
            '"type": "geomap"',
            ("test_preview.py::test_board_is_drawn_with_data_under_the_names_of_its_json[erp-celery]",),
        ),
        Sabotage(
            "a data source's address is wrong",
            "grafana/provisioning/datasources/tracing-off.yml",
            "http://loki:3100",
            "http://loki:3101",
            ("test_data_sources.py::test_data_source_answers[loki]",),
        ),
        Sabotage(
            "the sandbox runs in production",
            "compose.yaml",
            "  profiles: [sandbox]\n  user:",
            "  user:",
            ("test_production.py::test_composition_has_no_sandbox_service[production]",),
        ),
        Sabotage(
            "debugging pages are on",
            "erp_app/config/settings.py",
            "DEBUG = False",
            "DEBUG = True",
            (
                "test_production.py::test_debugging_pages_are_off[production]",
                "test_production.py::test_an_unknown_page_tells_nothing",
            ),
        ),
        Sabotage(
            "a page and a line tell a secret",
            "erp_app/config/views.py",
            '{"version": settings.VERSION,',
            '{"version": settings.VERSION, "key": (print(settings.PARTNER_API_KEY), settings.PARTNER_API_KEY)[1],',
            (
                "test_secrets.py::test_secret_is_told_nowhere[partner_api_key]",
                "test_secrets.py::test_secret_is_in_no_log_line[partner_api_key]",
            ),
        ),
        Sabotage(
            "the table names a page that isn't there",
            "ops/urls.py",
            '"/ready", "logs',
            '"/nothing", "logs',
            ("test_urls.py::test_address_answers_with_a_page[loki]",),
        ),
    ],
    "workers": [
        Sabotage(
            "lines carry a label more",
            PROMTAIL,
            "      - structured_metadata:\n",
            "      - static_labels: {host: here}\n      - structured_metadata:\n",
            ("test_logs.py::test_labels_are_those_of_the_contract",),
        ),
        Sabotage(
            "gunicorn's workers write the same files",
            "erp_app/observability/multiprocess.py",
            "for number in count():",
            "for number in (0,):",
            (
                "test_counts.py::test_requests_are_exactly_counted_in_prometheus",
                "test_worker_deaths.py::test_counts_go_on_exactly_after_a_worker_was_killed",
            ),
        ),
    ],
    "outage": [
        Sabotage(
            "the error event has another trace id",
            "erp_app/observability/errors.py",
            '"trace_id": current.trace_id',
            '"trace_id": 2 * current.span_id',
            ("test_payment_outage.py::test_the_same_trace_id_is_in_log_line_and_error_event",),
        ),
        Sabotage(
            "the customer isn't told when to come back",
            "erp_app/orders/errors.py",
            '{"Retry-After": "10"}',
            "{}",
            ("test_payment_outage.py::test_customer_is_told_to_come_back",),
        ),
        Sabotage(
            "a message shows what was never meant for people",
            "alertmanager/templates/slack.tmpl",
            '{{ define "erp.slack.text" -}}',
            '{{ define "erp.slack.text" -}}{{ .CommonLabels }}<no value>',
            ("test_payment_outage.py::test_no_value_is_left_unrendered[fired-slack]",),
        ),
        Sabotage(
            "the alert's runbook is another one",
            "prometheus/rules/external.yml",
            "runbook_url: docs/runbooks/ErpExternalApiDown.md",
            "runbook_url: docs/runbooks/Watchdog.md",
            ("test_payment_outage.py::test_page_says_what_and_where_to_look[email]",),
        ),
    ],
    "delivery": [
        Sabotage(
            "pages aren't sent by e-mail",
            "alertmanager/routes.py",
            '"critical": ("pagerduty", "slack", "email")',
            '"critical": ("pagerduty", "slack")',
            ("test_payment_outage.py::test_page_arrives[email]",),
        )
    ],
    "alert": [
        Sabotage(
            "the alert can't fire",
            "prometheus/rules/external.yml",
            ">= 3\n",
            ">= 300000\n",
            ("test_payment_outage.py::test_page_arrives[slack]",),
        )
    ],
}
