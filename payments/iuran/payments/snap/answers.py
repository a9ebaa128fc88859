"""Answers to a bank: the success of each service, and the refusal that they share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from iuran.core.money import Rupiah
from iuran.payments.quirks import Language, Quirks, RefusedAmount
from iuran.payments.snap.codes import Case, Service, SnapRefusedError
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import amount_object

FAILED = "01"
UNKNOWN = "02"
SUCCEEDED = "00"
ECHOED_IDS = ("partnerServiceId", "customerNo", "virtualAccountNo")
_ECHO_LENGTH_MAX = 255
STANDARD = Quirks()
RETRY_LATER = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFields:
    """The names that the services give to the same things; `data` holds them.

    A refused question about a payment has no `status`: nobody may read it as the payment's.
    """

    reason: str
    request_ids: tuple[str, ...]
    status: str | None = None
    data: str = "virtualAccountData"


STATUS_FIELDS: Mapping[Service, StatusFields] = {
    Service.INQUIRY: StatusFields(
        status="inquiryStatus", reason="inquiryReason", request_ids=("inquiryRequestId",)
    ),
    Service.PAYMENT: StatusFields(
        status="paymentFlagStatus", reason="paymentFlagReason", request_ids=("paymentRequestId",)
    ),
    Service.STATUS: StatusFields(
        reason="paymentFlagReason", request_ids=("inquiryRequestId", "paymentRequestId")
    ),
    Service.NOTIFICATION: StatusFields(
        reason="paymentFlagReason",
        request_ids=("inquiryRequestId", "paymentRequestId"),
        data="virtualAccountdata",
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


def refusal(
    service: Service, body: bytes, error: SnapRefusedError, *, quirks: Quirks = STANDARD
) -> Answer:
    """Return a refusal with the ids of the request echoed, as far as they can be read.

    A sender who did not prove who he is hears the code alone.
    """
    headers = RETRY_LATER if error.case is Case.TOO_MANY_REQUESTS else {}
    status_fields = STATUS_FIELDS.get(service)
    if status_fields is None or error.case.http_status == HTTPStatus.UNAUTHORIZED:
        return Answer(case=error.case, named=error.named, headers=headers)
    try:
        document = parse_object(body)
    except SnapRefusedError:
        document = JsonObject()
    status = status_fields.status
    data = {
        **({} if status is None else {status: status_of(service, error.case)}),
        status_fields.reason: told(error.reason, quirks.language),
        **echoed(document, (*ECHOED_IDS, *status_fields.request_ids)),
        "virtualAccountName": "",
    }
    if service is Service.INQUIRY and quirks.refused_amount is RefusedAmount.ZERO:
        data["totalAmount"] = amount_object(Rupiah(0))
    return Answer(
        case=error.case,
        named=error.named,
        body=with_additional_info(document, {status_fields.data: data}, status_fields.data),
        headers=headers,
    )


def told(text: Mapping[str, str], language: Language) -> dict[str, str]:
    """Return a bilingual text as the channel wants it: both of its halves, or one of them twice."""
    english, indonesia = text["english"], text["indonesia"]
    if language is Language.ENGLISH:
        indonesia = english
    elif language is Language.INDONESIAN:
        english = indonesia
    return {"english": english, "indonesia": indonesia}


def status_of(service: Service, case: Case) -> str:
    """Return the status beside a refusal: failed, or for a payment perhaps unknown.

    Our own failure never says that a payment is rejected: this message, or an earlier one of the
    same payment, may have committed, and the bank would refund what we have booked.
    """
    is_open = case in {Case.IN_PROGRESS, Case.TOO_MANY_REQUESTS}
    is_open = is_open or case.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return UNKNOWN if service is Service.PAYMENT and is_open else FAILED


def echoed(document: JsonObject, names: tuple[str, ...]) -> dict[str, object]:
    """Return fields exactly as they were received; empty where there is nothing to echo."""
    return {name: _echo(document.get(name)) for name in names}


def echoed_if_sent(document: JsonObject, names: tuple[str, ...]) -> dict[str, object]:
    """Return those of the fields that were received with a value, as they were."""
    return {name: value for name, value in echoed(document, names).items() if value != ""}


def _echo(value: object) -> object:
    return value if isinstance(value, str) and len(value) <= _ECHO_LENGTH_MAX else ""


def additional_info_of(document: JsonObject) -> object:
    """Return additionalInfo, which stands at the top or inside virtualAccountData; else None."""
    inside = _data_of(document).get("additionalInfo")
    return document.get("additionalInfo", inside)


def with_additional_info(
    document: JsonObject, body: Mapping[str, object], data: str = "virtualAccountData"
) -> Mapping[str, object]:
    """Return an answer with additionalInfo as it was received, in the place where it was."""
    top, inside = document.get("additionalInfo"), _data_of(document).get("additionalInfo")
    answer = dict(body)
    account = answer.get(data)
    if inside is not None and isinstance(account, dict):
        answer[data] = {**account, "additionalInfo": inside}
    return answer if top is None else {**answer, "additionalInfo": top}


def _data_of(document: JsonObject) -> JsonObject:
    data = document.get("virtualAccountData")
    return data if isinstance(data, JsonObject) else JsonObject()
