"""From a notice to settlement: the same for every dialect, and nothing decided here."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Connection
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.messages import keep_message, kept_headers
from iuran.payments.retail.metrics import RETAIL_ATTENTION
from iuran.payments.retail.notices import Notice, NoticeStatus
from iuran.payments.retail.orders import customer_number_for
from iuran.payments.settlement import (
    Outcome,
    PaymentInstruction,
    Result,
    Verdict,
    book_collected,
)
from iuran.payments.snap.message import SnapMessage

EXTERNAL_ID_LENGTH_MAX = 64
NO_REFERENCE = "-"

_log: FilteringBoundLogger = structlog.get_logger()


class NoticeResult(StrEnum):
    """What came of an authentic message; all of them are answered with 200."""

    BOOKED = "BOOKED"
    """Its money has taken effect: bills, credit."""
    IN_SUSPENSE = "IN_SUSPENSE"
    """Its money is kept, but nobody's account was found for it."""
    REPEATED = "REPEATED"
    """Its money had taken effect before."""
    INCONSISTENT = "INCONSISTENT"
    """The same payment was told with another amount or account: somebody has to look."""
    NOTED = "NOTED"
    """Nothing was collected; the message is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """The answer to an authentic message."""

    result: NoticeResult
    reference: str


async def book(
    services: RetailServices, channel: RetailChannel, message: SnapMessage, notice: Notice
) -> Booked:
    """Book what a notice says in one transaction, and return after its commit."""

    async def work(connection: Connection) -> NoticeResult:
        if notice.status is not NoticeStatus.PAID:
            await _keep(services, connection, channel, message, notice.identity)
            return NoticeResult.NOTED
        outcome = await _settle(services, connection, channel, message, notice)
        if outcome.verdict is not Verdict.NEW:
            await _keep(services, connection, channel, message, notice.identity)
        return _result_of(outcome)

    services.transactions.check_room()
    committed = await services.transactions.commit(work)
    _call_attention(channel, notice, committed.value)
    return Booked(result=committed.value, reference=notice.identity)


async def keep_unreadable(
    services: RetailServices, channel: RetailChannel, message: SnapMessage
) -> None:
    """Keep an authentic message that could not be read."""

    async def work(connection: Connection) -> None:
        await _keep(services, connection, channel, message, NO_REFERENCE)

    services.transactions.check_room()
    await services.transactions.commit(work)
    RETAIL_ATTENTION.labels(channel.code, "UNREADABLE").inc()


async def _keep(
    services: RetailServices,
    connection: Connection,
    channel: RetailChannel,
    message: SnapMessage,
    reference: str,
) -> None:
    at = services.clock.now()
    await keep_message(connection, channel, message, reference=reference, at=at)


async def _settle(
    services: RetailServices,
    connection: Connection,
    channel: RetailChannel,
    message: SnapMessage,
    notice: Notice,
) -> Outcome:
    customer_number = await customer_number_for(
        connection,
        channel.channel_id,
        order_id=notice.order_id,
        payment_code=notice.payment_code,
    )
    instruction = PaymentInstruction(
        channel_id=channel.channel_id,
        external_id=external_id_of(notice.identity),
        reference=notice.identity,
        customer_number=customer_number or NO_REFERENCE,
        amount=notice.amount,
        channel_time=notice.paid_at,
        target=message.target,
        headers=kept_headers(message),
        body=message.body,
    )
    (outcome,) = await book_collected(connection, [instruction], at=services.clock.now())
    return outcome


def external_id_of(identity: str) -> str:
    """Return an identity as the identity of its message: itself, or its digest if it is long."""
    if len(identity) < EXTERNAL_ID_LENGTH_MAX:
        return identity
    return hashlib.sha256(identity.encode()).hexdigest()


def _result_of(outcome: Outcome) -> NoticeResult:
    if outcome.verdict in {Verdict.INCONSISTENT, Verdict.EXTERNAL_ID_REUSED}:
        return NoticeResult.INCONSISTENT
    if outcome.verdict is not Verdict.NEW:
        return NoticeResult.REPEATED
    is_placed = outcome.result is not Result.IN_SUSPENSE
    return NoticeResult.BOOKED if is_placed else NoticeResult.IN_SUSPENSE


def _call_attention(channel: RetailChannel, notice: Notice, result: NoticeResult) -> None:
    if notice.status is NoticeStatus.GIVEN_BACK:
        reason = notice.status.value
    elif result in {NoticeResult.INCONSISTENT, NoticeResult.IN_SUSPENSE}:
        reason = result.value
    else:
        return
    RETAIL_ATTENTION.labels(channel.code, reason).inc()
    _log.warning("retail.attention", channel=channel.code, reason=reason, reference=notice.identity)
