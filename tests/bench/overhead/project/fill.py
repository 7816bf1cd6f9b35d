"""Makes the table and its rows."""

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after setup()
from shop import views  # noqa: E402
from shop.models import Product  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
Product.objects.bulk_create(
    Product(name=f"product {number}", category=number % views.CATEGORIES, price=number)
    for number in range(1, views.PRODUCTS + 1)
)
