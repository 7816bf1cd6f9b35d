"""Organizations and users."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_prometheus.models import ExportModelOperationsMixin


# Changed in the admin only: bulk operations, which this mixin doesn't see, don't happen here.
class Organization(ExportModelOperationsMixin("organization"), models.Model):  # type: ignore[misc]
    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, null=True, blank=True)
