"""Questions about products."""

import logging
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from catalog.models import Product

CACHE_KEY = "catalog:products"
CACHE_SECONDS = 5
MOST = 500
logger = logging.getLogger(__name__)


def product_list() -> list[dict[str, Any]]:
    """Every product; stock may be some seconds old, for an order checks it anyway."""
    try:
        products: list[dict[str, Any]] | None = cache.get(CACHE_KEY)
        if products is None:
            products = _read()
            cache.set(CACHE_KEY, products, CACHE_SECONDS)
    except RedisError as error:
        logger.warning("The product list comes without the cache, which doesn't answer: %r", error)
        products = _read()
    return products


def _read() -> list[dict[str, Any]]:
    fields = ("sku", "name", "category", "price", "stock")
    products = Product.objects.order_by("sku").values(*fields)[:MOST]
    return [{**product, "price": str(product["price"])} for product in products]
