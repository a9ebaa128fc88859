"""The forms in which providers report: our own signed webhook, WhatsApp's, and that of gateways."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from iuran.core.errors import InvalidInputError
from iuran.workers.messaging.reports import REPORTS_MAX, DeliveryReport, ReportStatus

_KEY = Annotated[str, Field(min_length=1, max_length=100)]
_STATUSES = frozenset(status.value for status in ReportStatus)
_GATEWAY_STATUS = {
    "sent": ReportStatus.SENT,
    "delivered": ReportStatus.DELIVERED,
    "read": ReportStatus.READ,
    "undelivered": ReportStatus.FAILED,
    "failed": ReportStatus.FAILED,
    "canceled": ReportStatus.FAILED,
}


class _Told(BaseModel):
    key: _KEY
    status: Literal["sent", "delivered", "read", "failed"]
    at: AwareDatetime
    reason: str | None = None


class _SignedForm(BaseModel):
    reports: Annotated[list[_Told], Field(max_length=REPORTS_MAX)]


class _MetaError(BaseModel):
    code: int
    title: str = ""


class _MetaStatus(BaseModel):
    status: str
    timestamp: Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
    biz_opaque_callback_data: str | None = None
    errors: list[_MetaError] = []


class _MetaValue(BaseModel):
    statuses: list[_MetaStatus] = []


class _MetaChange(BaseModel):
    value: _MetaValue


class _MetaEntry(BaseModel):
    changes: list[_MetaChange] = []


class _MetaForm(BaseModel):
    entry: Annotated[list[_MetaEntry], Field(max_length=REPORTS_MAX)] = []


def of_signed(body: bytes) -> list[DeliveryReport]:
    """Read `{"reports": [{"key", "status", "at", "reason"}]}`; raises InvalidInputError."""
    try:
        form = _SignedForm.model_validate_json(body)
    except ValidationError as error:
        raise _unreadable(error) from error
    return [
        DeliveryReport(
            message_key=one.key,
            status=ReportStatus(one.status.upper()),
            reported_at=one.at,
            reason=one.reason,
        )
        for one in form.reports
    ]


def of_whatsapp(body: bytes) -> list[DeliveryReport]:
    """Read the statuses of a notification of WhatsApp; what people write to us is left out.

    Raises InvalidInputError.
    """
    try:
        form = _MetaForm.model_validate_json(body)
    except ValidationError as error:
        raise _unreadable(error) from error
    told = [
        one for entry in form.entry for change in entry.changes for one in change.value.statuses
    ]
    return [
        DeliveryReport(
            message_key=one.biz_opaque_callback_data,
            status=ReportStatus(one.status.upper()),
            reported_at=datetime.fromtimestamp(int(one.timestamp), UTC),
            reason="; ".join(f"{error.code} {error.title}".strip() for error in one.errors) or None,
        )
        for one in told
        if one.biz_opaque_callback_data is not None and one.status.upper() in _STATUSES
    ]


def of_gateway(key: str, form: Mapping[str, str], *, real: datetime) -> list[DeliveryReport]:
    """Read a gateway's fields; statuses on the way (queued, sending) are no news."""
    status = _GATEWAY_STATUS.get(form.get("MessageStatus", "").lower())
    if status is None or not key:
        return []
    return [
        DeliveryReport(
            message_key=key, status=status, reported_at=real, reason=form.get("ErrorCode") or None
        )
    ]


def _unreadable(error: ValidationError) -> InvalidInputError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "body"
    return InvalidInputError(place, first["msg"])
