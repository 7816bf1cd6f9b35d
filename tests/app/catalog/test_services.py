"""Stock that runs low, and what is said about it."""

from django.test import Client
from harness.samples import here

from catalog.models import Product
from catalog.services import stock_measure, stock_reorder_low
from organizations.models import User


def test_low_stock_is_reordered_and_counted(stock: Product) -> None:
    ordered = here("erp_stock_reordered_units_total")
    Product.objects.filter(pk=stock.pk).update(stock=100)
    assert stock_reorder_low() == 500
    assert stock_reorder_low() == 0
    stock.refresh_from_db()
    assert stock.stock == 600
    assert here("erp_stock_reordered_units_total") == ordered + 500


def test_stock_is_measured_by_category(stock: Product) -> None:
    Product.objects.filter(pk=stock.pk).update(stock=99)
    stock_measure()
    assert here("erp_stock_level", category=stock.category) == 4 * 500 + 99
    assert here("erp_products_low_stock", category=stock.category) == 1
    assert here("erp_products_low_stock", category="paper") == 0


def test_the_product_list_is_cached_and_counted(buyer: Client, demo: User) -> None:
    hits = here("django_cache_get_hits_total", backend="native_redis")
    first, second = (buyer.get("/api/products").json()["products"] for _ in range(2))
    assert first == second
    assert first[0] == {
        "sku": "SKU-0001",
        "name": "Lighting no. 1",
        "category": "lighting",
        "price": "7.90",
        "stock": 500,
    }
    assert here("django_cache_get_hits_total", backend="native_redis") == hits + 1


def test_the_product_list_comes_without_the_cache_too(buyer: Client, dead_cache: None) -> None:
    assert len(buyer.get("/api/products").json()["products"]) == 20
