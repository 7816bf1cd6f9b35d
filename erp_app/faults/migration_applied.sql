INSERT INTO django_migrations (app, name, applied) SELECT 'sessions', '0001_initial', now()
WHERE NOT EXISTS (SELECT 1 FROM django_migrations WHERE app = 'sessions' AND name = '0001_initial')
