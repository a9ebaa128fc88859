"""Payments that meet share a commit; what is wrong with one stays with that one."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from asyncpg.transaction import Transaction
from bench.ground import FILL, NAME_PAYERS
from prometheus_client import REGISTRY

from iuran.core.clock import WIB
from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.months import CoverageMonth
from iuran.payments import lanes as lanes_module
from iuran.payments.lane_limits import LaneLimits
from iuran.payments.lanes import Lanes, SettlementBusyError
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Outcome, PaymentInstruction, Result, Verdict, settle
from iuran.payments.snap.attempts import ATTEMPTS_MAX
from iuran.payments.snap.transactions import Transactions
from tests.builders import a_channel, an_instruction
from tests.payments.payers import roll

NOW = datetime(2026, 2, 5, 9, tzinfo=WIB)
LATE = datetime(2026, 2, 5, 23, 59, 59, tzinfo=WIB)
EARLY = datetime(2026, 2, 6, tzinfo=WIB)
OWED = 105_000
ENOUGH_SECONDS = 60

LOCK_FAMILY = """
    SELECT FROM membership AS m
    JOIN virtual_account_number AS n ON n.family_id = m.family_id
    WHERE n.customer_number = $1
    FOR NO KEY UPDATE OF m
"""

SELECT_NUMBERS = """
    SELECT customer_number FROM virtual_account_number ORDER BY family_id
"""

SELECT_DEADLOCKS = """
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()
"""


async def a_town(pool: Pool, database_url: str, *, families: int) -> list[str]:
    """Families of three that owe February; their account numbers."""
    async with connected(database_url, role=None) as owner:
        january = CoverageMonth(2026, 1)
        await owner.execute(FILL, families, NOW.replace(month=1, day=1), january.ordinal)
        await owner.execute(NAME_PAYERS)
    await roll(pool, NOW)
    async with pool.acquire() as connection:
        return [row["customer_number"] for row in await connection.fetch(SELECT_NUMBERS)]


def lanes_of(pool: Pool, **limits: float) -> Lanes:
    chosen = replace(LaneLimits(lanes=1), **limits)  # type: ignore[arg-type]  # each is a number
    return Lanes(transactions=Transactions(pool=pool, strays_max=4), limits=chosen)


def flights() -> float:
    return REGISTRY.get_sample_value("iuran_settlement_flight_size_count") or 0.0


async def lanes_broken_up(lanes: Lanes) -> None:
    """Wait until nothing shared is under way: everybody tries alone."""
    await until(lambda: not lanes.is_idle)
    await lanes.drained()


async def sent(lanes: Lanes, instruction: PaymentInstruction) -> Outcome:
    return (await lanes.settle(instruction, at=NOW)).value


async def test_who_comes_alone_does_not_wait_and_who_meets_shares(
    pool: Pool, database_url: str
) -> None:
    numbers = await a_town(pool, database_url, families=12)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, together_max=20)
    payments = [an_instruction(channel, number, OWED) for number in numbers]
    before = flights()

    alone = await sent(lanes, payments[0])
    after_one = flights()
    together = await asyncio.gather(*(sent(lanes, one) for one in payments[1:]))

    assert alone.is_settled
    assert all(outcome.is_settled for outcome in together)
    assert after_one - before == 1
    assert flights() - after_one == 1
    await lanes.drained()
    assert lanes.is_idle


async def test_a_commit_has_one_legal_day(pool: Pool, database_url: str) -> None:
    numbers = await a_town(pool, database_url, families=2)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool)
    first, second = [an_instruction(channel, number, OWED) for number in numbers]

    outcomes = await asyncio.gather(lanes.settle(first, at=LATE), lanes.settle(second, at=EARLY))

    assert all(committed.value.is_settled for committed in outcomes)
    async with pool.acquire() as connection:
        days = await connection.fetch("SELECT value_date::text FROM payment ORDER BY family_id")
    assert [day["value_date"] for day in days] == ["2026-02-05", "2026-02-06"]


async def test_one_that_breaks_the_commit_is_told_so_and_the_others_are_settled(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await a_town(pool, database_url, families=5)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool)
    payments = [an_instruction(channel, number, OWED) for number in numbers]
    poison = payments[2].reference

    async def breaks(
        connection: Connection, batch: Sequence[PaymentInstruction], *, at: datetime
    ) -> tuple[Outcome, ...]:
        outcomes = await settle(connection, batch, at=at)
        if any(one.reference == poison for one in batch):
            raise RuntimeError("poison")
        return outcomes

    monkeypatch.setattr(lanes_module, "settle", breaks)
    answers = await asyncio.gather(*(sent(lanes, one) for one in payments), return_exceptions=True)
    monkeypatch.undo()
    again = await sent(lanes, payments[2])

    broken = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [str(error) for error in broken] == ["poison"]
    assert sum(isinstance(a, Outcome) and a.is_settled for a in answers) == 4
    assert (again.verdict, again.result) == (Verdict.NEW, Result.SETTLED)


async def test_a_family_that_somebody_holds_does_not_hold_the_others(
    pool: Pool, database_url: str
) -> None:
    numbers = await a_town(pool, database_url, families=5)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, patience_seconds=0.1)
    payments = [an_instruction(channel, number, OWED) for number in numbers]

    async with connected(database_url) as other, asyncio.timeout(ENOUGH_SECONDS):
        async with other.transaction():
            await other.execute(LOCK_FAMILY, numbers[0])
            held = asyncio.create_task(sent(lanes, payments[0]))
            free = await asyncio.gather(*(sent(lanes, one) for one in payments[1:]))
            assert not held.done()
        settled_late = await held

    assert all(outcome.is_settled for outcome in [*free, settled_late])


async def test_a_payment_told_twice_in_a_flight_that_came_to_nothing_is_new_once(
    pool: Pool, database_url: str
) -> None:
    (number,) = await a_town(pool, database_url, families=1)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, patience_seconds=0.1)
    payment = an_instruction(channel, number, OWED)

    async with connected(database_url) as other, asyncio.timeout(ENOUGH_SECONDS):
        async with other.transaction():
            await other.execute(LOCK_FAMILY, number)
            told = [asyncio.create_task(lanes.settle(payment, at=NOW)) for _ in range(2)]
            await lanes_broken_up(lanes)
        committed = await asyncio.gather(*told)

    assert Counter(one.value.verdict for one in committed) == Counter(
        [Verdict.NEW, Verdict.REPEATED_MESSAGE]
    )
    assert not any(one.may_repeat for one in committed)


async def test_only_the_first_of_a_flight_lost_in_its_commit_may_have_been_new(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = await a_town(pool, database_url, families=1)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, patience_seconds=ENOUGH_SECONDS)
    payment = an_instruction(channel, number, OWED)
    lost = 0
    real = Transaction.__aexit__

    async def commits_and_breaks(self: Transaction, *error: Any) -> None:  # noqa: ANN401 - passed on
        nonlocal lost
        await real(self, *error)
        if lost < ATTEMPTS_MAX:
            lost += 1
            raise ConnectionResetError

    monkeypatch.setattr(Transaction, "__aexit__", commits_and_breaks)
    told = [lanes.settle(payment, at=NOW) for _ in range(3)]
    committed = await asyncio.gather(*told)

    assert lost == ATTEMPTS_MAX
    assert {one.value.verdict for one in committed} == {Verdict.REPEATED_MESSAGE}
    assert Counter(one.may_repeat for one in committed) == Counter([True, False, False])


async def test_who_leaves_the_queue_was_never_there(pool: Pool, database_url: str) -> None:
    numbers = await a_town(pool, database_url, families=2)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, patience_seconds=ENOUGH_SECONDS)
    first, second = [an_instruction(channel, number, OWED) for number in numbers]

    async with connected(database_url) as other, asyncio.timeout(ENOUGH_SECONDS):
        async with other.transaction():
            await other.execute(LOCK_FAMILY, numbers[0])
            in_the_air = asyncio.create_task(sent(lanes, first))
            await until(lambda: flights_waiting(lanes) == (0, True))
            queued = asyncio.create_task(sent(lanes, second))
            await until(lambda: flights_waiting(lanes) == (1, True))
            queued.cancel()
            await asyncio.wait({queued})
        await in_the_air
    await lanes.drained()

    async with pool.acquire() as connection:
        references = await connection.fetch("SELECT reference FROM payment_reference")
    assert [row["reference"] for row in references] == [first.reference]


async def test_when_all_have_left_nothing_is_booked(pool: Pool, database_url: str) -> None:
    (number,) = await a_town(pool, database_url, families=1)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, patience_seconds=ENOUGH_SECONDS)
    payment = an_instruction(channel, number, OWED)

    async with connected(database_url) as other, other.transaction():
        await other.execute(LOCK_FAMILY, number)
        left = asyncio.create_task(sent(lanes, payment))
        await until(lambda: flights_waiting(lanes) == (0, True))
        left.cancel()
        async with asyncio.timeout(ENOUGH_SECONDS):
            await lanes.drained()
    again = await sent(lanes, payment)

    assert (again.verdict, again.result) == (Verdict.NEW, Result.SETTLED)


async def test_more_than_may_wait_are_refused_at_once(pool: Pool, database_url: str) -> None:
    numbers = await a_town(pool, database_url, families=6)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, waiting_max=4)
    payments = [an_instruction(channel, number, OWED) for number in numbers]

    answers = await asyncio.gather(*(sent(lanes, one) for one in payments), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, SettlementBusyError)]
    settled = [answer for answer in answers if isinstance(answer, Outcome) and answer.is_settled]
    assert (len(settled), len(refused)) == (4, 2)


@pytest.mark.parametrize("together_max", [1, 64], ids=["each alone", "together"])
async def test_64_tasks_three_banks_500_families_and_every_notice_up_to_four_times(
    pool: Pool, database_url: str, together_max: int
) -> None:
    chance = random.Random(64)  # noqa: S311 - a repeatable disorder, no secret
    numbers = await a_town(pool, database_url, families=500)
    async with pool.acquire() as connection:
        banks = [await a_channel(connection, code) for code in ("BCA", "BRI", "MANDIRI")]
        deadlocks = await connection.fetchval(SELECT_DEADLOCKS)
    owed = [an_instruction(chance.choice(banks), number, OWED) for number in numbers]
    notices = [one for one in owed for _ in range(chance.randint(1, 4))]
    chance.shuffle(notices)
    lanes = lanes_of(pool, lanes=2, together_max=together_max)
    waiting = iter(notices)
    answers: dict[str, list[Outcome]] = defaultdict(list)

    async def deliver() -> None:
        for one in waiting:
            answers[one.reference].append(await sent(lanes, one))

    await asyncio.gather(*(deliver() for _ in range(64)))

    for outcomes in answers.values():
        assert {outcome.result for outcome in outcomes} == {Result.SETTLED}
        assert sum(outcome.verdict is Verdict.NEW for outcome in outcomes) == 1
        assert len({str(outcome.detail) for outcome in outcomes}) == 1
    assert len(answers) == 500
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM payment") == 500
        assert (
            await connection.fetchval(
                "SELECT sum(amount) FROM ledger_entry WHERE debit_account = 'CHANNEL_CLEARING'"
            )
            == 500 * OWED
        )
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
        assert await connection.fetchval(SELECT_DEADLOCKS) == deadlocks


def flights_waiting(lanes: Lanes) -> tuple[int, bool]:
    """How many wait, and whether somebody is in the air or about to be."""
    waiting = REGISTRY.get_sample_value("iuran_settlement_waiting") or 0.0
    return int(waiting), not lanes.is_idle


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(ENOUGH_SECONDS):
        while not holds():  # noqa: ASYNC110 - a row of locks has no event
            await asyncio.sleep(0)


async def test_payments_of_banks_and_of_minimarkets_by_turns_make_two_flights(
    pool: Pool, database_url: str
) -> None:
    numbers = await a_town(pool, database_url, families=13)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    lanes = lanes_of(pool, together_max=20)
    payments = [an_instruction(channel, number, OWED) for number in numbers]
    before = flights()

    departed = asyncio.create_task(sent(lanes, payments[0]))
    await until(lambda: flights_waiting(lanes) == (0, True))
    ways = [lanes.settle, lanes.book_collected]
    together = [ways[n % 2](one, at=NOW) for n, one in enumerate(payments[1:])]
    outcomes = [one.value for one in await asyncio.gather(*together)]

    assert all(outcome.is_settled for outcome in [*outcomes, await departed])
    assert flights() - before == 3
