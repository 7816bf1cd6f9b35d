"""Places orders without HTTP."""

from customers.models import Customer
from orders.models import Order
from orders.services import order_place
from organizations.models import User


def place(user: User, quantity: int = 1) -> Order:
    customer = Customer.objects.filter(organization_id=user.organization_id).first()
    return order_place(user=user, customer=customer, card_token="tok_ok", quantities={"SKU-0001": quantity})
