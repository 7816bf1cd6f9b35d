"""Accepts and refuses payloads as Slack and PagerDuty do."""

import uuid

from sandbox.bodies import BadRequest, Json, parse_object

SLACK_CONTENT = ("text", "attachments", "blocks")
SLACK_MAX_ATTACHMENTS = 100
PAGERDUTY_ACTIONS = ("trigger", "acknowledge", "resolve")
PAGERDUTY_SEVERITIES = ("critical", "error", "warning", "info")
PAGERDUTY_MAX_SUMMARY = 1024
PAGERDUTY_MAX_DEDUP_KEY = 255


class SlackError(Exception):
    """The word that Slack answers with status 400."""


class PagerDutyError(Exception):
    """The list of errors that PagerDuty answers with status 400."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(errors)
        self.errors = errors


def check_slack(raw: bytes) -> Json:
    try:
        body = parse_object(raw)
    except BadRequest as error:
        raise SlackError("invalid_payload") from error
    if not isinstance(body.get("text", ""), str):
        raise SlackError("invalid_payload")
    for field in ("attachments", "blocks"):
        parts = body.get(field, [])
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise SlackError("invalid_payload")
        if len(parts) > SLACK_MAX_ATTACHMENTS:
            raise SlackError("too_many_attachments")
    if not any(body.get(field) for field in SLACK_CONTENT):
        raise SlackError("no_text")
    return body


def check_pagerduty(raw: bytes) -> tuple[Json, str]:
    """The event and its dedup_key; a trigger without one gets a new one."""
    try:
        body = parse_object(raw)
    except BadRequest as error:
        raise PagerDutyError([error.detail]) from error
    action = body.get("event_action")
    dedup_key = body.get("dedup_key") or ""
    errors = _missing_texts(body, ("routing_key",), prefix="")
    if action not in PAGERDUTY_ACTIONS:
        errors.append(f"'event_action' is invalid (must be one of {', '.join(PAGERDUTY_ACTIONS)})")
    if not isinstance(dedup_key, str) or len(dedup_key) > PAGERDUTY_MAX_DEDUP_KEY:
        errors.append(f"'dedup_key' must be a text of at most {PAGERDUTY_MAX_DEDUP_KEY} characters")
    elif action in ("acknowledge", "resolve") and not dedup_key:
        errors.append(f"'dedup_key' is required to {action} an event")
    if action == "trigger":
        errors += _payload_errors(body.get("payload"))
    if errors:
        raise PagerDutyError(errors)
    return body, str(dedup_key) or uuid.uuid4().hex


def _payload_errors(payload: object) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = _missing_texts(payload, ("summary", "source"), prefix="payload.")
    if len(str(payload.get("summary", ""))) > PAGERDUTY_MAX_SUMMARY:
        errors.append(f"'payload.summary' is longer than {PAGERDUTY_MAX_SUMMARY} characters")
    if payload.get("severity") not in PAGERDUTY_SEVERITIES:
        errors.append(f"'payload.severity' is invalid (must be one of {', '.join(PAGERDUTY_SEVERITIES)})")
    return errors


def _missing_texts(body: Json, fields: tuple[str, ...], *, prefix: str) -> list[str]:
    blank = [field for field in fields if not isinstance(body.get(field), str) or not str(body[field]).strip()]
    return [f"'{prefix}{field}' is missing or blank" for field in blank]
