"""Questions about customers."""

from django.db.models import QuerySet

from customers.models import Customer
from organizations.models import User


def customer_list(*, user: User) -> QuerySet[Customer]:
    customers = Customer.objects.filter(organization_id=user.organization_id)  # type: ignore[misc]  # None has none
    return customers.order_by("pk")


def customer_find(*, user: User, customer: int | None) -> Customer | None:
    """That customer of the user's organization, or its first when none is named."""
    customers = customer_list(user=user)
    return customers.first() if customer is None else customers.filter(pk=customer).first()
