"""What is measured: a view that does nothing, one with five queries, and pages of any status for /metrics."""

import os

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from shop.models import Product

PRODUCTS = 1000
CATEGORIES = 100


def noop(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


def queries(request: HttpRequest) -> HttpResponse:
    first = Product.objects.get(pk=1)
    last = Product.objects.get(pk=PRODUCTS)
    similar = list(Product.objects.filter(category=first.category)[:10])
    return JsonResponse(
        {
            "prices": [str(each.price) for each in (first, last, *similar)],
            "in_category": Product.objects.filter(category=last.category).count(),
            "known": Product.objects.filter(name="product 500", category=0).exists(),
        }
    )


@csrf_exempt
def page(request: HttpRequest, status: int) -> HttpResponse:
    if status == 404:
        raise Http404
    if status == 500:
        raise RuntimeError("broken on purpose")
    return HttpResponse(str(os.getpid()), status=status)
