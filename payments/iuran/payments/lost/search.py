"""The search for lost notifications: inquiries without a payment, and the bank's report."""

import asyncio
from datetime import datetime, timedelta
from typing import LiteralString

from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection, Pool
from iuran.payments.lost.booking import SearchResult, book_told
from iuran.payments.lost.connections import BankConnection
from iuran.payments.lost.sources import BankRefusedError, PaymentSource
from iuran.payments.snap_client.answers import BankPayment

STATUS = 26
REPORT = 35
ASKED_MAX = 200
ASKED_AT_ONCE = 8
DAYS_ASKED = 2  # a bank answers of today and yesterday
PAUSE_MAX = timedelta(hours=4)
ERROR_LENGTH_MAX = 300

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

SELECT_REPORTED: LiteralString = """
    SELECT reported_until, reading_from FROM lost_search WHERE channel_id = $1
"""

NOTE_PAGE: LiteralString = """
    UPDATE lost_search
    SET reading_from = $2, reported_until = greatest(reported_until, $2)
    WHERE channel_id = $1
"""

END_REPORT: LiteralString = """
    UPDATE lost_search SET reading_from = NULL WHERE channel_id = $1
"""

END_SEARCH: LiteralString = """
    UPDATE lost_search SET next_at = $2, last_error = $3 WHERE channel_id = $1
"""


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
    if switches.asks_status:
        await _ask(pool, connected, source, result, at=at, until=until)
    if switches.pulls_report:
        await _pull(pool, connected, source, result, at=at, until=until)
    problem = "; ".join(dict.fromkeys(result.problems))[:ERROR_LENGTH_MAX] or None
    async with pool.acquire() as connection:
        await connection.execute(
            END_SEARCH,
            connected.channel_id,
            real + timedelta(seconds=switches.search_every_seconds),
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
    told = [answer for answer in answers if answer is not None]
    await book_told(pool, connected, told, result, at=at, of=STATUS)
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
) -> None:
    """Read the bank's report of a sliding window, page by page, and book each before the next.

    The window goes back to where the last report ended if that is longer ago, so that a bank that
    was away for days loses nothing. What is cut off in the middle goes on there the next time.
    """
    async with pool.acquire() as connection:
        since = await _report_begins(connection, connected, until=until)
    try:
        async for page in source.report(since=since, until=until):
            result.reported += len(page.payments)
            old = [p for p in page.payments if p.paid_at is None or p.paid_at <= until]
            await book_told(pool, connected, old, result, at=at, of=REPORT)
            async with pool.acquire() as connection:
                await connection.execute(NOTE_PAGE, connected.channel_id, page.until)
    except BankRefusedError as error:
        result.problems.append(str(error))
        return
    async with pool.acquire() as connection:
        await connection.execute(END_REPORT, connected.channel_id)


async def _report_begins(
    connection: Connection, connected: BankConnection, *, until: datetime
) -> datetime:
    window = until - timedelta(hours=connected.api.peculiarities.report_hours)
    row = await connection.fetchrow(SELECT_REPORTED, connected.channel_id)
    if row is None:
        return window
    reading_from: datetime | None = row["reading_from"]
    reported_until: datetime | None = row["reported_until"]
    return reading_from or min(window, reported_until or window)
