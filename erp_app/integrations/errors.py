"""How a call of another company's API can end, apart from well."""


class PartnerError(Exception):
    """Any of the below."""


class Unavailable(PartnerError):
    """It answered too late, wrongly or not at all: nobody knows whether it did what was asked."""


class Refused(PartnerError):
    """It understood and said no."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
