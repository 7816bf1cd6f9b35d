"""Why products can't be had."""

from http import HTTPStatus

from config.errors import ApiError


class UnknownProduct(ApiError):
    code = "unknown_product"
    status_code = HTTPStatus.NOT_FOUND


class TooLittleStock(ApiError):
    code = "too_little_stock"
    status_code = HTTPStatus.CONFLICT
