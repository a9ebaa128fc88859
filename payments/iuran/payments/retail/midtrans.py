"""Midtrans: notifications of cstore (Indomaret, Alfamart) and of bank transfer.

The `signature_key` covers order, status code and amount, but not `transaction_status`. So it only
says that it is worth asking: what is booked is the answer to our own status query.
"""

import hashlib
from datetime import datetime
from urllib.parse import quote

from iuran.core.clock import WIB
from iuran.payments.retail.calls import basic_credentials, call, request_to
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.notices import (
    Notice,
    NoticeStatus,
    amount_of,
    is_one_of,
    objects_of,
    optional_text,
    text_of,
)
from iuran.payments.retail.refusals import (
    NotAuthenticError,
    NotConfirmedError,
    UnreadableNoticeError,
)
from iuran.payments.snap.document import JsonObject

SETTLED = "settlement"
GIVEN_BACK = frozenset({"refund", "partial_refund", "chargeback", "partial_chargeback"})
UNDECIDED = frozenset({"pending", "authorize", "capture"})
_SIGNATURE_LENGTH = 128


def signature_key(*, order_id: str, status_code: str, gross_amount: str, server_key: str) -> str:
    """Return Midtrans' SHA-512 over its fields, the amount as it was written."""
    text = order_id + status_code + gross_amount + server_key
    return hashlib.sha512(text.encode()).hexdigest()


def prove(channel: RetailChannel, document: JsonObject) -> None:
    """Raise NotAuthenticError unless the signature was made with a server key valid now."""
    sent = document.get("signature_key")
    if not isinstance(sent, str) or len(sent) != _SIGNATURE_LENGTH or not sent.isascii():
        raise NotAuthenticError("signature_key")
    if not is_one_of(sent.lower(), _expected_keys(channel, document)):
        raise NotAuthenticError("signature_key")


def _expected_keys(channel: RetailChannel, document: JsonObject) -> list[str]:
    try:
        order_id = text_of(document, "order_id")
        status_code = text_of(document, "status_code")
        gross_amount = text_of(document, "gross_amount")
    except UnreadableNoticeError as error:  # what proves it is unreadable, so nothing is proved
        raise NotAuthenticError(error.field) from error
    return [
        signature_key(
            order_id=order_id,
            status_code=status_code,
            gross_amount=gross_amount,
            server_key=server_key,
        )
        for server_key in channel.api_secrets
    ]


async def read(services: RetailServices, channel: RetailChannel, document: JsonObject) -> Notice:
    """Translate a notification; one that claims money is believed when Midtrans confirms it.

    Raises NotConfirmedError while Midtrans cannot be asked or says that nothing is decided.
    """
    if text_of(document, "transaction_status") != SETTLED:
        return _notice(document)
    order_id = text_of(document, "order_id")
    confirmed = await _ask(services, channel, order_id)
    if optional_text(confirmed, "order_id") != order_id:
        raise NotConfirmedError("the status query answers for another order")
    status = optional_text(confirmed, "transaction_status")
    if not status or status in UNDECIDED:
        raise NotConfirmedError(f"Midtrans itself says {status or 'nothing'!r} of this order")
    return _notice(confirmed)


async def _ask(services: RetailServices, channel: RetailChannel, order_id: str) -> JsonObject:
    request = request_to(
        services.http,
        channel,
        "GET",
        f"/v2/{quote(order_id, safe='')}/status",
        headers={"Authorization": basic_credentials(channel.api_secret)},
    )
    return await call(services.http, request)


def _notice(document: JsonObject) -> Notice:
    if optional_text(document, "currency") not in {"", "IDR"}:
        raise UnreadableNoticeError("currency", "only IDR is collected for us")
    return Notice(
        status=_status_of(optional_text(document, "transaction_status")),
        identity=text_of(document, "transaction_id"),
        order_id=text_of(document, "order_id"),
        payment_code=optional_text(document, "payment_code") or _va_number(document),
        amount=amount_of(document, "gross_amount"),
        paid_at=_wib_time(optional_text(document, "settlement_time")),
    )


def _status_of(text: str) -> NoticeStatus:
    if text == SETTLED:
        return NoticeStatus.PAID
    return NoticeStatus.GIVEN_BACK if text in GIVEN_BACK else NoticeStatus.NOT_PAID


def _va_number(document: JsonObject) -> str:
    """Return the number of a bank transfer, the first of `va_numbers`; empty if there is none."""
    numbers = objects_of(document, "va_numbers")
    if not numbers:
        return optional_text(document, "permata_va_number")
    return optional_text(numbers[0], "va_number")


def _wib_time(text: str) -> datetime | None:
    """Read `2021-06-23 13:13:56`, in WIB; `transaction_time` is the time of the order."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB)
    except ValueError:
        return None
