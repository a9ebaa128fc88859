"""Random lives of employers against an independent slow reading of the rules."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.bills import contributions_of
from iuran.core.employers.registration import Employer
from iuran.core.employers.reports import WageChange, end_employment, report_wage
from iuran.core.fines import windows_of
from iuran.core.membership import MembershipState, events_of, state_in
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import PpuGroup
from iuran.payments.employers import employer_payable_at
from iuran.payments.ledger import disagreements
from iuran.payments.settlement import Result
from tests.builders import a_channel, an_instruction, paid
from tests.conftest import clear
from tests.payments.payers import HR, Worker, an_employer, hired, roll

Month = tuple[int, int]

SHARES: dict[PpuGroup, tuple[tuple[Month, str, str, int | None], ...]] = {
    # since when, employer's and worker's per cent, cap
    PpuGroup.PRIVATE: (
        ((2014, 1), "4", "1/2", 4_725_000),
        ((2015, 7), "4", "1", 4_725_000),
        ((2016, 4), "4", "1", 8_000_000),
        ((2020, 1), "4", "1", 12_000_000),
    ),
    PpuGroup.STATE_CENTRAL: (((2014, 1), "3", "2", None), ((2019, 10), "4", "1", 12_000_000)),
    PpuGroup.STATE_REGIONAL: (((2014, 1), "3", "2", None), ((2020, 1), "4", "1", 12_000_000)),
}
FLOORED_SINCE = {
    PpuGroup.PRIVATE: (2016, 4),
    PpuGroup.STATE_CENTRAL: (2019, 10),
    PpuGroup.STATE_REGIONAL: (2020, 1),
}
FLOORS = (((2019, 1), 4_000_000), ((2025, 1), 4_300_000), ((2026, 1), 4_500_000))
CLASSES = (  # what another relative pays in class I and II
    ((2014, 1), (59_500, 42_500)),
    ((2016, 4), (80_000, 51_000)),
    ((2020, 1), (160_000, 110_000)),
    ((2020, 4), (80_000, 51_000)),
    ((2020, 7), (150_000, 100_000)),
)
SELECT_STATE = "SELECT state, paid_through FROM membership WHERE family_id = $1"


def rupiah(exact: Fraction) -> int:
    return int(exact + Fraction(1, 2))


def after(month: Month) -> Month:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


@dataclass
class SlowWorker:
    """One worker, counted month by month on fingers."""

    wages: dict[Month, int]
    began: Month
    parents: int
    others: int
    ended: Month | None = None
    unpaid: list[Month] = field(default_factory=list)
    windows: list[tuple[date, int]] = field(default_factory=list)

    def wage_in(self, month: Month) -> int:
        return self.wages[max(since for since in self.wages if since <= month)]

    def cost(self, group: PpuGroup, month: Month, grade: int) -> int:
        _, employer, worker, cap = [row for row in SHARES[group] if row[0] <= month][-1]
        wage = counted = self.wage_in(month)
        if month >= FLOORED_SINCE[group]:
            counted = max([counted, *[amount for since, amount in FLOORS if since <= month][-1:]])
        counted = counted if cap is None else min(counted, cap)
        low = wage <= 4_000_000 if group is PpuGroup.PRIVATE else grade <= 2
        relative = [prices for since, prices in CLASSES if since <= month][-1][int(low)]
        return (
            rupiah(Fraction(employer) * counted / 100)
            + rupiah(Fraction(worker) * counted / 100)
            + self.parents * rupiah(Fraction(counted, 100))
            + self.others * relative
        )


@dataclass
class SlowEmployer:
    """All that is unpaid of all workers; months older than 24 are forgotten when asked."""

    group: PpuGroup
    grade: int
    month: Month
    workers: list[SlowWorker] = field(default_factory=list)

    def arrive_at(self, day: date) -> None:
        while self.month < (day.year, day.month):
            self.month = after(self.month)
            for worker in self.workers:
                if worker.ended is None or self.month <= worker.ended:
                    worker.unpaid.append(self.month)

    def asked(self) -> list[Month]:
        asked, month = [self.month], self.month
        for _ in range(24):
            year, number = month
            month = (year - 1, 12) if number == 1 else (year, number - 1)
            asked.append(month)
        return asked

    def owes(self) -> int:
        asked = self.asked()
        return sum(
            worker.cost(self.group, month, self.grade)
            for worker in self.workers
            for month in worker.unpaid
            if month in asked
        )

    def pay(self, day: date) -> None:
        last_day = day
        for _ in range(45):
            last_day += timedelta(days=1)
        for worker in self.workers:
            late = [month for month in worker.unpaid if month != self.month]
            left = worker.ended is not None and worker.ended < self.month
            if late and not left:
                worker.windows.append((last_day, min(24, len(late))))
            worker.unpaid = []


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 100), st.sampled_from([365, 730, 760, 1_500])),
        st.sampled_from(["pay", "pay", "pay wrong", "run", "hire", "raise", "end", "wait"]),
        st.integers(1_000_000, 20_000_000),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=9,
)


@dataclass
class Life:
    """An employer in the system and on fingers, side by side."""

    pool: Pool
    channel: int
    employer: Employer
    number: str
    slow: SlowEmployer
    now: datetime
    workers: list[Worker] = field(default_factory=list)

    async def hire(self, amount: int, chance: int) -> None:
        parents, others = chance % 3, chance % 2
        worker = await hired(
            self.pool,
            self.employer,
            wage=amount,
            members=1 + parents + others,
            parents=parents,
            others=others,
            grade=self.slow.grade,
            at=self.now,
        )
        self.workers.append(worker)
        new = SlowWorker({self.slow.month: amount}, self.slow.month, parents, others)
        new.unpaid.append(self.slow.month)
        self.slow.workers.append(new)

    async def pay(self, *, too_much: int) -> None:
        owes = self.slow.owes()
        outcome = await paid(
            self.pool,
            an_instruction(self.channel, self.number, (owes or 1) + too_much),
            at=self.now,
        )
        if owes == 0:
            anybody = any(w.ended is None or w.ended >= self.slow.month for w in self.slow.workers)
            assert outcome.result is (Result.ALREADY_PAID if anybody else Result.NOT_BILLED)
        elif too_much:
            assert outcome.result is Result.AMOUNT_MISMATCH
        else:
            assert outcome.result is Result.SETTLED
            self.slow.pay(wib_date(self.now))

    async def report(self, deed: str, amount: int, chance: int) -> None:
        """Raise a wage or end an employment, once this month is billed and the next is open."""
        which = chance % len(self.workers)
        key, chosen = self.workers[which].key, self.slow.workers[which]
        if chosen.ended is not None:
            return
        await roll(self.pool, self.now)
        month = CoverageMonth(*self.slow.month)
        async with self.pool.acquire() as connection, connection.transaction():
            if deed == "raise":
                change = WageChange(first_month=month.plus(1), wage=Rupiah(amount))
                await report_wage(connection, key, change, HR, at=self.now)
                chosen.wages[after(self.slow.month)] = amount
            else:
                await end_employment(connection, key, month, HR, at=self.now)
                chosen.ended = self.slow.month

    async def agrees(self, connection: Connection) -> None:
        async with connection.transaction():
            payable = await employer_payable_at(connection, self.number, at=self.now)
        assert payable.amount == self.slow.owes()
        assert await disagreements(connection) == ()
        for worker, fingers in zip(self.workers, self.slow.workers, strict=True):
            windows = await windows_of(connection, worker.key.family_id)
            found = [(window.last_day, window.arrears_months) for window in reversed(windows)]
            assert found == fingers.windows
            await self._state_agrees(connection, worker, fingers)

    async def _state_agrees(
        self, connection: Connection, worker: Worker, fingers: SlowWorker
    ) -> None:
        event, *_ = await events_of(connection, worker.key.family_id)
        row = await connection.fetchrow(SELECT_STATE, worker.key.family_id)
        assert row is not None
        assert event.state == row["state"]
        if fingers.ended is None:
            stands = state_in(
                MembershipState(row["state"]),
                CoverageMonth.of_ordinal(row["paid_through"]),
                CoverageMonth(*self.slow.month),
            )
            late = any(month < self.slow.month for month in fingers.unpaid)
            assert stands is (MembershipState.SUSPENDED if late else MembershipState.ACTIVE)


@pytest.mark.timeout(600)  # seconds alone, minutes where many share the machine
@given(
    start=st.dates(date(2015, 5, 1), date(2026, 1, 31)),
    group=st.sampled_from(PpuGroup),
    grade=st.integers(1, 4),
    wage=st.integers(1_000_000, 20_000_000),
    life=steps,
    seconds=st.integers(0, 86_399),
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_life_of_an_employer_agrees_with_the_slow_reading(
    pool: Pool,
    database_url: str,
    start: date,
    group: PpuGroup,
    grade: int,
    wage: int,
    life: list[tuple[int, str, int, int]],
    seconds: int,
) -> None:
    await clear(database_url)
    now = datetime.combine(start, datetime.min.time(), WIB) + timedelta(seconds=seconds)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    employer, number = await an_employer(pool, group=group, at=now)
    slow = SlowEmployer(group, grade, (start.year, start.month))
    lived = Life(pool, channel, employer, number, slow, now)

    await lived.hire(wage, 0)
    for days, deed, amount, chance in life:
        lived.now += timedelta(days=days)
        slow.arrive_at(wib_date(lived.now))
        if deed == "run":
            await roll(pool, lived.now)
        elif deed == "hire":
            await lived.hire(amount, chance)
        elif deed in {"pay", "pay wrong"}:
            await lived.pay(too_much=int(deed == "pay wrong"))
        elif deed in {"raise", "end"}:
            await lived.report(deed, amount, chance)

    async with pool.acquire() as connection:
        await lived.agrees(connection)
        month = CoverageMonth(*slow.month)
        for line in await contributions_of(connection, employer.employer_id, month):
            parts = (line.employer_share, line.worker_share, line.additional_amount)
            assert line.contribution().total == sum(parts) + line.other_amount
