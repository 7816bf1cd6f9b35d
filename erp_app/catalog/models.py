"""Products with their stock."""

from django.db import models


class Product(models.Model):
    sku = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=40)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField(default=0)
    reorder_level = models.PositiveIntegerField(default=100)
    reorder_quantity = models.PositiveIntegerField(default=500)

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"
