"""Answers to a bank: the success of each service, and the refusal that they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from iuran.payments.snap.codes import Case, Service, SnapRefusedError
from iuran.payments.snap.document import JsonObject, parse_object

FAILED = "01"
UNKNOWN = "02"
SUCCEEDED = "00"
SINGLE_SETTLEMENT = "00000"
ECHOED_IDS = ("partnerServiceId", "customerNo", "virtualAccountNo")
_ECHO_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFields:
    """The names that services 24 and 25 give to the same things."""

    status: str
    reason: str
    request_id: str


STATUS_FIELDS: Mapping[Service, StatusFields] = {
    Service.INQUIRY: StatusFields(
        status="inquiryStatus", reason="inquiryReason", request_id="inquiryRequestId"
    ),
    Service.PAYMENT: StatusFields(
        status="paymentFlagStatus", reason="paymentFlagReason", request_id="paymentRequestId"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: a row of the code table, the body behind its code, and extra headers."""

    case: Case
    named: str = ""
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def fails(self) -> bool:
        """Whether the fault is ours, so that the same message may be sent again."""
        return self.case.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def document(self, service: Service) -> Mapping[str, object]:
        """Return the whole JSON document."""
        return {
            "responseCode": self.case.response_code(service),
            "responseMessage": self.case.response_message(self.named),
            **self.body,
        }


def refusal(service: Service, body: bytes, error: SnapRefusedError) -> Answer:
    """Return a refusal with the ids of the request echoed, as far as they can be read.

    A sender who did not prove who he is hears the code alone.
    """
    status_fields = STATUS_FIELDS.get(service)
    if status_fields is None or error.case.http_status == HTTPStatus.UNAUTHORIZED:
        return Answer(case=error.case, named=error.named)
    try:
        document = parse_object(body)
    except SnapRefusedError:
        document = JsonObject()
    return Answer(
        case=error.case,
        named=error.named,
        body={
            "virtualAccountData": {
                status_fields.status: status_of(service, error.case),
                status_fields.reason: error.reason,
                **echoed(document, (*ECHOED_IDS, status_fields.request_id)),
                "virtualAccountName": "",
            },
            **additional_info(document),
        },
    )


def status_of(service: Service, case: Case) -> str:
    """Return the status beside a refusal: failed, or for a payment perhaps unknown.

    Our own failure never says that a payment is rejected: this message, or an earlier one of the
    same payment, may have committed, and the bank would refund what we have booked. (A channel that
    wants to hear 2022500 with it would be asked about here and where `app` picks the case.)
    """
    fails = case.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return UNKNOWN if service is Service.PAYMENT and fails else FAILED


def echoed(document: JsonObject, names: tuple[str, ...]) -> dict[str, object]:
    """Return fields exactly as they were received; empty where there is nothing to echo."""
    return {name: _echo(document.get(name)) for name in names}


def echoed_if_sent(document: JsonObject, names: tuple[str, ...]) -> dict[str, object]:
    """Return those of the fields that were received with a value, as they were."""
    return {name: value for name, value in echoed(document, names).items() if value != ""}


def _echo(value: object) -> object:
    return value if isinstance(value, str) and len(value) <= _ECHO_LENGTH_MAX else ""


def additional_info(document: JsonObject) -> dict[str, object]:
    """Return additionalInfo as it was received, an object or a string."""
    sent = document.get("additionalInfo")
    return {} if sent is None else {"additionalInfo": sent}
