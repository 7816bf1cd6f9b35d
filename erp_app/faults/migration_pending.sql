-- The readiness check finds a migration that isn't recorded as applied.
DELETE FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial'
