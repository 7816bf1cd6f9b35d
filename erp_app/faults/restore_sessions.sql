ALTER TABLE IF EXISTS django_session_away RENAME TO django_session
