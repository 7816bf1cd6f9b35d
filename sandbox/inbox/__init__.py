"""Receives calls for Slack, PagerDuty, webhooks and the heartbeat, and shows them to people and tests."""
