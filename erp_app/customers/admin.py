"""Customers in the admin."""

from django.contrib import admin

from customers.models import Customer


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ("name", "organization")
    list_select_related = ("organization",)
    search_fields = ("name",)
