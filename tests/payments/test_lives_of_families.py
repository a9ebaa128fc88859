"""Random lives (pay, miss, pay ahead, twice, born, die, change class) against the slow reading."""

import asyncio
from collections.abc import Coroutine
from datetime import date, datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.families import Relation
from iuran.core.fines import windows_of
from iuran.core.manual_changes import ChangeKind
from iuran.core.membership_history import was_covered
from iuran.core.segments import CareClass
from iuran.payments.billing import roll_months
from iuran.payments.class_changes import (
    ClassChangeInArrearsError,
    ClassChangeTooEarlyError,
    SameClassError,
    change_care_class,
)
from iuran.payments.credit import credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances, disagreements
from iuran.payments.members import add_newborn
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.settlement import Result, book_collected
from iuran.payments.virtual_accounts import Payable, payable_at
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    an_instruction,
    paid,
    pays_what_it_owes,
)
from tests.conftest import clear
from tests.payments.slow_family import SlowFamily, after

T = TypeVar("T")


class LivesOfFamilies(RuleBasedStateMachine):
    """One family; its clock goes forward, and the monthly run comes when it likes."""

    pool: Pool
    database_url: str
    loop: asyncio.AbstractEventLoop

    def run(self, deed: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result(60)

    @initialize(
        start=st.dates(date(2023, 1, 1), date(2027, 12, 31)),
        seconds=st.integers(0, 86_399),
        care_class=st.sampled_from(CareClass),
        members=st.integers(1, 3),
    )
    def register(self, start: date, seconds: int, care_class: CareClass, members: int) -> None:
        self.now = datetime.combine(start, datetime.min.time(), WIB) + timedelta(seconds=seconds)
        self.run(self._register(care_class, members))
        self.remembered: list[tuple[datetime, bool]] = []

    async def _register(self, care_class: CareClass, members: int) -> None:
        await clear(self.database_url)
        async with self.pool.acquire() as connection:
            self.channel = await a_channel(connection)
        family, accounts = await an_active_family(
            self.pool,
            self.channel,
            a_family(members=members, care_class=care_class),
            first_payment_at=self.now,
        )
        self.ids = (family.family_id, family.membership_id)
        self.account = accounts[0]
        self.head = family.participants[0].participant_id
        self.slow = SlowFamily(wib_date(self.now), int(care_class))
        self.slow.people = {p.participant_id: None for p in family.participants}
        self.slow.class_since = wib_date(self.now) - timedelta(days=14)
        self.slow.begin()

    @rule(days=st.integers(0, 70))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.slow.arrive_at(wib_date(self.now))

    @rule()
    def the_run_comes(self) -> None:
        self.run(self._roll())

    async def _roll(self) -> None:
        async for _ in roll_months(self.pool, at=self.now):
            pass

    @rule()
    def pays(self) -> None:
        due = self.slow.due()
        outcome = self.run(pays_what_it_owes(self.pool, self.channel, self.account, at=self.now))
        if due:
            assert outcome.detail.get("amount") == due
            self.slow.receive(due)
        else:
            nothing = {Result.ALREADY_PAID, *([Result.NOT_BILLED] if self.slow.ended else [])}
            assert outcome.result in nothing

    @rule(amount=st.sampled_from([1, 35_000, 99_999, 450_000, 2_000_000]))
    def pays_at_a_minimarket(self, amount: int) -> None:
        self.run(self._collect(amount))
        self.slow.receive(amount)

    async def _collect(self, amount: int) -> None:
        instruction = an_instruction(self.channel, self.account.customer_number, amount)
        async with self.pool.acquire() as connection, connection.transaction():
            await book_collected(connection, [instruction], at=self.now)

    @rule(months=st.integers(1, 4))
    @precondition(lambda self: not self.slow.ended)
    def pays_ahead(self, months: int) -> None:
        month, ahead = self.slow.month, 0
        for _ in range(months):
            month = after(month)
            ahead += self.slow.price_of(month)
        owed = sum(self.slow.owed[month] for month in self.slow.asked_for())
        outcome = self.run(self._pay_ahead(months))
        due = owed + ahead - self.slow.purse
        if due > 0:
            assert outcome == due
            self.slow.receive(due)
        else:
            assert outcome == 0

    async def _pay_ahead(self, months: int) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            await ask_to_pay_ahead(connection, *self.ids, months=months, at=self.now)
        amount = (await self._payable()).amount
        await paid(
            self.pool,
            an_instruction(self.channel, self.account.customer_number, amount or 1),
            at=self.now,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await ask_to_pay_ahead(connection, *self.ids, months=0, at=self.now)
        return amount

    @rule(days=st.integers(0, 90))
    @precondition(lambda self: not self.slow.ended and len(self.slow.people) < 6)
    def a_child_is_born(self, days: int) -> None:
        birth = wib_date(self.now) - timedelta(days=days)
        self.slow.born(self.run(self._add(birth)), birth)
        self.slow.use_purse()

    async def _add(self, birth: date) -> int:
        child = a_participant(relation=Relation.CHILD, birth_date=birth)
        async with self.pool.acquire() as connection, connection.transaction():
            added, _ = await add_newborn(connection, *self.ids, child=child, at=self.now)
        return added.participant.participant_id

    @rule(choice=st.integers(0, 10), days=st.integers(0, 120))
    @precondition(lambda self: not self.slow.ended)
    def somebody_dies(self, choice: int, days: int) -> None:
        alive = [person for person, last in self.slow.people.items() if last is None]
        person = alive[choice % len(alive)]
        on = wib_date(self.now) - timedelta(days=days)
        self.run(self._bury(person, on))
        self.slow.dies(person, on)
        self.remembered = []  # the past of the dead changes; the others' is asked again from here

    async def _bury(self, person: int, on: date) -> None:
        departure = Departure(
            membership_id=self.ids[1],
            participant_id=person,
            left_on=on,
            kind=ChangeKind.DEATH,
            reason="certificate",
        )
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_departure(
                connection, self.ids[0], departure, proposed_by="siti", at=self.now
            )
            await approve_departure(
                connection,
                self.ids[0],
                change_id,
                kind=ChangeKind.DEATH,
                approved_by="budi",
                at=self.now,
            )

    @rule(care_class=st.sampled_from(CareClass))
    @precondition(lambda self: not self.slow.ended)
    def asks_for_a_class(self, care_class: CareClass) -> None:
        slow, today = self.slow, wib_date(self.now)
        since = slow.class_since
        year = since.replace(day=28).replace(year=since.year + 1) + timedelta(
            days=since.day - 28  # 29 February lands on 1 March
        )
        current = slow.new_class or slow.care_class
        in_arrears = slow.suspended or any(
            owed for month, owed in slow.owed.items() if month < slow.month
        )
        allowed = not in_arrears and today >= year and int(care_class) != current
        assert self.run(self._change(care_class)) is allowed
        if allowed:
            slow.care_class = current
            slow.new_class, slow.new_class_from = int(care_class), after(slow.month)
            slow.class_since = date(*slow.new_class_from, 1)

    async def _change(self, care_class: CareClass) -> bool:
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                await change_care_class(
                    connection, *self.ids, care_class=care_class, asked_by="siti", at=self.now
                )
        except (ClassChangeInArrearsError, ClassChangeTooEarlyError, SameClassError):
            return False
        return True

    async def _payable(self) -> Payable:
        async with self.pool.acquire() as connection, connection.transaction():
            return await payable_at(connection, self.account.customer_number, at=self.now)

    @invariant()
    def all_agrees(self) -> None:
        self.run(self._check())
        self.wait_seconds(1)  # two deeds never share an instant: cover has one answer at each

    def wait_seconds(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.slow.arrive_at(wib_date(self.now))

    async def _check(self) -> None:
        payable = await self._payable()
        async with self.pool.acquire() as connection:
            assert await disagreements(connection) == ()
            assert sum(balance.amount for balance in await balances(connection)) == 0
            assert payable.amount == self.slow.due()
            assert await credit_of(connection, *self.ids) >= 0
            windows = await windows_of(connection, self.ids[0])
        found = [(window.last_day, window.arrears_months) for window in reversed(windows)]
        assert found == self.slow.windows[: len(found)]
        if self.slow.people[self.head] is None:
            self.remembered.append((self.now, self.slow.is_covered()))

    def teardown(self) -> None:
        if hasattr(self, "remembered"):
            self.run(self._remember())

    async def _remember(self) -> None:
        await self._roll()
        async with self.pool.acquire() as connection:
            windows = await windows_of(connection, self.ids[0])
            assert [window.last_day for window in reversed(windows)] == [
                last_day for last_day, _ in self.slow.windows
            ]
            assert await credit_of(connection, *self.ids) == self.slow.purse
            for instant, covered in self.remembered:
                assert (
                    await was_covered(connection, self.ids[0], self.head, at=instant) is covered
                ), instant


@pytest.mark.timeout(600)  # seconds alone, minutes where many share the machine
async def test_any_life_of_a_family_agrees_with_the_slow_reading(
    pool: Pool, database_url: str
) -> None:
    LivesOfFamilies.pool = pool
    LivesOfFamilies.database_url = database_url
    LivesOfFamilies.loop = asyncio.get_running_loop()

    await asyncio.to_thread(
        run_state_machine_as_test,
        LivesOfFamilies,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
