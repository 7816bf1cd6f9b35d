"""Shoppers that place orders at a fixed rate; a fixed share of the orders is wrong on purpose."""
