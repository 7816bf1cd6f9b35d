SELECT count(*) FROM django_admin_log
