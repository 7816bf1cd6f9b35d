-- A table that no order needs.
BEGIN; LOCK TABLE django_admin_log; SELECT pg_sleep(LIMIT_SECONDS)
