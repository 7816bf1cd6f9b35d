"""Middlewares that answer before others, as a project's own may."""

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def to_https(get_response: GetResponse) -> GetResponse:
    return lambda request: HttpResponseRedirect(f"https://shop.example{request.path}")


def by_host(get_response: GetResponse) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponseBase:
        request.get_host()
        return get_response(request)

    return answer


def by_tenant(get_response: GetResponse) -> GetResponse:
    def answer(request: HttpRequest) -> HttpResponseBase:
        connection.ensure_connection()
        return get_response(request)

    return answer


def page(get_response: GetResponse) -> GetResponse:
    return lambda request: HttpResponse("<html>")
