-- The admin's pages fail for a browser that sends a session cookie; nothing else reads sessions.
ALTER TABLE django_session RENAME TO django_session_away
