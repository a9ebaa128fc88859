"""Xendit: fixed payment codes (`ro_fpc_paid`) and events of Payments v3.

A message is proved by a static token alone; nothing is signed. So its URL must be TLS, and the
token is kept nowhere but encrypted.
"""

from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.messages import TOKEN_HEADER
from iuran.payments.retail.notices import (
    Notice,
    NoticeStatus,
    amount_of,
    instant_of,
    is_one_of,
    object_of,
    optional_text,
    text_of,
)
from iuran.payments.retail.refusals import NotAuthenticError, UnreadableNoticeError
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.message import SnapMessage

CAPTURED = "payment.capture"


def prove(channel: RetailChannel, message: SnapMessage) -> None:
    """Raise NotAuthenticError unless the token is one that is valid now."""
    if not is_one_of(message.header(TOKEN_HEADER), channel.notification_secrets):
        raise NotAuthenticError(TOKEN_HEADER)


async def read(_services: RetailServices, channel: RetailChannel, document: JsonObject) -> Notice:
    """Translate a message; raises UnreadableNoticeError for what lacks a field."""
    if "event" in document:
        return _event(channel, document)
    _check_account(channel, optional_text(document, "owner_id"))
    is_paid = text_of(document, "status") == "COMPLETED"
    return Notice(
        status=NoticeStatus.PAID if is_paid else NoticeStatus.NOT_PAID,
        identity=text_of(document, "fixed_payment_code_payment_id"),
        order_id=optional_text(document, "external_id"),
        payment_code=optional_text(document, "payment_code"),
        amount=amount_of(document, "amount"),
        paid_at=instant_of(document, "transaction_timestamp"),
    )


def _event(channel: RetailChannel, document: JsonObject) -> Notice:
    _check_account(channel, optional_text(document, "business_id"))
    data = object_of(document, "data")
    if optional_text(data, "currency") not in {"", "IDR"}:
        raise UnreadableNoticeError("data.currency", "only IDR is collected for us")
    return Notice(
        status=_status_of(text_of(document, "event"), optional_text(data, "status")),
        identity=text_of(data, "payment_id"),
        order_id=optional_text(data, "reference_id"),
        payment_code="",
        amount=amount_of(data, "request_amount"),
        paid_at=instant_of(data, "updated"),
    )


def _status_of(event: str, status: str) -> NoticeStatus:
    if event == CAPTURED and status == "SUCCEEDED":
        return NoticeStatus.PAID
    return NoticeStatus.GIVEN_BACK if event.startswith("refund.") else NoticeStatus.NOT_PAID


def _check_account(channel: RetailChannel, sent: str) -> None:
    if channel.account and sent and sent != channel.account:
        raise NotAuthenticError("the business id")
