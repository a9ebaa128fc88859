"""Service 24: what a virtual account has to pay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.payments.settlement import Result
from iuran.payments.snap import receipt
from iuran.payments.snap.account import WireAccount
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    SUCCEEDED,
    Answer,
    additional_info,
    echoed,
)
from iuran.payments.snap.attempts import commit
from iuran.payments.snap.authentication import Sender, authenticate
from iuran.payments.snap.codes import Case, Service, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import amount_object, mandatory_text, optional_instant
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.rulings import ruling_of_result
from iuran.payments.virtual_accounts import Payable, payable_at

REQUEST_ID_LENGTH_MAX = 128
SINGLE_SETTLEMENT = "00000"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """A question that was understood."""

    account: WireAccount
    request_id: str

    @classmethod
    def of(cls, document: JsonObject) -> "Inquiry":
        """Read a request; raises SnapRefusedError with the field that is wrong."""
        account = WireAccount.of(document)
        request_id = mandatory_text(document, "inquiryRequestId", length_max=REQUEST_ID_LENGTH_MAX)
        optional_instant(document, "trxDateInit")
        return cls(account=account, request_id=request_id)


async def answer_inquiry(services: SnapServices, exchange: Exchange) -> Answer:
    """Return the bill of a virtual account; raises SnapRefusedError where there is none to pay.

    Nothing of money depends on this commit, so it does not wait for the disk.
    """
    sender = await authenticate(services, exchange)
    document = parse_object(exchange.message.body)
    inquiry = Inquiry.of(document)
    exchange.reference = inquiry.request_id
    exchange.customer_number = inquiry.account.customer_number
    inquiry.account.check_known_to(sender.channel)
    at = services.clock.now()
    committed = await commit(
        services.pool, lambda connection: _ask(connection, sender, exchange, at)
    )
    payable = committed.value
    if payable is None:
        raise SnapRefusedError(Case.CONFLICT)
    return Answer(
        case=Case.SUCCESSFUL,
        body={
            "virtualAccountData": _data(document, inquiry.account, payable),
            **additional_info(document),
        },
    )


async def _ask(
    connection: Connection, sender: Sender, exchange: Exchange, at: datetime
) -> Payable | None:
    """Reserve the message and look the account up; None if its X-EXTERNAL-ID was used today."""
    await connection.execute(SKIP_DURABILITY)
    reserved = await connection.fetchval(
        RESERVE_MESSAGE,
        sender.channel.channel_id,
        Service.INQUIRY.value,
        wib_date(at),
        sender.external_id,
        exchange.reference,
        at,
        exchange.message.target,
        exchange.message.kept_headers(),
        exchange.message.body,
    )
    if reserved is None:
        return None
    return await payable_at(connection, exchange.customer_number, at=at)


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
