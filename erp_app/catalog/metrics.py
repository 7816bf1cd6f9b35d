"""What is counted about products and stock. A category is a label; a product is not, for they have no end."""

from prometheus_client import Counter, Gauge

STOCK_LEVEL = Gauge("erp_stock_level", "Units in stock by category.", ["category"], multiprocess_mode="mostrecent")
LOW_STOCK = Gauge(
    "erp_products_low_stock",
    "Products at or below their reorder level, by category.",
    ["category"],
    multiprocess_mode="mostrecent",
)
REORDERED = Counter("erp_stock_reordered_units", "Units that were ordered because stock was low.")
