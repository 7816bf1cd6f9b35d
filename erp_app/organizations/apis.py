"""POST /api/login."""

from http import HTTPStatus
from typing import ClassVar

from django.contrib.auth import authenticate
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.errors import ApiError
from organizations import metrics


class WrongLogin(ApiError):
    code = "unauthenticated"
    status_code = HTTPStatus.UNAUTHORIZED
    headers: ClassVar = {"WWW-Authenticate": "Token"}


class LoginApi(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    class InputSerializer(serializers.Serializer):
        username = serializers.CharField(max_length=150)
        password = serializers.CharField(max_length=128, trim_whitespace=False)

    def post(self, request: Request) -> Response:
        try:
            given = self.InputSerializer(data=request.data)
            given.is_valid(raise_exception=True)
        except APIException:
            metrics.LOGINS.labels("invalid").inc()
            raise
        user = authenticate(request, **given.validated_data)
        if user is None:
            metrics.LOGINS.labels("refused").inc()
            raise WrongLogin("User name or password is wrong.")
        token, _ = Token.objects.get_or_create(user=user)
        metrics.LOGINS.labels("ok").inc()
        return Response({"token": token.key})
