"""Customers."""

from django.db import models

from organizations.models import Organization


class Customer(models.Model):
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    email = models.EmailField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("organization", "name"), name="customer_name_is_unique_in_organization"),
        )

    def __str__(self) -> str:
        return self.name
