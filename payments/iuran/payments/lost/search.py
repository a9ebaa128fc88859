"""The search for lost notifications: inquiries without a payment, and the bank's report."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import LiteralString

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Pool
from iuran.payments.lost.connections import BankConnection
from iuran.payments.lost.sources import BankRefusedError, PaymentSource
from iuran.payments.metrics import LOST_PAYMENT_SECONDS, LOST_PAYMENTS, LOST_PAYMENTS_DISPUTED
from iuran.payments.settlement import (
    INSTRUCTIONS_MAX,
    Outcome,
    PaymentInstruction,
    Result,
    Verdict,
    book_collected,
)
from iuran.payments.snap_client.answers import BankPayment
from iuran.payments.virtual_accounts import customer_number_behind

STATUS = 26
REPORT = 35
ASKED_MAX = 200
ASKED_AT_ONCE = 8
DAYS_ASKED = 2  # a bank answers of today and yesterday
PAUSE_MAX = timedelta(hours=4)
ERROR_LENGTH_MAX = 300
EXTERNAL_ID_LENGTH_MAX = 64
KEPT_RESULTS = frozenset({Result.SETTLED, Result.CREDITED, Result.IN_SUSPENSE})

SELECT_UNPAID: LiteralString = """
    SELECT DISTINCT ON (i.reference) i.reference, i.customer_number, coalesce(q.tries, 0) AS tries
    FROM inquiry AS i
    LEFT JOIN status_query AS q ON q.channel_id = i.channel_id AND q.reference = i.reference
    WHERE i.channel_id = $1 AND i.asked_at >= $2 AND i.asked_at <= $3
      AND (q.next_at IS NULL OR q.next_at <= $4)
      AND NOT EXISTS (SELECT FROM payment_reference AS r
                      WHERE r.channel_id = i.channel_id AND r.reference = i.reference)
    ORDER BY i.reference
    LIMIT $5
"""

NOTE_ASKED: LiteralString = """
    INSERT INTO status_query (channel_id, reference, tries, next_at)
    SELECT $1, u.reference, u.tries, u.next_at
    FROM unnest($2::text[], $3::integer[], $4::timestamptz[]) AS u (reference, tries, next_at)
    ON CONFLICT (channel_id, reference) DO UPDATE
    SET tries = excluded.tries, next_at = excluded.next_at
"""

FORGET_ASKED: LiteralString = """
    DELETE FROM status_query WHERE channel_id = $1 AND next_at < $2
"""

SELECT_KNOWN: LiteralString = """
    SELECT r.reference, r.amount, a.result
    FROM payment_reference AS r
    LEFT JOIN payment_answer AS a ON a.channel_id = r.channel_id AND a.reference = r.reference
    WHERE r.channel_id = $1 AND r.reference = ANY($2::text[])
"""

INSERT_FOUND: LiteralString = """
    INSERT INTO found_payment (channel_id, reference, service, amount, paid_at, found_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
"""

SELECT_REPORTED_UNTIL: LiteralString = """
    SELECT reported_until FROM lost_search WHERE channel_id = $1
"""

END_SEARCH: LiteralString = """
    UPDATE lost_search
    SET next_at = $2, reported_until = coalesce($3, reported_until), last_error = $4
    WHERE channel_id = $1
"""

_log: FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class SearchResult:
    """What a search came to. `disputed` are payments that the bank has and we refused."""

    asked: int = 0
    reported: int = 0
    found: int = 0
    disputed: int = 0
    problems: list[str] = field(default_factory=list[str])


async def search(
    pool: Pool, connected: BankConnection, source: PaymentSource, *, at: datetime, real: datetime
) -> SearchResult:
    """Ask a bank for payments that we were not told of, and book them; safe at any time, twice.

    `at` is legal time: what was asked and paid when; `real` decides when the next search is due.
    No transaction is open while the bank is asked. What cannot be reached is asked next time.
    """
    result = SearchResult()
    switches = connected.api.peculiarities
    until = at - timedelta(minutes=switches.status_after_minutes)
    reported_until: datetime | None = None
    if switches.asks_status:
        await _ask(pool, connected, source, result, at=at, until=until)
    if switches.pulls_report:
        reported_until = await _pull(pool, connected, source, result, at=at, until=until)
    problem = "; ".join(dict.fromkeys(result.problems))[:ERROR_LENGTH_MAX] or None
    async with pool.acquire() as connection:
        await connection.execute(
            END_SEARCH,
            connected.channel_id,
            real + timedelta(seconds=switches.search_every_seconds),
            reported_until,
            problem,
        )
    return result


async def _ask(
    pool: Pool,
    connected: BankConnection,
    source: PaymentSource,
    result: SearchResult,
    *,
    at: datetime,
    until: datetime,
) -> None:
    """Ask about inquiries that no payment followed, each less often the longer it is ago."""
    since = wib_instant(wib_date(at) - timedelta(days=DAYS_ASKED - 1))
    async with pool.acquire() as connection:
        unpaid = await connection.fetch(
            SELECT_UNPAID, connected.channel_id, since, until, at, ASKED_MAX
        )
    turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def ask(reference: str, customer_number: str) -> BankPayment | None:
        async with turns:
            try:
                return await source.status(reference, customer_number)
            except BankRefusedError as error:
                result.problems.append(str(error))
                return None

    answers = await asyncio.gather(*(ask(u["reference"], u["customer_number"]) for u in unpaid))
    result.asked = len(unpaid)
    await _book(pool, connected, [a for a in answers if a is not None], result, at=at, of=STATUS)
    pause = max(timedelta(minutes=connected.api.peculiarities.status_after_minutes), _MINUTE)
    tries: list[int] = [row["tries"] + 1 for row in unpaid]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            NOTE_ASKED,
            connected.channel_id,
            [row["reference"] for row in unpaid],
            tries,
            [at + min(pause * 2 ** min(n, 10), PAUSE_MAX) for n in tries],
        )
        await connection.execute(FORGET_ASKED, connected.channel_id, since)


_MINUTE = timedelta(minutes=1)


async def _pull(
    pool: Pool,
    connected: BankConnection,
    source: PaymentSource,
    result: SearchResult,
    *,
    at: datetime,
    until: datetime,
) -> datetime | None:
    """Read the bank's report of a sliding window; return until when, None if it failed.

    The window goes back to where the last report ended if that is longer ago, so that a bank that
    was away for days loses nothing.
    """
    since = until - timedelta(hours=connected.api.peculiarities.report_hours)
    async with pool.acquire() as connection:
        former: datetime | None = await connection.fetchval(
            SELECT_REPORTED_UNTIL, connected.channel_id
        )
    try:
        payments = await source.report(since=min(since, former or since), until=until)
    except BankRefusedError as error:
        result.problems.append(str(error))
        return None
    result.reported = len(payments)
    old = [p for p in payments if p.paid_at is None or p.paid_at <= until]
    for first in range(0, len(old), INSTRUCTIONS_MAX):
        part = old[first : first + INSTRUCTIONS_MAX]
        await _book(pool, connected, part, result, at=at, of=REPORT)
    return until


async def _book(
    pool: Pool,
    connected: BankConnection,
    payments: Sequence[BankPayment],
    result: SearchResult,
    *,
    at: datetime,
    of: int,
) -> None:
    """Book what we do not know, in one transaction; a late notification may come meanwhile."""
    payments = list({payment.reference: payment for payment in payments}.values())
    if not payments:
        return
    async with pool.acquire() as connection, connection.transaction():
        unknown = await _unknown(connection, connected, payments, result)
        if not unknown:
            return
        instructions = [_instruction(connected, payment, of) for payment in unknown]
        outcomes = await book_collected(connection, instructions, at=at)
        new = [
            payment
            for payment, outcome in zip(unknown, outcomes, strict=True)
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
    _tell(connected, new, outcomes, result, at=at, of=of)


async def _unknown(
    connection: Connection,
    connected: BankConnection,
    payments: Sequence[BankPayment],
    result: SearchResult,
) -> list[BankPayment]:
    """Return what we never heard of; count what we refused or know with another amount."""
    references = [payment.reference for payment in payments]
    rows = await connection.fetch(SELECT_KNOWN, connected.channel_id, references)
    known = {row["reference"]: row for row in rows}
    for payment in payments:
        row = known.get(payment.reference)
        if row is None:
            continue
        if row["result"] not in KEPT_RESULTS or row["amount"] != payment.amount:
            result.disputed += 1
            LOST_PAYMENTS_DISPUTED.labels(connected.code).inc()
            _log.warning(
                "lost.disputed",
                channel=connected.code,
                reference=payment.reference,
                our_result=row["result"],
            )
    return [payment for payment in payments if payment.reference not in known]


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
    connected: BankConnection,
    new: Sequence[BankPayment],
    outcomes: Sequence[Outcome],
    result: SearchResult,
    *,
    at: datetime,
    of: int,
) -> None:
    result.found += len(new)
    for payment in new:
        LOST_PAYMENTS.labels(connected.code, str(of)).inc()
        waited = (at - (payment.paid_at or at)).total_seconds()
        LOST_PAYMENT_SECONDS.labels(connected.code).observe(max(waited, 0))
    if new:
        _log.warning(
            "lost.found",
            channel=connected.code,
            service=of,
            payments=len(new),
            in_suspense=sum(one.result is Result.IN_SUSPENSE for one in outcomes),
        )
