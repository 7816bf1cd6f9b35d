"""Tests that need no engine: they read the files of the repository."""
