"""Any life whatever, with moves, plans and late files: what must hold after each deed of it.

`test_lives_of_families` compares figures with a slow reading; here every deed is allowed in any
order, refusals too, and only what can never be otherwise is asserted.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from iuran.core.bills import Bill, BillState, bills_of, lines_of
from iuran.core.care.cover import cover_at
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection, Pool, connected
from iuran.core.errors import DomainError
from iuran.core.explanations import explain_bill
from iuran.core.families import Relation
from iuran.core.fines import windows_of
from iuran.core.manual_changes import ChangeKind
from iuran.core.membership import MembershipState, events_of
from iuran.core.membership_history import status_at, was_covered
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.segments import CareClass, Segment
from iuran.core.sponsorship_ends import SponsorshipEnd, approve_end, propose_end
from iuran.payments.class_changes import change_care_class
from iuran.payments.credit import credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.family_moves import FamilyMove, approve_move, propose_move
from iuran.payments.instalment_plans import register_plan
from iuran.payments.ledger import balances, disagreements
from iuran.payments.members import add_member, add_newborn
from iuran.payments.membership_rebuild import different_memberships
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.rulings import Ruling, approve_ruling, propose_ruling
from iuran.payments.segment_moves import (
    ToSelfPaid,
    approve_leaving,
    move_to_self_paid,
    propose_leaving,
)
from iuran.payments.settlement import PaymentInstruction, Verdict, book_collected, settle
from iuran.payments.sponsored_moves import (
    ToSponsored,
    approve_move_to_sponsored,
    propose_move_to_sponsored,
)
from iuran.payments.virtual_accounts import payable_at
from tests.builders import a_channel, a_family, a_participant, an_active_family, an_instruction
from tests.conftest import clear
from tests.payments.payers import roll

COUNT_BILLED_TWICE = """
    SELECT count(*) FROM (
        SELECT l.coverage_month, p.nik
        FROM (SELECT family_id, participant_id, coverage_month
              FROM bill_line
              GROUP BY family_id, participant_id, coverage_month
              HAVING sum(amount) > 0) AS l
        JOIN participant AS p ON p.family_id = l.family_id AND p.participant_id = l.participant_id
        GROUP BY l.coverage_month, p.nik
        HAVING count(*) > 1
    ) AS twice
"""

CUT_RATES = """
    UPDATE contribution_rate
    SET participant_share = participant_share - $2, amount_total = amount_total - $2
    WHERE first_month <= $1 AND (last_month IS NULL OR last_month >= $1)
      AND participant_share > 14000
"""

COUNT_PAID_BY_STATE_AND_FAMILY = """
    SELECT count(*) FROM (
        SELECT l.participant_id, l.coverage_month
        FROM bill_line AS l
        WHERE l.family_id = $1
        GROUP BY l.participant_id, l.coverage_month
        HAVING sum(l.amount) > 0
    ) AS l
    JOIN enrolment AS e
      ON e.family_id = $1 AND e.participant_id = l.participant_id
     AND e.first_month <= l.coverage_month
     AND (e.last_month IS NULL OR e.last_month >= l.coverage_month)
    JOIN sponsorship AS s
      ON s.family_id = e.family_id AND s.membership_id = e.membership_id
     AND s.first_month <= l.coverage_month
     AND (s.last_month IS NULL OR s.last_month >= l.coverage_month)
"""

SELECT_BILLED = """
    SELECT participant_id, coverage_month, sum(amount) AS amount
    FROM bill_line
    WHERE family_id = $1 AND membership_id = $2
    GROUP BY participant_id, coverage_month
"""

COUNT_DEARER = """
    SELECT count(*) FROM (
        SELECT care_class, sum(amount) AS amount
        FROM bill_line
        WHERE family_id = $1 AND membership_id = $2 AND coverage_month = $3
        GROUP BY participant_id, care_class
        HAVING sum(amount) > 0
    ) AS l
    JOIN contribution_rate AS r
      ON r.rate_group = 'PBPU_BP' AND r.care_class = l.care_class
     AND r.first_month <= $3 AND (r.last_month IS NULL OR r.last_month >= $3)
    WHERE l.amount > r.participant_share
"""

T = TypeVar("T")
BILLS_MAX = 1_000


def _name_of(deed: Coroutine[None, None, None]) -> str:
    return str(getattr(deed, "__qualname__", "a deed"))


async def restore_rates(database_url: str) -> None:
    """Load the rates of the law again after rulings of the tests."""
    async with connected(database_url, role=None) as owner, owner.transaction():
        await load_regulation(owner)


class AnyLife(RuleBasedStateMachine):
    """One family; each deed is a transaction that is done or refused."""

    pool: Pool
    database_url: str
    loop: asyncio.AbstractEventLoop

    def run(self, deed: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(deed, self.loop).result(60)

    def attempt(self, deed: Coroutine[None, None, None]) -> None:
        """A refusal is an answer; the invariants hold after it as well."""
        try:
            self.run(deed)
            event(f"{_name_of(deed)} is done")
        except DomainError as refusal:
            event(f"{_name_of(deed)} is refused: {refusal.code}")

    @initialize(
        start=st.dates(date(2019, 10, 1), date(2027, 12, 31)),
        care_class=st.sampled_from(CareClass),
        members=st.integers(1, 3),
    )
    def register(self, start: date, care_class: CareClass, members: int) -> None:
        self.now = datetime(start.year, start.month, start.day, 9, tzinfo=WIB)
        self.run(self._register(care_class, members))
        self.last: PaymentInstruction | None = None

    async def _register(self, care_class: CareClass, members: int) -> None:
        await clear(self.database_url)
        await restore_rates(self.database_url)
        async with self.pool.acquire() as connection:
            self.channel = await a_channel(connection)
        family, accounts = await an_active_family(
            self.pool,
            self.channel,
            a_family(members=members, care_class=care_class),
            first_payment_at=self.now,
        )
        self.family_id, self.membership_id = family.family_id, family.membership_id
        self.number = accounts[0].customer_number
        self.people = [participant.participant_id for participant in family.participants]
        self.sponsored_id: int | None = None
        self.households: list[tuple[int, int, str]] = []

    @property
    def ids(self) -> tuple[int, int]:
        return self.family_id, self.membership_id

    @rule(days=st.sampled_from([1, 5, 20, 31, 59, 150, 400]))
    def wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule()
    def the_run_comes(self) -> None:
        """Nobody is answered otherwise for it, whatever the instant that he asks for."""
        before = self.run(self._told())
        self.run(roll(self.pool, self.now))
        assert self.run(self._told()) == before

    async def _told(self) -> list[tuple[object, ...]]:
        first = datetime.combine(self.now.astimezone(WIB).date().replace(day=1), time.min, WIB)
        instants = (self.now, first, first - timedelta(minutes=1), self.now - timedelta(days=70))
        async with self.pool.acquire() as connection:
            told = [
                await status_at(connection, self.family_id, person, at=at)
                for person in self.people
                for at in instants
            ]
        return [
            (one.membership_id, one.state, one.paid_through, one.covered, one.cause, one.since)
            for one in told
            if one is not None
        ]

    @rule(difference=st.sampled_from([0, 0, 0, 1_000]))
    def pays(self, difference: int) -> None:
        self.attempt(self._pay(difference))

    async def _pay(self, difference: int) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            payable = await payable_at(connection, self.number, at=self.now)
            amount = (payable.amount or 1) + difference
            self.last = an_instruction(self.channel, self.number, amount)
            (outcome,) = await settle(connection, [self.last], at=self.now)
            assert outcome.is_settled is (payable.result == "PAYABLE" and difference == 0)

    @rule()
    def is_told_again(self) -> None:
        if self.last is not None:
            self.attempt(self._repeat(self.last))

    async def _repeat(self, instruction: PaymentInstruction) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            (outcome,) = await settle(connection, [instruction], at=self.now)
            assert outcome.verdict is not Verdict.INCONSISTENT

    @rule(amount=st.sampled_from([1, 70_000, 450_000, 3_000_000]), days=st.integers(0, 9))
    def a_file_tells_of_money(self, amount: int, days: int) -> None:
        self.attempt(self._file(amount, days))

    async def _file(self, amount: int, days: int) -> None:
        told = an_instruction(self.channel, self.number, amount)
        instruction = replace(told, channel_time=self.now - timedelta(days=days))
        async with self.pool.acquire() as connection, connection.transaction():
            await book_collected(connection, [instruction], at=self.now)

    @rule(months=st.integers(0, 3))
    def wishes_to_pay_ahead(self, months: int) -> None:
        self.attempt(self._ahead(months))

    async def _ahead(self, months: int) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await ask_to_pay_ahead(connection, *self.ids, months=months, at=self.now)

    @rule(steps=st.integers(2, 3), kept=st.integers(0, 3))
    def begins_a_plan_after_seven_months(self, steps: int, kept: int) -> None:
        """It may then be missed, or kept to its last step."""
        self.now = (self.now + timedelta(days=210)).replace(day=15)
        self.attempt(self._plan(steps))
        for _ in range(kept):
            self.attempt(self._pay(0))
            self.now = (self.now + timedelta(days=31)).replace(day=15)

    async def _plan(self, steps: int) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await register_plan(
                connection, *self.ids, steps=steps, registered_by="siti", at=self.now
            )

    @rule(days=st.integers(0, 60))
    def a_child_is_born(self, days: int) -> None:
        self.attempt(self._add(Relation.CHILD, wib_date(self.now) - timedelta(days=days)))

    @rule()
    def somebody_joins(self) -> None:
        self.attempt(self._add(Relation.OTHER, date(1980, 5, 5)))

    async def _add(self, relation: Relation, birth: date) -> None:
        person = a_participant(relation=relation, birth_date=birth)
        async with self.pool.acquire() as connection, connection.transaction():
            if relation is Relation.CHILD:
                added, _ = await add_newborn(connection, *self.ids, child=person, at=self.now)
            else:
                added = await add_member(connection, *self.ids, person=person, at=self.now)
        self.people.append(added.participant.participant_id)

    @rule(
        kind=st.sampled_from([ChangeKind.DEATH, ChangeKind.REMOVAL]),
        choice=st.integers(0, 9),
        days=st.integers(0, 90),
    )
    def somebody_goes(self, kind: ChangeKind, choice: int, days: int) -> None:
        self.attempt(self._go(kind, self.people[choice % len(self.people)], days))

    async def _go(self, kind: ChangeKind, person: int, days: int) -> None:
        departure = Departure(
            membership_id=self.membership_id,
            participant_id=person,
            left_on=wib_date(self.now) - timedelta(days=days),
            kind=kind,
            reason="papers",
        )
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_departure(
                connection, self.family_id, departure, proposed_by="siti", at=self.now
            )
            await approve_departure(
                connection,
                self.family_id,
                change_id,
                kind=kind,
                approved_by="budi",
                at=self.now,
            )

    @rule(choice=st.integers(0, 9))
    def somebody_begins_a_household(self, choice: int) -> None:
        self.attempt(self._begin_household(self.people[choice % len(self.people)]))

    async def _begin_household(self, person: int) -> None:
        card = a_family().kk_number
        move = FamilyMove(relations={person: Relation.HEAD}, reason="KK baru", kk_number=card)
        family_id, new = await self._move(self.family_id, person, move)
        async with self.pool.acquire() as connection:
            number = await connection.fetchval(
                "SELECT customer_number FROM virtual_account WHERE family_id = $1", family_id
            )
        self.households.append((family_id, new, number))

    @rule(choice=st.integers(0, 9))
    def a_household_joins_the_family(self, choice: int) -> None:
        if self.households:
            family_id, person, _ = self.households[choice % len(self.households)]
            self.attempt(self._join(family_id, person))

    async def _join(self, family_id: int, person: int) -> None:
        move = FamilyMove(
            relations={person: Relation.OTHER}, reason="cerai", to_family_id=self.family_id
        )
        _, new = await self._move(family_id, person, move)
        self.people.append(new)

    async def _move(self, family_id: int, person: int, move: FamilyMove) -> tuple[int, int]:
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_move(
                connection, family_id, move, proposed_by="siti", at=self.now
            )
            moved = await approve_move(
                connection, family_id, change_id, approved_by="budi", at=self.now
            )
        return moved.family_id, moved.people[person]

    @rule(choice=st.integers(0, 9))
    def a_household_pays(self, choice: int) -> None:
        if self.households:
            self.attempt(self._pay_household(self.households[choice % len(self.households)][2]))

    async def _pay_household(self, number: str) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            payable = await payable_at(connection, number, at=self.now)
            instruction = an_instruction(self.channel, number, payable.amount or 1)
            (outcome,) = await settle(connection, [instruction], at=self.now)
            assert outcome.is_settled is (payable.result == "PAYABLE")

    @rule(care_class=st.sampled_from(CareClass))
    def asks_for_a_class(self, care_class: CareClass) -> None:
        self.attempt(self._change(care_class))

    async def _change(self, care_class: CareClass) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await change_care_class(
                connection, *self.ids, care_class=care_class, asked_by="siti", at=self.now
            )

    @rule(months=st.integers(0, 5), cut=st.sampled_from([0, 1_000, 10_500]))
    def a_month_is_ruled_upon(self, months: int, cut: int) -> None:
        """Its rate may have been cut by then: what was billed for it follows, and only that."""
        month = CoverageMonth.of(wib_date(self.now)).plus(-months)
        self.run(self._cut_rates(month, cut))
        self.attempt(self._rule(month))

    async def _cut_rates(self, month: CoverageMonth, cut: int) -> None:
        async with connected(self.database_url, role=None) as owner:
            await owner.execute(CUT_RATES, month.ordinal, cut)

    async def _rule(self, month: CoverageMonth) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_ruling(
                connection,
                *self.ids,
                Ruling(month=month, reason="a ruling"),
                proposed_by="siti",
                at=self.now,
            )
            before = await connection.fetch(SELECT_BILLED, *self.ids)
            changed = await approve_ruling(
                connection, self.family_id, change_id, approved_by="budi", at=self.now
            )
            after = await connection.fetch(SELECT_BILLED, *self.ids)
            rebilled = {row["coverage_month"] for row in set(before) - set(after)}
            assert rebilled <= ({month.ordinal} if changed else set())
            assert await connection.fetchval(COUNT_DEARER, *self.ids, month.ordinal) == 0

    @rule()
    def goes_to_the_state(self) -> None:
        self.attempt(self._to_state())

    async def _to_state(self) -> None:
        move = ToSponsored(membership_id=self.membership_id, segment=Segment.PBI_APBN, reason="SK")
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_move_to_sponsored(
                connection, self.family_id, move, proposed_by="siti", at=self.now
            )
            moved = await approve_move_to_sponsored(
                connection, self.family_id, change_id, approved_by="budi", at=self.now
            )
            assert await connection.fetchval(COUNT_PAID_BY_STATE_AND_FAMILY, self.family_id) == 0
        self.sponsored_id = moved.membership_id

    @rule(months=st.integers(0, 2))
    def the_state_lets_go(self, months: int) -> None:
        if self.sponsored_id is not None:
            last_month = CoverageMonth.of(wib_date(self.now)).plus(months)
            self.attempt(self._let_go(self.sponsored_id, last_month))

    async def _let_go(self, membership_id: int, last_month: CoverageMonth) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_end(
                connection,
                self.family_id,
                SponsorshipEnd(membership_id=membership_id, last_month=last_month, reason="able"),
                proposed_by="siti",
                at=self.now,
            )
            await approve_end(
                connection, self.family_id, change_id, approved_by="budi", at=self.now
            )

    @rule()
    def goes_to_an_employer(self) -> None:
        self.attempt(self._leave())

    async def _leave(self) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            change_id = await propose_leaving(
                connection, *self.ids, reason="employed", proposed_by="siti", at=self.now
            )
            await approve_leaving(
                connection, self.family_id, change_id, approved_by="budi", at=self.now
            )

    @rule(away=st.integers(0, 14), unpaid=st.integers(0, 3), catches_up=st.booleans())
    def is_away_and_comes_back(self, away: int, unpaid: int, *, catches_up: bool) -> None:
        """Whether it left before or not: who is still insured is refused."""
        self.now += timedelta(days=30 * away)
        self.attempt(self._come_back(unpaid, catches_up=catches_up))

    async def _come_back(self, unpaid: int, *, catches_up: bool) -> None:
        move = ToSelfPaid(
            participants=self.people[:2],
            care_class=CareClass.II,
            last_covered_month=CoverageMonth.of(wib_date(self.now)).plus(-unpaid),
            catches_up=catches_up,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            self.membership_id = await move_to_self_paid(
                connection, self.family_id, move, asked_by="siti", at=self.now
            )

    @invariant()
    def what_can_never_be_otherwise(self) -> None:
        self.run(self._check())
        self.now += timedelta(seconds=1)

    async def _check(self) -> None:
        async with self.pool.acquire() as connection:
            assert await disagreements(connection) == ()
            assert sum(balance.amount for balance in await balances(connection)) == 0
            assert [one async for one in different_memberships(connection)] == []
            assert await connection.fetchval(COUNT_BILLED_TWICE) == 0
            assert await credit_of(connection, *self.ids) >= 0
            bills = await bills_of(
                connection, self.family_id, today=wib_date(self.now), limit=BILLS_MAX
            )
            for bill in bills[:3]:
                await self._bill_adds_up(connection, bill)
            await self._windows_follow_reactivations(connection)
            for person in self.people:
                cover = await cover_at(
                    connection, family_id=self.family_id, participant_id=person, at=self.now
                )
                is_active = cover is not None and cover.state is MembershipState.ACTIVE
                told = await was_covered(connection, self.family_id, person, at=self.now)
                assert told is is_active, person

    async def _bill_adds_up(self, connection: Connection, bill: Bill) -> None:
        lines = await lines_of(connection, self.family_id, bill)
        assert sum(line.amount for line in lines) == bill.amount >= 0
        assert (bill.settled_at is not None) is (bill.state is BillState.PAID)
        assert (await explain_bill(connection, self.family_id, bill)).total == bill.amount

    async def _windows_follow_reactivations(self, connection: Connection) -> None:
        """A window opens on a day on which cover began again after a suspension."""
        events = tuple(reversed(await events_of(connection, self.family_id)))
        suspended = [event.effective_at for event in events if event.state == "SUSPENDED"]
        for window in await windows_of(connection, self.family_id):
            assert window.arrears_months >= 1
            assert window.last_day == window.first_day + timedelta(days=45)
            assert any(
                event.state == "ACTIVE"
                and wib_date(event.effective_at) == window.first_day
                and any(since <= event.effective_at for since in suspended)
                for event in events
            ), window


@pytest.mark.timeout(600)  # seconds alone, minutes where many share the machine
async def test_what_must_hold_holds_after_every_deed(pool: Pool, database_url: str) -> None:
    AnyLife.pool = pool
    AnyLife.database_url = database_url
    AnyLife.loop = asyncio.get_running_loop()

    try:
        await asyncio.to_thread(
            run_state_machine_as_test,
            AnyLife,
            settings=settings(
                max_examples=20,
                stateful_step_count=20,
                deadline=None,
                phases=[Phase.explicit, Phase.reuse, Phase.generate],
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )
    finally:
        await restore_rates(database_url)
