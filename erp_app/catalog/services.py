"""Changes of stock. Products are locked in the order of their keys, so no two orders block each other."""

import logging
from collections.abc import Mapping

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from catalog import metrics
from catalog.errors import TooLittleStock, UnknownProduct
from catalog.models import Product

logger = logging.getLogger(__name__)


def stock_reserve(*, quantities: Mapping[str, int]) -> dict[str, Product]:
    """Take these quantities, by SKU, out of stock, all or none; to be called in a transaction."""
    locked = Product.objects.select_for_update().filter(sku__in=quantities).order_by("pk")
    products = {product.sku: product for product in locked}
    if unknown := sorted(set(quantities) - set(products)):
        raise UnknownProduct(f"There is no product {', '.join(unknown)}.")
    for sku, product in products.items():
        if product.stock < quantities[sku]:
            raise TooLittleStock(
                f"There are {product.stock} units of {sku} in stock, fewer than the {quantities[sku]} wanted."
            )
    for sku, product in products.items():
        product.stock -= quantities[sku]
        product.save(update_fields=("stock",))
    return products


def stock_release(*, quantities: Mapping[int, int]) -> None:
    """Put these quantities, by primary key, back into stock; to be called in a transaction."""
    for product in Product.objects.select_for_update().filter(pk__in=quantities).order_by("pk"):
        product.stock += quantities[product.pk]
        product.save(update_fields=("stock",))


@transaction.atomic
def stock_reorder_low() -> int:
    """Order what runs low; in this sample it arrives at once. The number of units."""
    units = 0
    low = Product.objects.select_for_update().filter(stock__lte=F("reorder_level")).order_by("pk")
    for product in low:
        product.stock += product.reorder_quantity
        product.save(update_fields=("stock",))
        units += product.reorder_quantity
        logger.info("reordered %d units of %s", product.reorder_quantity, product.sku)
    if units:
        transaction.on_commit(lambda: metrics.REORDERED.inc(units), robust=True)
    return units


def stock_measure() -> None:
    low = Count("pk", filter=Q(stock__lte=F("reorder_level")))
    levels = Product.objects.values_list("category").annotate(units=Sum("stock"), low=low)
    for category, units, products in levels:
        metrics.STOCK_LEVEL.labels(category).set(units)
        metrics.LOW_STOCK.labels(category).set(products)
