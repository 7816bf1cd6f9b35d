"""The data of the sandbox; running it twice changes nothing."""

from decimal import Decimal

from django.db import transaction

from catalog.models import Product
from config import env
from customers.models import Customer
from organizations.models import Organization, User

CUSTOMERS = {
    "Acme GmbH": ("Bergmann & Söhne", "Café Zentral", "Nordlicht AG"),
    "Globex SE": ("Initech Ltd", "Umbrella Retail"),
}
USERS = {"buyer": "Acme GmbH", "traffic": "Globex SE"}
CATEGORIES = ("furniture", "lighting", "paper", "tools")
PRODUCTS = 20


@transaction.atomic
def make_demo_data() -> None:
    organizations = {name: Organization.objects.get_or_create(name=name)[0] for name in CUSTOMERS}
    for name, customers in CUSTOMERS.items():
        for number, customer in enumerate(customers, start=1):
            Customer.objects.get_or_create(
                organization=organizations[name],
                name=customer,
                defaults={"email": f"customer{number}@{name.split()[0].lower()}.example"},
            )
    for username, organization in USERS.items():
        make_user(username, env.secret(f"{username.upper()}_PASSWORD"), organization=organizations[organization])
    for number in range(1, PRODUCTS + 1):
        category = CATEGORIES[number % len(CATEGORIES)]
        Product.objects.get_or_create(
            sku=f"SKU-{number:04}",
            defaults={
                "name": f"{category.capitalize()} no. {number}",
                "category": category,
                "price": Decimal(number * 7) + Decimal("0.90"),
                "stock": 500,
            },
        )


def make_user(username: str, password: str, **fields: object) -> None:
    """That user with that password, whether it was there before or not."""
    user, created = User.objects.get_or_create(
        username=username, defaults={"email": f"{username}@erp.example", **fields}
    )
    if created or not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=("password",))
