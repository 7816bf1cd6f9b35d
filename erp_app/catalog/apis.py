"""GET /api/products."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.selectors import product_list


class ProductListApi(APIView):
    def get(self, request: Request) -> Response:
        return Response({"products": product_list()})
