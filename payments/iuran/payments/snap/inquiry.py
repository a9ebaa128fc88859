"""Service 24: what a virtual account has to pay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.inquiries import inquire
from iuran.payments.settlement import Result
from iuran.payments.snap import receipt
from iuran.payments.snap.account import WireAccount
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    SINGLE_SETTLEMENT,
    SUCCEEDED,
    Answer,
    additional_info,
    echoed,
)
from iuran.payments.snap.authentication import Sender, authenticate
from iuran.payments.snap.codes import Case, Service, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import amount_object, mandatory_request_id, optional_instant
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.rulings import ruling_of_result
from iuran.payments.virtual_accounts import Payable

CLOSED_AMOUNT = "C"

SKIP_DURABILITY: LiteralString = """
    SET LOCAL synchronous_commit = off
"""

RESERVE_MESSAGE: LiteralString = """
    INSERT INTO channel_message (channel_id, service, wib_day, external_id, reference, received_at,
                                 target, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (channel_id, service, wib_day, external_id) DO NOTHING
    RETURNING external_id
"""

SELECT_RESERVED_REFERENCE: LiteralString = """
    SELECT reference FROM channel_message
    WHERE channel_id = $1 AND service = $2 AND wib_day = $3 AND external_id = $4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question that was understood."""

    account: WireAccount
    request_id: str

    @classmethod
    def of(cls, document: JsonObject) -> "Inquiry":
        """Read a request; raises SnapRefusedError with the field that is wrong."""
        account = WireAccount.of(document)
        request_id = mandatory_request_id(document, "inquiryRequestId")
        optional_instant(document, "trxDateInit")
        return cls(account=account, request_id=request_id)


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
    at = services.clock.now()
    committed = await services.transactions.commit(
        lambda connection: _ask(connection, sender, exchange, at)
    )
    asked = committed.value
    failed_before = committed.may_repeat or exchange in services.unanswered
    if asked is None or not (asked.is_first or failed_before):
        raise SnapRefusedError(Case.CONFLICT)
    return Answer(
        case=Case.SUCCESSFUL,
        body={
            "virtualAccountData": _data(document, inquiry.account, asked.payable),
            **additional_info(document),
        },
    )


async def _ask(
    connection: Connection, sender: Sender, exchange: Exchange, at: datetime
) -> Asked | None:
    """Reserve the message and look the account up.

    None if another inquiry used the X-EXTERNAL-ID today.
    """
    await connection.execute(SKIP_DURABILITY)
    identity = (
        sender.channel.channel_id,
        Service.INQUIRY.value,
        wib_date(at),
        sender.external_id,
    )
    reserved = await connection.fetchval(
        RESERVE_MESSAGE,
        *identity,
        exchange.reference,
        at,
        exchange.message.target,
        exchange.message.kept_headers(),
        exchange.message.body,
    )
    if reserved is None:
        stored = await connection.fetchval(SELECT_RESERVED_REFERENCE, *identity)
        if stored != exchange.reference:
            return None
    payable = await inquire(
        connection,
        sender.channel.channel_id,
        reference=exchange.reference,
        customer_number=exchange.customer_number,
        at=at,
    )
    return Asked(payable=payable, is_first=reserved is not None)


def _data(document: JsonObject, account: WireAccount, payable: Payable) -> Mapping[str, object]:
    first, last = payable.first_month, payable.last_month
    if payable.result != "PAYABLE" or first is None or last is None:
        ruling = ruling_of_result(Result(payable.result), payable_from=payable.payable_from)
        raise ruling.refused()
    amount = amount_object(payable.amount)
    return {
        "inquiryStatus": SUCCEEDED,
        "inquiryReason": Case.SUCCESSFUL.reason(),
        **echoed(document, ECHOED_IDS),
        "virtualAccountName": payable.name,
        **echoed(document, ("inquiryRequestId",)),
        "totalAmount": amount,
        "subCompany": SINGLE_SETTLEMENT,
        "billDetails": [
            {
                "billNo": receipt.bill_number(account.customer_number, last),
                "billDescription": receipt.description(first, last),
                "billSubCompany": SINGLE_SETTLEMENT,
                "billAmount": amount,
            }
        ],
        "freeTexts": receipt.bill_lines(first, last, members=payable.members),
        "virtualAccountTrxType": CLOSED_AMOUNT,
    }
