"""Records what Slack, PagerDuty, webhook and heartbeat calls carried, for people and for tests."""
