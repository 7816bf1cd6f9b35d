"""Whom an organization sells to."""
