"""POST and GET /api/orders, GET /api/orders/<number>. Every refused order is counted with its reason."""

from collections import Counter
from http import HTTPStatus

from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import error_code
from customers.selectors import customer_find
from orders import metrics
from orders.errors import InvalidOrder, NoMoney, PaymentUnavailable
from orders.selectors import MOST, order_data, order_list
from orders.services import order_place
from organizations.permissions import BelongsToOrganization, user_of

COUNTED_BY_SERVICE = (NoMoney, PaymentUnavailable)


class LineSerializer(serializers.Serializer):
    product = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class OrderSerializer(serializers.Serializer):
    customer = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)
    card_token = serializers.CharField(max_length=100)
    lines = serializers.ListField(child=LineSerializer(), min_length=1, max_length=50)


class OrderListApi(APIView):
    permission_classes = (IsAuthenticated, BelongsToOrganization)

    def get(self, request: Request) -> Response:
        return Response({"orders": [order_data(order) for order in order_list(user=user_of(request))[:MOST]]})

    @metrics.CHECKOUT_DURATION.time()
    def post(self, request: Request) -> Response:
        try:
            order = self._place(request)
        except COUNTED_BY_SERVICE:
            raise
        except APIException as refusal:
            metrics.count_rejected(error_code(refusal))
            raise
        return Response(order, status=HTTPStatus.CREATED)

    def _place(self, request: Request) -> dict[str, object]:
        given = OrderSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        order = given.validated_data
        customer = customer_find(user=user_of(request), customer=order.get("customer"))
        if customer is None:
            raise InvalidOrder("customer: Your organization has no such customer.")
        quantities: Counter[str] = Counter()
        for line in order["lines"]:
            quantities[line["product"]] += line["quantity"]
        placed = order_place(
            user=user_of(request), customer=customer, card_token=order["card_token"], quantities=quantities
        )
        return order_data(placed)


class OrderApi(APIView):
    permission_classes = (IsAuthenticated, BelongsToOrganization)

    def get(self, request: Request, number: str) -> Response:
        order = order_list(user=user_of(request)).filter(number=number).first()
        if order is None:
            raise Http404
        return Response(order_data(order))
