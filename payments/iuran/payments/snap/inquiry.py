"""Service 24: what a virtual account has to pay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from iuran.core.database.pool import Connection
from iuran.payments.inquiries import inquire
from iuran.payments.quirks import Quirks
from iuran.payments.settlement import Result
from iuran.payments.snap import receipt
from iuran.payments.snap.account import WireAccount
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    SUCCEEDED,
    Answer,
    echoed,
    told,
    with_additional_info,
)
from iuran.payments.snap.authentication import Sender, authenticate
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import amount_object, mandatory_request_id, optional_instant
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.months_ahead import months_asked, wish_months_ahead
from iuran.payments.snap.reservations import reserve
from iuran.payments.snap.rulings import ruling_of_result
from iuran.payments.virtual_accounts import Payable


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question that was understood."""

    account: WireAccount
    request_id: str
    months_ahead: int | None

    @classmethod
    def of(cls, document: JsonObject) -> "Inquiry":
        """Read a request; raises SnapRefusedError with the field that is wrong."""
        account = WireAccount.of(document)
        request_id = mandatory_request_id(document, "inquiryRequestId")
        optional_instant(document, "trxDateInit")
        return cls(account=account, request_id=request_id, months_ahead=months_asked(document))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an account has to pay; `is_first` unless the same inquiry was stored before."""

    payable: Payable
    is_first: bool


async def answer_inquiry(services: SnapServices, exchange: Exchange) -> Answer:
    """Return the bill of a virtual account; raises SnapRefusedError where there is none to pay.

    Nothing of money depends on this commit, so it does not wait for the disk.
    """
    services.transactions.check_room()
    sender = await authenticate(services, exchange)
    document = parse_object(exchange.message.body)
    inquiry = Inquiry.of(document)
    exchange.reference = inquiry.request_id
    exchange.customer_number = inquiry.account.customer_number
    inquiry.account.check_known_to(sender.channel)
    at = exchange.legal_at or services.clock.now()
    committed = await services.transactions.commit(
        lambda connection: _ask(connection, sender, exchange, inquiry, at)
    )
    asked = committed.value
    failed_before = committed.may_repeat or exchange in services.unanswered
    if asked is None or not (asked.is_first or failed_before):
        raise SnapRefusedError(Case.CONFLICT)
    data = _data(document, inquiry.account, asked.payable, sender.channel.quirks)
    return Answer(
        case=Case.SUCCESSFUL, body=with_additional_info(document, {"virtualAccountData": data})
    )


async def _ask(
    connection: Connection, sender: Sender, exchange: Exchange, inquiry: Inquiry, at: datetime
) -> Asked | None:
    """Reserve the message and look the account up.

    None if another inquiry used the X-EXTERNAL-ID today.
    """
    is_first = await reserve(connection, sender, exchange, at)
    if is_first is None:
        return None
    number = inquiry.account.customer_number
    if inquiry.months_ahead is not None:
        await wish_months_ahead(connection, number, months=inquiry.months_ahead, at=at)
    payable = await inquire(
        connection,
        sender.channel.channel_id,
        reference=inquiry.request_id,
        customer_number=number,
        at=at,
    )
    return Asked(payable=payable, is_first=is_first)


def _data(
    document: JsonObject, account: WireAccount, payable: Payable, quirks: Quirks
) -> Mapping[str, object]:
    first, last = payable.first_month, payable.last_month
    if payable.result != "PAYABLE" or first is None or last is None:
        ruling = ruling_of_result(Result(payable.result), payable_from=payable.payable_from)
        raise ruling.refused()
    amount = amount_object(payable.amount)
    bill = {
        "billNo": receipt.bill_number(account.customer_number, last),
        "billDescription": told(receipt.description(first, last), quirks.language),
        **_if_any("billSubCompany", quirks.sub_company),
        "billAmount": amount,
    }
    lines = receipt.bill_lines(first, last, members=payable.members)
    if payable.months_ahead:
        lines = [*lines, receipt.months_ahead_line(payable.months_ahead)]
    return {
        "inquiryStatus": SUCCEEDED,
        "inquiryReason": told(Case.SUCCESSFUL.reason(), quirks.language),
        **echoed(document, ECHOED_IDS),
        "virtualAccountName": payable.name,
        **echoed(document, ("inquiryRequestId",)),
        "totalAmount": amount,
        **_if_any("subCompany", quirks.sub_company),
        "billDetails": [bill][: quirks.bill_details_max],
        "freeTexts": [told(line, quirks.language) for line in lines[: quirks.free_texts_max]],
        **_if_any("virtualAccountTrxType", quirks.trx_type),
    }


def _if_any(name: str, value: str) -> dict[str, str]:
    return {name: value} if value else {}
