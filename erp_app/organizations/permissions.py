"""What a user needs beyond being logged in."""

from typing import cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from organizations.models import User


class BelongsToOrganization(BasePermission):
    message = "The user belongs to no organization; an administrator can change that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(request.user, "organization_id", None) is not None


def user_of(request: Request) -> User:
    """Who asks; to be called where the permissions let in nobody but users."""
    return cast(User, request.user)
