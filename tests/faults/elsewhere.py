"""Faults that aren't in the table: another test has them, or nothing here proves them, with the reason."""

from tests.faults.model import Proven, Unproven

_ACCOUNT = "tests/apart/test_log_account.py::"
_WORKERS = "tests/app/instrumentation/test_multiprocess.py::"
_TRACES = "tests/apart/test_trace_store.py::"
_TASKS = "tests/app/instrumentation/test_celery_tasks.py::"
_UPGRADE = "tests/apart/test_upgrade.py::"
_ROTATION = "tests/apart/test_rotate.py::"
_SECRETS = "tests/ops/test_secrets.py::"

PROVEN: tuple[Proven, ...] = (
    Proven(
        "F3, F11",
        "Loki is stopped while lines are written",
        "no line is lost, and LogLinesLost stays silent",
        f"{_ACCOUNT}test_an_outage_of_loki_loses_nothing_and_is_not_taken_for_a_loss",
    ),
    Proven(
        "F11, F12",
        "Loki is slow, busy (429), failing (500, 503), frozen or gone for a quarter of an hour",
        "every line arrives; LogsStalled is told of each",
        "tests/apart/test_log_outages.py::test_a_quarter_of_an_hour_of_any_illness_is_told_and_costs_no_line",
    ),
    Proven(
        "F4",
        "Promtail is killed at 500 lines a second",
        "no line is lost, at most a second's lines are doubled",
        f"{_ACCOUNT}test_of_a_killed_promtail_nothing_is_lost_and_a_seconds_lines_are_doubled_at_most",
    ),
    Proven(
        "I2",
        "the engine skips a rotated file of lines",
        "LogLinesLost names service and number within five minutes",
        f"{_ACCOUNT}test_lines_that_the_engine_skips_are_named_with_their_number",
    ),
    Proven(
        "F5",
        "Alertmanager is killed while an alert is told and a silence holds",
        "the silence holds, nothing is told twice",
        "tests/e2e/test_alert_delivery.py::test_a_silence_outlives_a_killed_alertmanager",
    ),
    Proven(
        "F6",
        "a web worker is killed",
        "counts stay exact",
        f"{_WORKERS}test_counts_outlive_the_workers_that_made_them",
    ),
    Proven(
        "F6",
        "a task kills its process each time that it runs",
        "it is tried once, then counted as failed and reported as an error event",
        f"{_TASKS}test_a_task_that_takes_its_process_along_is_counted_once",
    ),
    Proven(
        "F7",
        "Redis is away while an order is placed",
        "the order stands",
        "tests/app/orders/test_apis.py::test_an_order_stands_when_broker_and_cache_are_away",
    ),
    Proven(
        "F8, F13",
        "the database hangs, a health page is asked",
        "one thread asks it, the others answer within the limit",
        "tests/app/instrumentation/test_health.py::test_what_hangs_is_asked_by_one_thread_only",
    ),
    Proven(
        "F15",
        "the disk of the metrics files is full",
        "it costs metrics, counted, and no request",
        f"{_WORKERS}test_a_full_disk_costs_metrics_and_no_request",
    ),
    Proven(
        "F15",
        "a metrics file is damaged",
        "it is set aside, said once and counted",
        f"{_WORKERS}test_damaged_files_are_set_aside_and_said_once",
    ),
    Proven(
        "F15",
        "the disk of the trace store is full",
        "no request is held up, what it misses is counted, it comes back by itself",
        f"{_TRACES}test_a_store_whose_disk_is_full_holds_no_request_up_and_what_it_misses_is_counted",
    ),
    Proven(
        "F10",
        "the trace store is gone, slow or frozen",
        "no request is held up, what it misses is counted",
        f"{_TRACES}test_a_store_that_is_ill_holds_no_request_up_and_what_it_misses_is_counted",
    ),
    Proven(
        "F15",
        "the log of the trace store is damaged in its middle",
        "it starts with the traces of before, those after are lost and nothing counts them, it stores what comes",
        f"{_TRACES}test_a_store_whose_log_is_damaged_starts_with_what_came_before_and_stores_what_comes",
    ),
    Proven(
        "F1",
        "the trace store is killed",
        "what it has confirmed is there",
        f"{_TRACES}test_a_kill_loses_nothing_that_the_store_has_confirmed",
    ),
    Proven(
        "F12, F13",
        "the payment company fails, hangs, or the port is closed",
        "the customer gets a 503 in time",
        "tests/app/orders/test_apis.py::test_a_hanging_payment_api_is_a_503_in_time",
    ),
    Proven(
        "F19",
        "a port is taken",
        "`make up` names its setting and starts nothing",
        "tests/ops/test_bad_input.py::test_taken_port_names_the_setting",
    ),
    Proven(
        "F20",
        "a secret is missing",
        "`make up` names it and starts nothing",
        f"{_SECRETS}test_a_missing_secret_is_refused",
    ),
    Proven(
        "F20",
        "a secret can't be read",
        "`make up` names it and starts nothing",
        f"{_SECRETS}test_an_unreadable_secret_is_refused",
    ),
    Proven(
        "F21",
        "the gateway's certificate is renewed",
        "it shows the new one after the next `make up`",
        "tests/apart/test_gateway_certificates.py"
        "::test_a_certificate_of_ones_own_is_shown_and_a_renewed_one_by_the_next_start",
    ),
    *(
        Proven("F21", "every secret is replaced, one after the other, while all runs", promise, f"{_ROTATION}{test}")
        for promise, test in (
            (
                "every order is answered, stored and counted once",
                "test_every_order_is_answered_stored_and_counted_once",
            ),
            ("every line is in Loki once", "test_every_line_is_in_loki_once"),
            (
                "no sample is missing for longer than two scrapes",
                "test_no_sample_is_missing_for_longer_than_two_scrapes",
            ),
            ("nobody is paged", "test_nobody_was_paged"),
        )
    ),
    Proven(
        "F22, F23",
        "a rule is malformed",
        "`make reload` names it, the old ones run on",
        "tests/e2e/test_reload.py::test_a_good_rule_is_loaded_and_a_bad_one_leaves_it_running",
    ),
    Proven(
        "F22",
        "a rule of Loki's is malformed",
        "it is named, the old ones run on",
        "tests/e2e/test_reload.py"
        "::test_loki_takes_a_good_rule_over_by_itself_and_a_bad_one_is_named_and_leaves_it_running",
    ),
    Proven(
        "F22",
        "a route of Alertmanager's is malformed",
        "it is refused, the old ones hold",
        "tests/e2e/test_reload.py::test_a_bad_route_leaves_the_old_one_in_the_file_that_alertmanager_reads",
    ),
    Proven(
        "F22",
        "a file in `targets/` can't be read",
        "TargetsRefused names it, the others are watched on",
        "tests/e2e/test_targets.py::test_a_file_of_targets_is_watched_and_a_bad_one_beside_it_refused",
    ),
    Proven(
        "F26",
        "no container registry answers",
        "`make up` says so in one sentence, or builds what it needs",
        "tests/ops/test_machine.py::test_no_mirror_and_no_registry_is_a_sentence",
    ),
    Proven(
        "F6",
        "a task takes its process along each time that it is begun",
        "it is begun five times with the same arguments, then set aside for a day, which the tracker tells",
        "tests/app/config/test_tasks.py::test_a_task_that_takes_its_process_along_is_set_aside",
    ),
    Proven(
        "F28",
        "the error tracker is away",
        "one line in ten minutes, each lost event is counted",
        "tests/app/instrumentation/test_tracker_away.py::test_the_log_says_once_that_the_tracker_is_away_and_each_loss_is_counted",
    ),
    Proven(
        "F29",
        "Prometheus is stopped",
        "the heartbeat receiver turns unhealthy, and healthy when it is back",
        "tests/apart/test_without_prometheus.py"
        "::test_the_heartbeat_receiver_turns_red_when_prometheus_stops_and_green_when_it_is_back",
    ),
    Proven(
        "F30",
        "every volume and secret is lost",
        "`make restore` brings back equal content",
        "tests/apart/test_backup.py::test_content_is_equal",
    ),
    *(
        Proven("F31", "a stack with data is upgraded from the last tag, and a step fails", promise, f"{_UPGRADE}{test}")
        for promise, test in (
            ("its content is equal", "test_content_is_equal"),
            ("a failed step goes back by itself", "test_a_failed_step_goes_back_by_itself"),
            ("no line is lost", "test_no_line_is_lost"),
        )
    ),
    Proven(
        "F4, F27",
        "a host's way to the gateway is cut and its agent killed",
        "no line and no request is lost",
        "tests/apart/test_agent.py::test_a_cut_way_and_a_killed_agent_lose_no_line_and_no_request",
    ),
    Proven(
        "I2",
        "lines of a host with an agent are lost on their way",
        "LogLinesLost names service, host and number within five minutes",
        "tests/apart/test_agent.py::test_lines_that_a_hosts_way_loses_are_told_with_number_service_and_host",
    ),
    Proven(
        "I3, I4",
        "lines with control characters, broken UTF-8 and forged fields",
        "each arrives once",
        "promtail/tests/test_promtail.py::test_each_line_arrives_once_whatever_it_holds",
    ),
    Proven(
        "I1",
        "a line of 1 MB, and one of 10 MB",
        "it is cut at 256 KiB and says so at its end, the next line is whole",
        f"{_ACCOUNT}test_a_line_of_megabytes_is_cut_says_so_and_leaves_the_next_one_whole",
    ),
    Proven(
        "I5",
        "a line of JSON with 10,000 keys, or a thousand levels deep",
        "it arrives as it is, and none of them becomes a label",
        "promtail/tests/test_promtail.py::test_of_ten_thousand_keys_and_of_a_thousand_levels_none_becomes_a_label",
    ),
    Proven(
        "I13",
        "a setting has a value that can't be",
        "`make up` names it, what is wrong and what is expected, and starts nothing",
        "tests/ops/test_bad_input.py::test_bad_setting_stops_before_anything",
    ),
    Proven(
        "I14",
        "a store is asked by what has no business with it",
        "it is on internal networks alone",
        "tests/static/test_services.py::test_stores_are_on_internal_networks_alone",
    ),
    Proven(
        "I6",
        "660 views of three processes",
        "5,000 samples at most",
        "tests/app/instrumentation/test_bounded.py::test_660_views_of_three_processes_make_5000_samples_at_most",
    ),
    Proven(
        "I11",
        "hostile text in an alert",
        "it can neither call a channel nor run nor add a header",
        "alertmanager/tests/test_goldens.py::test_hostile_text_can_neither_call_a_channel_nor_run_nor_add_a_header",
    ),
)
UNPROVEN: tuple[Unproven, ...] = (
    Unproven(
        "F25",
        "the machine's power is lost",
        "Its disk's cache would have to be lost too. Killing every service at once is the nearest that is run.",
    ),
    Unproven(
        "F12",
        "a mail server takes mails and drops them",
        "Nothing here can see it: critical alerts are told by three channels for that reason.",
    ),
    Unproven(
        "F27",
        "a network with IPv6 alone",
        "Docker makes one from its version 27 on; the engine here is 26.1.",
    ),
    Unproven(
        "F15",
        "a disk that is slow",
        "The kernel here has no device-mapper; a program that never answers is run in its place.",
    ),
)
