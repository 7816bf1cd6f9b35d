"""GET /api/customers."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from customers.selectors import customer_list
from organizations.permissions import BelongsToOrganization, user_of


class CustomerListApi(APIView):
    permission_classes = (IsAuthenticated, BelongsToOrganization)

    def get(self, request: Request) -> Response:
        customers = customer_list(user=user_of(request))[:200]
        return Response({"customers": [{"id": customer.pk, "name": customer.name} for customer in customers]})
