"""What a user needs beyond being logged in."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class BelongsToOrganization(BasePermission):
    message = "The user belongs to no organization; an administrator can change that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return getattr(request.user, "organization_id", None) is not None
