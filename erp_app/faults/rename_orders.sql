-- Each request that reads orders fails.
ALTER TABLE orders_order RENAME TO orders_order_away
