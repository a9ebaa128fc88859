"""How many payments a second take effect, alone and sharing commits, against a tiny commit."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime

from rich.console import Console
from rich.table import Table

from bench.ground import connected_as_owner, many_families
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.billing import roll_months
from iuran.payments.settlement import PaymentInstruction, settle

AT = datetime(2026, 2, 5, 10, tzinfo=WIB)
FAMILIES = 12_000
TASKS = 16
SHARED = 25
BILL = 105_000

Deed = Callable[[Pool, list[PaymentInstruction]], Coroutine[object, object, None]]


async def measure(console: Console) -> Table:
    console.print(f"{FAMILIES} families, {TASKS} tasks, fsync and synchronous_commit on")
    async with many_families(FAMILIES, paid_through=CoverageMonth(2026, 1).ordinal) as pool:
        async for _ in roll_months(pool, at=AT):
            pass
        channel = await _channel(pool)
        numbers = await _numbers(pool)
        owed = [_instruction(channel, n, number) for n, number in enumerate(numbers)]
        owed = await _warmed_up(pool, owed)
        third = len(owed) // 3
        tiny = await _rate(pool, owed[:third], 1, _tiny_commit)
        alone = await _rate(pool, owed[:third], 1, _settle)
        again = await _rate(pool, owed[:third], 1, _settle)
        shared = await _rate(pool, owed[third:], SHARED, _settle)
    table = Table("what", "a second", "ratio")
    table.add_row("a tiny commit", f"{tiny:,.0f}", "1.00")
    table.add_row("one payment, one commit", f"{alone:,.0f}", f"{alone / tiny:.2f}")
    table.add_row("the same payment again", f"{again:,.0f}", f"{again / tiny:.2f}")
    table.add_row(f"{SHARED} payments, one commit", f"{shared:,.0f}", f"{shared / tiny:.2f}")
    return table


async def _warmed_up(pool: Pool, owed: list[PaymentInstruction]) -> list[PaymentInstruction]:
    """Pay some and let the planner see it, as autovacuum does within a minute of a new database."""
    await _rate(pool, owed[:1_000], 1, _settle)
    async with connected_as_owner(pool) as connection:
        await connection.execute("ANALYZE")
    return owed[1_000:]


async def _rate(pool: Pool, instructions: list[PaymentInstruction], size: int, deed: Deed) -> float:
    batches = [instructions[at : at + size] for at in range(0, len(instructions), size)]
    waiting = iter(batches)

    async def work() -> None:
        for batch in waiting:
            await deed(pool, batch)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(TASKS)))
    return len(instructions) / (time.perf_counter() - started)


async def _settle(pool: Pool, batch: list[PaymentInstruction]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        outcomes = await settle(connection, batch, at=AT)
    assert all(outcome.is_settled for outcome in outcomes)


async def _tiny_commit(pool: Pool, batch: list[PaymentInstruction]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO outbox (family_id, kind, payload, occurred_at) VALUES ($1, 'x', '{}', $2)",
            len(batch),
            AT,
        )


async def _channel(pool: Pool) -> int:
    async with pool.acquire() as connection:
        return int(
            await connection.fetchval(
                "INSERT INTO channel (code, name, client_id, partner_id, va_prefix, created_at)"
                " VALUES ('BENCH', 'Bench', 'bench', 'bench', '88888', $1) RETURNING channel_id",
                AT,
            )
        )


async def _numbers(pool: Pool) -> list[str]:
    async with pool.acquire() as connection:
        rows = await connection.fetch("SELECT customer_number FROM virtual_account_number")
    return [row["customer_number"] for row in rows]


def _instruction(channel_id: int, n: int, customer_number: str) -> PaymentInstruction:
    return PaymentInstruction(
        channel_id=channel_id,
        external_id=f"{n:012d}",
        reference=f"BENCH-{n:09d}",
        customer_number=customer_number,
        amount=Rupiah(BILL),
        channel_time=AT,
        target="/snap/v1.0/transfer-va/payment",
        headers={"x-timestamp": "2026-02-05T10:00:00+07:00", "x-signature": "A" * 88},
        body=b'{"paidAmount":{"value":"105000.00","currency":"IDR"}}' + b" " * 600,
    )
