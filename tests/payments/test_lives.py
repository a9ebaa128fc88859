"""Random lives of a family against an independent slow reading of the rules."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.fines import windows_of
from iuran.core.segments import CareClass
from iuran.payments.billing import roll_months
from iuran.payments.ledger import disagreements
from iuran.payments.settlement import Result
from iuran.payments.virtual_accounts import payable_at
from tests.builders import a_channel, a_family, an_active_family, an_instruction, paid
from tests.conftest import clear

RATES = (
    # first month of each period and what a participant of class I, II, III pays in it
    ((2014, 1), (59_500, 42_500, 25_500)),
    ((2016, 4), (80_000, 51_000, 25_500)),
    ((2020, 1), (160_000, 110_000, 42_000)),
    ((2020, 4), (80_000, 51_000, 25_500)),
    ((2020, 7), (150_000, 100_000, 25_500)),
    ((2021, 1), (150_000, 100_000, 35_000)),
)


def price(month: tuple[int, int], care_class: int) -> int:
    return [prices for since, prices in RATES if since <= month][-1][care_class - 1]


def after(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


@dataclass
class SlowFamily:
    """What the law says, counted on fingers: a set of unpaid months that grows at midnight."""

    care_class: int
    members: int
    month: tuple[int, int]
    unpaid: list[tuple[int, int]] = field(default_factory=list)
    windows: list[tuple[date, int]] = field(default_factory=list)

    def arrive_at(self, day: date) -> None:
        while self.month < (day.year, day.month):
            self.month = after(self.month)
            self.unpaid.append(self.month)

    def billable(self) -> list[tuple[int, int]]:
        return self.unpaid[-25:] if self.month in self.unpaid else self.unpaid[-24:]

    def owes(self) -> int:
        return sum(price(month, self.care_class) for month in self.billable()) * self.members

    def pay(self, day: date) -> None:
        arrears = [month for month in self.billable() if month != self.month]
        if arrears:
            last_day = day
            for _ in range(45):
                last_day += timedelta(days=1)
            self.windows.append((last_day, len(arrears)))
        self.unpaid = []


steps = st.lists(
    st.tuples(st.integers(0, 110), st.sampled_from(["pay", "pay wrong", "run", "wait"])),
    min_size=1,
    max_size=8,
)


@pytest.mark.timeout(600)  # seconds alone, minutes where many share the machine
@given(
    start=st.dates(date(2015, 11, 1), date(2027, 1, 31)),
    care_class=st.sampled_from(CareClass),
    members=st.integers(1, 3),
    life=steps,
    seconds=st.integers(0, 86_399),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_life_agrees_with_the_slow_reading(
    pool: Pool,
    database_url: str,
    start: date,
    care_class: CareClass,
    members: int,
    life: list[tuple[int, str]],
    seconds: int,
) -> None:
    await clear(database_url)
    now = datetime.combine(start, datetime.min.time(), WIB) + timedelta(seconds=seconds)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=members, care_class=care_class), first_payment_at=now
    )
    slow = SlowFamily(int(care_class), members, (start.year, start.month))

    for days, deed in life:
        now += timedelta(days=days)
        slow.arrive_at(wib_date(now))
        if deed == "run":
            async for _ in roll_months(pool, at=now):
                pass
        elif deed == "pay":
            outcome = await paid(
                pool, an_instruction(channel, account.customer_number, slow.owes() or 1), at=now
            )
            assert outcome.result is (Result.SETTLED if slow.unpaid else Result.ALREADY_PAID)
            slow.pay(wib_date(now))
        elif deed == "pay wrong":
            outcome = await paid(
                pool, an_instruction(channel, account.customer_number, slow.owes() + 1), at=now
            )
            assert not outcome.is_settled

    async with pool.acquire() as connection:
        async with connection.transaction():
            payable = await payable_at(connection, account.customer_number, at=now)
        windows = await windows_of(connection, family.family_id)
        assert await disagreements(connection) == ()
    assert payable.amount == slow.owes()
    found = [(window.last_day, window.arrears_months) for window in reversed(windows)]
    assert found == slow.windows
