ALTER TABLE IF EXISTS orders_order_away RENAME TO orders_order
