"""80 tasks that fail: none has an order's number."""

from orders.tasks import ship_order

for _ in range(80):
    ship_order.apply_async(args=("no number",))
