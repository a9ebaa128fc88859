"""What makes one bank's own API differ from another, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from iuran.core.errors import InvalidInputError
from iuran.payments.quirks import SignatureEncoding

Path = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)+$", max_length=100)]


class Signing(StrEnum):
    """How transactions are signed."""

    HMAC = "HMAC"
    """With an access token and the shared secret."""
    RSA = "RSA"
    """With our private key, without a token."""


class DeleteMethod(StrEnum):
    """How service 31 is called: as the standard says, or as Midtrans' client does."""

    DELETE = "DELETE"
    POST = "POST"


class ReportMethod(StrEnum):
    """How service 35 is called; the standard's table and its sample contradict each other."""

    GET = "GET"
    POST = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peculiarities:
    """The switches of one bank's API; the defaults are the standard.

    - `channel_id`: our CHANNEL-ID with the bank.
    - `asks_status`, `status_after_minutes`: inquiries without a payment are asked about with
      service 26 after that long.
    - `pulls_report`, `report_hours`: service 35 is pulled for so long back, at most
      `report_page_minutes` in one call.
    - `same_payment_minutes`: how far apart the times of what the bank pushed under one id and told
      under another may be.
    - `search_every_seconds`: how often both happen; real time.
    """

    signing: Signing = Signing.HMAC
    signature_encoding: SignatureEncoding = SignatureEncoding.BASE64
    delete_method: DeleteMethod = DeleteMethod.DELETE
    report_method: ReportMethod = ReportMethod.POST
    channel_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,5}$")] = "95221"
    token_path: Path = "/access-token/b2b"  # noqa: S105 - a path
    status_path: Path = "/transfer-va/status"
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    asks_status: bool = True
    status_after_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 3
    pulls_report: bool = True
    report_hours: Annotated[int, Field(ge=1, le=24 * 7)] = 26
    report_page_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 24 * 60
    same_payment_minutes: Annotated[int, Field(ge=0, le=24 * 60)] = 5
    search_every_seconds: Annotated[int, Field(ge=1, le=24 * 3600)] = 60

    def to_document(self) -> dict[str, object]:
        """Return every switch as JSON has it."""
        document: dict[str, object] = _FORM.dump_python(self, mode="json")
        return document


_FORM = TypeAdapter(Peculiarities)
NAMES = tuple(field.name for field in fields(Peculiarities))


def read_peculiarities(document: Mapping[str, object]) -> Peculiarities:
    """Read switches from JSON or from text; raises InvalidInputError with the one that is wrong."""
    unknown = [name for name in document if name not in NAMES]
    if unknown:
        raise InvalidInputError(unknown[0], f"no such switch; there are {', '.join(NAMES)}")
    try:
        return _FORM.validate_python(dict(document))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise InvalidInputError(str(problem["loc"][0]), problem["msg"]) from error
