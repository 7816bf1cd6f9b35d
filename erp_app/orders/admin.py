"""Orders in the admin, to be looked at: they change by the services only."""

from django.contrib import admin
from django.http import HttpRequest

from orders.models import Invoice, Order, OrderLine


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class OrderLineInline(ReadOnly, admin.TabularInline):
    model = OrderLine


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "customer", "status", "total", "created_at")
    list_filter = ("status",)
    list_select_related = ("customer",)
    search_fields = ("number",)
    inlines = (OrderLineInline,)


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("number", "order", "amount", "issued_at")
    list_select_related = ("order",)
    search_fields = ("number",)
