"""Shoppers that place orders at a steady pace, a fixed share of them wrong on purpose."""
