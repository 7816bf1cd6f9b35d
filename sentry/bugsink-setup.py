"""Bugsink has no command for a project with a chosen key: this makes it through Bugsink's own models (2.6)."""

import json
import os
import uuid

import django

django.setup()

from alerts.models import MessagingServiceConfig  # noqa: E402
from bsmain.models import AuthToken  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from projects.models import Project, ProjectMembership, ProjectRole  # noqa: E402
from teams.models import Team, TeamMembership, TeamRole  # noqa: E402
from write_lock import write_lock  # noqa: E402

ADMIN = "admin@erp.example"
PROJECT_ID = 1  # the last part of the DSN
CONFIGURED_HERE = "from secrets/"
TOKEN_NAME = "monitoring stack"  # noqa: S105


def set_up(*, password: str, key: str, token: str) -> None:
    """User ADMIN, project 1 "erp" taking events with `key` (32 hex digits), the API answering `token` (40)."""
    users = get_user_model().objects
    admin = users.filter(username=ADMIN).first()
    if admin is None:
        admin = users.create_superuser(username=ADMIN, email=ADMIN, password=password)
    elif not admin.check_password(password):
        admin.set_password(password)
        admin.save(update_fields=["password"])

    team, _ = Team.objects.get_or_create(name="erp")
    TeamMembership.objects.get_or_create(team=team, user=admin, defaults={"role": TeamRole.ADMIN, "accepted": True})
    project, _ = Project.objects.update_or_create(
        id=PROJECT_ID,
        defaults={"sentry_key": uuid.UUID(key)},
        create_defaults={"team": team, "name": "erp", "slug": "erp", "sentry_key": uuid.UUID(key)},
    )
    ProjectMembership.objects.get_or_create(
        project=project, user=admin, defaults={"role": ProjectRole.ADMIN, "accepted": True}
    )
    if not AuthToken.objects.filter(token=token).exists():
        AuthToken.objects.filter(description=TOKEN_NAME).delete()
        AuthToken.create_full_access(token=token, description=TOKEN_NAME)


def tell(*, slack: str, webhook: str, mail_to: str) -> None:
    """Tell of a new, returned or unmuted issue of each project, by every way that has an address."""
    admin = get_user_model().objects.get(username=ADMIN)
    admin.email = mail_to or ADMIN
    admin.send_email_alerts = bool(mail_to)
    admin.save(update_fields=["email", "send_email_alerts"])
    for project in Project.objects.all():
        ProjectMembership.objects.get_or_create(
            project=project, user=admin, defaults={"role": ProjectRole.ADMIN, "accepted": True}
        )
        for kind, url in (("slack", slack), ("custom", webhook)):
            ours = MessagingServiceConfig.objects.filter(project=project, kind=kind, display_name=CONFIGURED_HERE)
            if not url:
                ours.delete()
            elif not ours.update(config=json.dumps({"webhook_url": url})):
                MessagingServiceConfig.objects.create(
                    project=project, kind=kind, display_name=CONFIGURED_HERE, config=json.dumps({"webhook_url": url})
                )


with write_lock():
    set_up(
        password=os.environ["ADMIN_PASSWORD"],
        key=os.environ["DSN_KEY"],
        token=os.environ["API_TOKEN"],
    )
    tell(
        slack=os.environ["SLACK_URL"],
        webhook=os.environ["WEBHOOK_URL"],
        mail_to=os.environ["TRACKER_EMAIL_TO"] if os.environ["SMTP_PASSWORD"] else "",
    )
print("Bugsink has its user, project 1 with the DSN's key, and the API token.")  # noqa: T201
