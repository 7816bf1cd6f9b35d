"""Every address of the ERP; /metrics, /livez, /readyz and /healthz are answered by a middleware before these."""

from django.contrib import admin
from django.urls import path

from catalog.apis import ProductListApi
from config.views import VersionApi
from customers.apis import CustomerListApi
from orders.apis import OrderApi, OrderListApi
from organizations.apis import LoginApi

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/version", VersionApi.as_view(), name="api-version"),
    path("api/login", LoginApi.as_view(), name="api-login"),
    path("api/customers", CustomerListApi.as_view(), name="api-customers"),
    path("api/products", ProductListApi.as_view(), name="api-products"),
    path("api/orders", OrderListApi.as_view(), name="api-orders"),
    path("api/orders/<slug:number>", OrderApi.as_view(), name="api-order"),
]
handler400 = "config.api.bad_request"
handler403 = "config.api.forbidden"
handler404 = "config.api.not_found"
handler500 = "config.api.server_error"
