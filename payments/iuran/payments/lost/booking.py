"""What a bank told when it was asked: booked if it is news, disputed if it contradicts us.

What looks like a payment that we have under another id is held (see `lookalikes`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.database.pool import Connection, Pool
from iuran.payments.lost.connections import BankConnection
from iuran.payments.lost.disputes import note_disputes
from iuran.payments.lost.lookalikes import Report, held_before, hold, lookalikes
from iuran.payments.metrics import (
    LOST_PAYMENT_SECONDS,
    LOST_PAYMENTS,
    LOST_PAYMENTS_DISPUTED,
    LOST_PAYMENTS_HELD,
)
from iuran.payments.settlement import (
    INSTRUCTIONS_MAX,
    PaymentInstruction,
    Result,
    Verdict,
    book_collected,
)
from iuran.payments.snap_client.answers import BankPayment
from iuran.payments.virtual_accounts import customer_number_behind

EXTERNAL_ID_LENGTH_MAX = 64

LOCK_SEARCH: LiteralString = """
    SELECT channel_id FROM lost_search WHERE channel_id = $1 FOR NO KEY UPDATE
"""

SELECT_KNOWN: LiteralString = """
    SELECT reference FROM payment_reference
    WHERE channel_id = $1 AND reference = ANY ($2::text[])
"""

INSERT_FOUND: LiteralString = """
    INSERT INTO found_payment (channel_id, reference, service, amount, paid_at, found_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
"""

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class SearchResult:
    """What a search came to: new contradictions between the bank and us, and what is newly held."""

    asked: int = 0
    reported: int = 0
    found: int = 0
    disputed: int = 0
    held: int = 0
    problems: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one answer of a bank came to."""

    new: Sequence[BankPayment] = ()
    in_suspense: int = 0
    disputed: Sequence[str] = ()
    held: Sequence[str] = ()


async def book_told(
    pool: Pool,
    connected: BankConnection,
    payments: Sequence[BankPayment],
    result: SearchResult,
    *,
    at: datetime,
    of: int,
) -> None:
    """Book what a bank told by service `of`, a few hundred to a transaction, and count it.

    A late notification may come meanwhile. A reference that is told with two sums or accounts is
    booked as it is told first, like notifications; the others are disputed.
    """
    switches = connected.api.peculiarities
    report = Report(
        service=of,
        at=at,
        references={payment.reference for payment in payments},
        apart=timedelta(minutes=switches.same_payment_minutes),
        undated=timedelta(hours=switches.report_hours),
    )
    for first in range(0, len(payments), INSTRUCTIONS_MAX):
        part = payments[first : first + INSTRUCTIONS_MAX]
        async with pool.acquire() as connection, connection.transaction():
            told = await _book(connection, connected, part, report)
        _tell(connected, told, result, at=at, of=of)


async def _book(
    connection: Connection,
    connected: BankConnection,
    payments: Sequence[BankPayment],
    report: Report,
) -> Told:
    at, of = report.at, report.service
    await connection.execute(LOCK_SEARCH, connected.channel_id)  # what is held is held once
    instructions = [_instruction(connected, payment, of) for payment in payments]
    places = await _unknown(connection, connected, payments)
    unknown = await _not_held(connection, {n: instructions[n] for n in places})
    pairs = await lookalikes(connection, unknown, report) if unknown else {}
    held = await hold(connection, unknown, pairs, report)
    news = [n for n in unknown if n not in pairs]
    outcomes = (
        await book_collected(connection, [instructions[n] for n in news], at=at) if news else ()
    )
    new = [
        payments[n]
        for n, outcome in zip(news, outcomes, strict=True)
        if outcome.verdict is Verdict.NEW
    ]
    for payment in new:
        await connection.execute(
            INSERT_FOUND,
            connected.channel_id,
            payment.reference,
            of,
            payment.amount,
            payment.paid_at or at,
            at,
        )
    return Told(
        new=new,
        in_suspense=sum(one.result is Result.IN_SUSPENSE for one in outcomes),
        disputed=await note_disputes(connection, instructions, service=of, at=at),
        held=held,
    )


async def _not_held(
    connection: Connection, unknown: Mapping[int, PaymentInstruction]
) -> dict[int, PaymentInstruction]:
    """Leave out what is held already, or was until its dispute ended."""
    if not unknown:
        return {}
    held = await held_before(connection, list(unknown.values()))
    return {
        n: one
        for n, one in unknown.items()
        if (one.reference, one.customer_number, one.amount) not in held
    }


async def _unknown(
    connection: Connection, connected: BankConnection, payments: Sequence[BankPayment]
) -> list[int]:
    """Return the places of what we never heard of, of each reference the first."""
    first = {payment.reference: n for n, payment in reversed(list(enumerate(payments)))}
    rows = await connection.fetch(SELECT_KNOWN, connected.channel_id, list(first))
    known = {row["reference"] for row in rows}
    return sorted(n for reference, n in first.items() if reference not in known)


def _instruction(
    connected: BankConnection, payment: BankPayment, service: int
) -> PaymentInstruction:
    return PaymentInstruction(
        channel_id=connected.channel_id,
        external_id=_external_id(payment.reference),
        reference=payment.reference,
        customer_number=customer_number_behind(payment.virtual_account, prefix=connected.va_prefix),
        amount=payment.amount,
        channel_time=payment.paid_at,
        target=f"asked:{service}",
        headers={},
        body=json.dumps(payment.document, ensure_ascii=False).encode(),
    )


def _external_id(reference: str) -> str:
    """Return an identity of the message that no message of the bank's own has."""
    if len(reference) < EXTERNAL_ID_LENGTH_MAX:
        return f"a-{reference}"
    return f"a-{hashlib.sha256(reference.encode()).hexdigest()}"


def _tell(
    connected: BankConnection, told: Told, result: SearchResult, *, at: datetime, of: int
) -> None:
    result.found += len(told.new)
    result.disputed += len(told.disputed)
    result.held += len(told.held)
    for payment in told.new:
        LOST_PAYMENTS.labels(connected.code, str(of)).inc()
        waited = (at - (payment.paid_at or at)).total_seconds()
        LOST_PAYMENT_SECONDS.labels(connected.code).observe(max(waited, 0))
    for reference in told.disputed:
        LOST_PAYMENTS_DISPUTED.labels(connected.code).inc()
        _log.warning("lost.disputed", channel=connected.code, reference=reference, service=of)
    for reference in told.held:
        LOST_PAYMENTS_HELD.labels(connected.code).inc()
        _log.warning("lost.held", channel=connected.code, reference=reference, service=of)
    if told.new:
        _log.warning(
            "lost.found",
            channel=connected.code,
            service=of,
            payments=len(told.new),
            in_suspense=told.in_suspense,
        )
