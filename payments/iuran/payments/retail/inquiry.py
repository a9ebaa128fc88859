"""DOKU's Direct Inquiry: a payer shows a code at the counter, and we say what it has to pay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from iuran.core.database.pool import Connection
from iuran.core.identifiers import mask_name
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.dialects import document_of
from iuran.payments.retail.notices import object_of, optional_text, text_of
from iuran.payments.retail.orders import (
    PaymentOrder,
    customer_number_of_code,
    new_order_id,
    register_order,
)
from iuran.payments.snap.message import SnapMessage
from iuran.payments.virtual_accounts import Payable, payable_at

OUTLET = "DIRECT_INQUIRY"
PAYABLE = "PAYABLE"
NOT_FOUND = "billing_not_found"
SUCCESS = "success"
REFUSALS: Mapping[str, str] = {
    "ALREADY_PAID": "billing_already_paid",
    "EXPIRED": "billing_was_expired",
    "TOO_EARLY": "decline",
}
"""How DOKU calls it that an account can pay nothing; all else is `billing_not_found`."""

HTTP_STATUSES: Mapping[str, int] = {SUCCESS: 200, NOT_FOUND: 404}
REFUSED_STATUS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryAnswer:
    """What DOKU hears, to be signed."""

    status: str
    document: Mapping[str, object]

    @property
    def http_status(self) -> int:
        """The HTTP status that goes with it."""
        return HTTP_STATUSES.get(self.status, REFUSED_STATUS)


async def answer_inquiry(
    services: RetailServices, channel: RetailChannel, message: SnapMessage, *, at: datetime
) -> InquiryAnswer:
    """Return the answer to an inquiry; each that may be paid is an order with a number of its own.

    So the notification that follows names whose money it is, and pays no other order.
    """
    document = document_of(message.body)
    code = text_of(object_of(document, "online_to_offline_info"), "payment_code")
    outlet = optional_text(object_of(document, "channel"), "id") or OUTLET

    async def work(connection: Connection) -> tuple[str, Payable] | None:
        return await _order(connection, channel, code=code, outlet=outlet, at=at)

    services.transactions.check_room()
    found = (await services.transactions.commit(work)).value
    if found is None:
        return _refusal(code, NOT_FOUND)
    order_id, payable = found
    if payable.result != PAYABLE:
        return _refusal(code, REFUSALS.get(payable.result, NOT_FOUND))
    return InquiryAnswer(status=SUCCESS, document=_document(code, order_id, payable))


async def _order(
    connection: Connection, channel: RetailChannel, *, code: str, outlet: str, at: datetime
) -> tuple[str, Payable] | None:
    number = await customer_number_of_code(
        connection, channel.channel_id, code, prefix=channel.va_prefix
    )
    if number is None:
        return None
    payable = await payable_at(connection, number, at=at)
    order_id = new_order_id()
    if payable.result == PAYABLE:
        order = PaymentOrder(
            channel_id=channel.channel_id,
            order_id=order_id,
            customer_number=number,
            amount=payable.amount,
            outlet=outlet,
        )
        await register_order(connection, order, at=at)
    return order_id, payable


def _document(code: str, order_id: str, payable: Payable) -> dict[str, object]:
    return {
        "order": {"invoice_number": order_id, "amount": payable.amount},
        "online_to_offline_info": {
            "payment_code": code,
            "info1": f"Iuran JKN {payable.first_month} - {payable.last_month}",
            "info2": f"{payable.members} peserta",
        },
        "online_to_offline_inquiry": {"status": SUCCESS},
        "customer": {"name": mask_name(payable.name)},
    }


def _refusal(code: str, status: str) -> InquiryAnswer:
    document: dict[str, object] = {
        "online_to_offline_info": {"payment_code": code},
        "online_to_offline_inquiry": {"status": status},
    }
    return InquiryAnswer(status=status, document=document)
