from datetime import datetime

from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.segments import CareClass
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Result, Verdict

from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    an_instruction,
    paid,
    pays_what_it_owes,
    registered,
)


def wib(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WIB)


async def test_first_payment_is_possible_from_day_14_to_day_30(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
        _, (account, *_) = await registered(
            connection, a_family(members=4, care_class=CareClass.II), at=wib(2026, 3, 2)
        )

    early = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 15))
    late = await pays_what_it_owes(pool, channel, account, at=wib(2026, 4, 2))
    in_time = await pays_what_it_owes(pool, channel, account, at=wib(2026, 3, 16))

    assert early.result is Result.TOO_EARLY
    assert early.detail.get("payable_from") == "2026-03-16"
    assert late.result is Result.EXPIRED
    assert in_time.is_settled
    assert in_time.detail.get("amount") == 400_000


async def test_reactivation_opens_the_fine_window(pool: Pool, clock: StandingClock) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(members=4), first_payment_at=wib(2025, 12, 20)
    )

    outcome = await pays_what_it_owes(pool, channel, account, at=wib(2026, 2, 1, 0, 1))

    assert outcome.detail.get("amount") == 280_000
    assert str(outcome.window_last_day) == "2026-03-18"
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0


async def test_paying_twice_changes_nothing(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    instruction = an_instruction(channel, account.customer_number, 35_000, reference="R1")

    first = await paid(pool, instruction, at=wib(2026, 1, 5))
    again = await paid(pool, instruction, at=wib(2026, 1, 5))
    other = await paid(
        pool, an_instruction(channel, account.customer_number, 35_000), at=wib(2026, 1, 6)
    )

    assert first.verdict is Verdict.NEW
    assert first.is_settled
    assert again.verdict is Verdict.REPEATED_MESSAGE
    assert (again.result, again.detail) == (first.result, first.detail)
    assert other.result is Result.ALREADY_PAID
