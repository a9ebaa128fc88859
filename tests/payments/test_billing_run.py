"""A run that is killed and started again, or runs twice at once, leaves what one run leaves."""

import asyncio
import sys

import pytest

from iuran.core.database.pool import Pool, connected
from iuran.core.segments import CareClass, Segment
from iuran.payments import billing
from iuran.payments.ledger import disagreements
from iuran.payments.settlement import book_collected
from tests.builders import a_channel, a_family, an_active_family, an_instruction
from tests.conftest import PATIENCE_SECONDS, clear
from tests.moments import wib
from tests.payments.payers import an_employer, hired, roll, sponsored

FAMILIES = 12
FIRST_PAYMENT, RUN_AT = wib(2025, 12, 20), wib(2026, 3, 1)
IDENTITIES = ("event_id", "entry_id", "line_id", "window_id")
TABLES = (
    "bill",
    "bill_line",
    "ledger_entry",
    "credit_entry",
    "membership",
    "membership_event",
    "outbox",
    "employer_bill",
    "employee_contribution",
    "government_bill_line",
    "government_ledger_entry",
    "billing_run",
)

LOCK_A_MEMBERSHIP = "SELECT FROM membership WHERE family_id = $1 FOR UPDATE"
SELECT_IS_WAITED_FOR = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE '%bill_month(%')
"""
COUNT_OTHERS_AT_WORK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%bill_month(%' AND state <> 'idle'
      AND pid <> pg_backend_pid()
"""


async def a_small_country(pool: Pool) -> None:
    """Families that will be suspended, that have credit for a month or for all, and others' too."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for n in range(FAMILIES):
        _, (account, *_) = await an_active_family(
            pool,
            channel,
            a_family(members=1 + n % 3, care_class=CareClass(1 + n % 3)),
            first_payment_at=FIRST_PAYMENT,
        )
        if n % 4 == 0:
            extra = an_instruction(channel, account.customer_number, 160_000 * (1 + n % 3) + n)
            async with pool.acquire() as connection, connection.transaction():
                await book_collected(connection, [extra], at=FIRST_PAYMENT)
    employer, _ = await an_employer(pool, at=FIRST_PAYMENT)
    await hired(pool, employer, wage=5_000_000, at=FIRST_PAYMENT)
    await sponsored(pool, Segment.PBI_APBN, at=FIRST_PAYMENT)


async def rows(pool: Pool) -> dict[str, list[str]]:
    """What the run left, without the numbers that sequences gave."""
    found: dict[str, list[str]] = {}
    async with pool.acquire() as connection:
        for table in TABLES:
            records = await connection.fetch(
                f"SELECT (to_jsonb(t) - $1::text[])::text AS row FROM {table} AS t",  # noqa: S608  # a name of ours
                list(IDENTITIES),
            )
            found[table] = sorted(record["row"] for record in records)
        assert await disagreements(connection) == ()
    return found


async def of_an_unbroken_run(pool: Pool, database_url: str) -> dict[str, list[str]]:
    await a_small_country(pool)
    await roll(pool, RUN_AT)
    left = await rows(pool)
    await clear(database_url)
    return left


async def until(database_url: str, question: str, answer: object) -> None:
    """Wait for what only the owner may see of other sessions."""
    async with asyncio.timeout(PATIENCE_SECONDS), connected(database_url, role=None) as owner:
        while await owner.fetchval(question) != answer:
            await owner.execute("SELECT pg_sleep(0.02)")


async def test_a_run_killed_in_the_middle_and_started_again_leaves_the_same_rows(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await of_an_unbroken_run(pool, database_url)
    await a_small_country(pool)

    async with connected(database_url) as other, other.transaction():
        await other.execute(LOCK_A_MEMBERSHIP, 7)
        run = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.payments.a_run", database_url, RUN_AT.isoformat())
        )
        await until(database_url, SELECT_IS_WAITED_FOR, answer=True)
        run.kill()
        await run.wait()
    await until(database_url, COUNT_OTHERS_AT_WORK, answer=0)
    half = await rows(pool)
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 3)
    await roll(pool, RUN_AT)

    assert 0 < len(half["bill"]) < len(expected["bill"])
    assert await rows(pool) == expected


async def test_two_runs_at_once_leave_the_same_rows(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = await of_an_unbroken_run(pool, database_url)
    await a_small_country(pool)
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 2)

    await asyncio.gather(roll(pool, RUN_AT), roll(pool, RUN_AT))

    assert await rows(pool) == expected


async def test_progress_is_told_for_employers_and_for_families(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "EMPLOYERS_A_BATCH", 1)
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 1)
    for _ in range(3):
        employer, _ = await an_employer(pool, at=wib(2026, 1, 5))
        await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))

    steps = await roll(pool, wib(2026, 1, 6))

    assert [(s.employers_done, s.families_done, s.employer_bills_issued) for s in steps[-5:]] == [
        (1, 0, 1),
        (2, 0, 2),
        (3, 0, 3),
        (3, 2, 3),
        (3, 3, 3),
    ]
    assert {(step.employers_total, step.families_total) for step in steps} == {(3, 3)}


async def test_a_batch_that_fails_stops_the_run_and_nothing_goes_on_behind_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    for _ in range(4):
        await an_active_family(pool, channel, a_family(), first_payment_at=FIRST_PAYMENT)
    await roll(pool, wib(2025, 12, 31))
    monkeypatch.setattr(billing, "FAMILIES_A_BATCH", 1)
    spend = billing.spend_credits

    async def fails_for_the_first(*_args: object, family_from: int, **_more: object) -> int:
        if family_from == 1:
            raise ConnectionResetError
        await asyncio.Event().wait()  # until somebody stops it
        return 0

    monkeypatch.setattr(billing, "spend_credits", fails_for_the_first)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ConnectionResetError):
            await roll(pool, wib(2026, 1, 1))
    monkeypatch.setattr(billing, "spend_credits", spend)

    assert [row["bills"] for row in await pool.fetch("SELECT bills FROM billing_run")] == [4]
    await roll(pool, wib(2026, 1, 1))
    assert [row["bills"] for row in await pool.fetch("SELECT bills FROM billing_run")] == [4, 4]
