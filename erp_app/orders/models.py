"""Orders, their lines, and their invoices."""

import secrets

from django.conf import settings
from django.db import models

from catalog.models import Product
from customers.models import Customer
from organizations.models import Organization

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else


def order_number() -> str:
    """Random, so that it stays the key of a payment even when the database is made anew."""
    return "O-" + "".join(secrets.choice(ALPHABET) for _ in range(12))


class Order(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"  # stock is reserved, the payment is under way
        PAID = "paid"
        SHIPPED = "shipped"
        REJECTED = "rejected"  # the payment was refused
        FAILED = "failed"  # the payment API didn't work

    number = models.CharField(max_length=20, unique=True, default=order_number)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, default="EUR")
    payment_id = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    attended_at = models.DateTimeField(auto_now_add=True)
    """When something was last done or started for it; finish_orders takes the longest unattended ones."""

    class Meta:
        indexes = (
            models.Index(fields=("organization", "-created_at"), name="order_list"),
            models.Index(fields=("status", "attended_at"), name="order_unfinished"),
        )

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} of product {self.product_id}"


class Invoice(models.Model):
    order = models.OneToOneField(Order, on_delete=models.PROTECT)
    number = models.CharField(max_length=20, unique=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    issued_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.number
