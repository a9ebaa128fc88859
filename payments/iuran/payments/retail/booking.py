"""From a notice to settlement: the same for every dialect, and nothing decided here."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
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
from iuran.payments.settlement import Outcome, PaymentInstruction, Result, Verdict
from iuran.payments.snap.attempts import Committed
from iuran.payments.snap.message import SnapMessage

CONNECTION_TIMEOUT_SECONDS = 5.0
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
    services: RetailServices,
    channel: RetailChannel,
    message: SnapMessage,
    notice: Notice,
    *,
    at: datetime,
) -> Booked:
    """Book what a notice says, in a commit shared with whoever comes at the same time.

    Returns after that commit. What counted before, or did not ask for anything, is in the vault;
    what somebody has to look at is kept before the answer.
    """
    services.transactions.check_room()
    if notice.status is not NoticeStatus.PAID:
        result = NoticeResult.NOTED
    else:
        instruction = await _instruction(services, channel, message, notice)
        result = _result_of(await services.lanes.book_collected(instruction, at=at))
    if result in {NoticeResult.NOTED, NoticeResult.INCONSISTENT}:
        await _keep(services, channel, message, reference=notice.identity, at=at)
    _call_attention(channel, notice, result)
    return Booked(result=result, reference=notice.identity)


async def keep_unreadable(
    services: RetailServices, channel: RetailChannel, message: SnapMessage, *, at: datetime
) -> None:
    """Keep an authentic message that could not be read."""
    services.transactions.check_room()
    await _keep(services, channel, message, reference=NO_REFERENCE, at=at)
    RETAIL_ATTENTION.labels(channel.code, "UNREADABLE").inc()


async def _keep(
    services: RetailServices,
    channel: RetailChannel,
    message: SnapMessage,
    *,
    reference: str,
    at: datetime,
) -> None:
    async def work(connection: Connection) -> None:
        await keep_message(connection, channel, message, reference=reference, at=at)

    await services.transactions.commit(work)


async def _instruction(
    services: RetailServices, channel: RetailChannel, message: SnapMessage, notice: Notice
) -> PaymentInstruction:
    async with services.pool.acquire(timeout=CONNECTION_TIMEOUT_SECONDS) as connection:
        customer_number = await customer_number_for(
            connection,
            channel.channel_id,
            order_id=notice.order_id,
            payment_code=notice.payment_code,
        )
    return PaymentInstruction(
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


def external_id_of(identity: str) -> str:
    """Return an identity as the identity of its message: itself, or its digest if it is long."""
    if len(identity) < EXTERNAL_ID_LENGTH_MAX:
        return identity
    return hashlib.sha256(identity.encode()).hexdigest()


def _result_of(committed: Committed[Outcome]) -> NoticeResult:
    """Say what came of it; a repetition that may be our own second attempt was the first."""
    outcome = committed.value
    if outcome.verdict in {Verdict.INCONSISTENT, Verdict.EXTERNAL_ID_REUSED}:
        return NoticeResult.INCONSISTENT
    if outcome.verdict is not Verdict.NEW and not committed.may_repeat:
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
