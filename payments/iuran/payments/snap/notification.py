"""Money that a bank or an aggregator has collected already: service 34, and the flat dialect.

Nothing of it can be refused: what fits no bill becomes credit, what fits nobody waits in suspense.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.payments.channels import Channel
from iuran.payments.lost.disputes import note_disputes
from iuran.payments.settlement import PaymentInstruction, Verdict
from iuran.payments.snap.answers import (
    ECHOED_IDS,
    Answer,
    additional_info_of,
    echoed,
    echoed_if_sent,
    with_additional_info,
)
from iuran.payments.snap.authentication import Sender, authenticate, authenticate_notifier
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.fields import (
    malformed,
    mandatory_request_id,
    mandatory_rupiah,
    mandatory_text,
    missing,
    optional_request_id,
    rupiah_of,
)
from iuran.payments.snap.message import Exchange
from iuran.payments.snap.payment import report_inconsistency
from iuran.payments.snap.timestamps import parse_instant
from iuran.payments.virtual_accounts import customer_number_behind

PAID_WORDS = frozenset({"", "success", "successful", "paid", "settlement", "00"})
SETTLED_STATUS = "00"

SELECT_TOLD_AMOUNT: LiteralString = """
    SELECT amount FROM inquiry
    WHERE channel_id = $1 AND reference = $2 AND customer_number = $3
    ORDER BY inquiry_id DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """Money that was collected; `amount` is None where the sender leaves it out.

    `inquiry` is the reference of the inquiry that may have gone before.
    """

    reference: str
    inquiry: str
    customer_number: str
    amount: Rupiah | None
    channel_time: datetime | None


async def answer_notification(services: SnapServices, exchange: Exchange) -> Answer:
    """Book what service 34 tells; a notice of anything but success is acknowledged alone."""
    services.transactions.check_room()
    sender = await authenticate(services, exchange)
    document = parse_object(exchange.message.body)
    collected = _of_intrabank(document, sender.channel)
    exchange.reference, exchange.customer_number = collected.reference, collected.customer_number
    if _word(document, "paymentStatus").lower() in PAID_WORDS:
        await _book(services, sender, exchange, collected)
    data = {
        "paymentFlagReason": Case.SUCCESSFUL.reason(),
        **echoed(document, (*ECHOED_IDS, "inquiryRequestId", "paymentRequestId")),
        **echoed_if_sent(document, ("partnerReferenceNo", "trxDateTime", "paymentStatus")),
    }
    body = with_additional_info(document, {"virtualAccountdata": data}, "virtualAccountdata")
    return Answer(case=Case.SUCCESSFUL, body=body)


async def answer_flat_notification(services: SnapServices, exchange: Exchange) -> Answer:
    """Book a notification that an aggregator signs with its key and sends to its own path.

    latestTransactionStatus 00 is money; anything else (03, pending) is acknowledged and changes
    nothing, so that one which comes late never takes money back.
    """
    services.transactions.check_room()
    sender = await authenticate_notifier(services, exchange)
    document = parse_object(exchange.message.body)
    status = mandatory_text(document, "latestTransactionStatus", length_max=6).strip()
    if status == SETTLED_STATUS:
        collected = _of_flat(document, sender.channel)
        exchange.reference = collected.reference
        exchange.customer_number = collected.customer_number
        await _book(services, sender, exchange, collected)
    return Answer(case=Case.SUCCESSFUL, body=with_additional_info(document, {}))


def _of_intrabank(document: JsonObject, channel: Channel) -> Collected:
    whole = mandatory_text(document, "virtualAccountNo", length_max=64)
    return Collected(
        reference=mandatory_request_id(document, "paymentRequestId"),
        inquiry=optional_request_id(document, "inquiryRequestId"),
        customer_number=_customer_number(whole, channel),
        amount=_told_amount(document),
        channel_time=_paid_at(document),
    )


def _of_flat(document: JsonObject, channel: Channel) -> Collected:
    whole = mandatory_text(document, "virtualAccountNo", length_max=64)
    original = optional_request_id(document, "originalReferenceNo")
    return Collected(
        reference=original or mandatory_request_id(document, "paymentRequestId"),
        inquiry="",
        customer_number=_customer_number(whole, channel),
        amount=_some(mandatory_rupiah(document, "paidAmount")),
        channel_time=_paid_at(document),
    )


def _customer_number(whole: str, channel: Channel) -> str:
    """Return the number behind the channel's prefix; as it is where it has not our form."""
    number = whole.strip()
    if not (number.isascii() and number.isdigit()):
        raise malformed("virtualAccountNo")
    return customer_number_behind(number, prefix=channel.va_prefix)


def _paid_at(document: JsonObject) -> datetime | None:
    """Return trxDateTime if it can be read: it only dates money that cannot be refused."""
    told = document.get("trxDateTime")
    return parse_instant(told) if isinstance(told, str) else None


def _told_amount(document: JsonObject) -> Rupiah | None:
    """Return paidAmount, or BRI's additionalInfo.paymentAmount; None if neither was sent."""
    if document.get("paidAmount") not in (None, ""):
        return _some(mandatory_rupiah(document, "paidAmount"))
    info = additional_info_of(document)
    value = info.get("paymentAmount") if isinstance(info, JsonObject) else None
    if value in (None, ""):
        return None
    return _some(rupiah_of(value, field="additionalInfo.paymentAmount"))


def _some(amount: Rupiah) -> Rupiah:
    if amount == 0:
        raise malformed("paidAmount.value")
    return amount


def _word(document: JsonObject, field: str) -> str:
    value = document.get(field)
    return value.strip() if isinstance(value, str) else ""


async def _book(
    services: SnapServices, sender: Sender, exchange: Exchange, collected: Collected
) -> None:
    """Book the money in one transaction; the same however often told.

    Raises SnapRefusedError if another payment has the X-EXTERNAL-ID or this reference, or if we
    refused this payment before it was collected: then it is disputed, and never silently gone.
    """
    at = exchange.legal_at or services.clock.now()
    amount = collected.amount or await _asked_amount(services, sender, collected)
    instruction = _instruction(sender, exchange, collected, amount)
    outcome = (await services.lanes.book_collected(instruction, at=at)).value
    if outcome.verdict is Verdict.EXTERNAL_ID_REUSED:
        raise SnapRefusedError(Case.CONFLICT)
    if outcome.verdict is Verdict.INCONSISTENT or not outcome.is_kept:
        await services.transactions.commit(
            lambda connection: note_disputes(
                connection, [instruction], service=exchange.service, at=at
            )
        )
        report_inconsistency(exchange, outcome)
        raise SnapRefusedError(Case.INCONSISTENT_REQUEST)


async def _asked_amount(services: SnapServices, sender: Sender, collected: Collected) -> Rupiah:
    """Return what we told the channel to collect: a closed account takes exactly that.

    Raises SnapRefusedError (400xx02) if we never told it anything.
    """

    async def work(connection: Connection) -> int | None:
        for reference in dict.fromkeys((collected.reference, collected.inquiry)):
            amount: int | None = await connection.fetchval(
                SELECT_TOLD_AMOUNT, sender.channel.channel_id, reference, collected.customer_number
            )
            if amount is not None:
                return amount
        return None

    amount = (await services.transactions.commit(work)).value
    if amount is None:
        raise missing("paidAmount")
    return Rupiah(amount)


def _instruction(
    sender: Sender, exchange: Exchange, collected: Collected, amount: Rupiah
) -> PaymentInstruction:
    return PaymentInstruction(
        channel_id=sender.channel.channel_id,
        external_id=f"n-{sender.external_id}",  # not of the same service as a payment's
        reference=collected.reference,
        customer_number=collected.customer_number,
        amount=amount,
        channel_time=collected.channel_time,
        target=exchange.message.target,
        headers=exchange.headers,
        body=exchange.message.body,
    )
