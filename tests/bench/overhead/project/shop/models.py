"""The one table that the view `queries` reads."""

from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=100)
    category = models.IntegerField(db_index=True)
    price = models.DecimalField(max_digits=10, decimal_places=2)
