"""Over random histories: whatever is paid and whenever the workers run, nobody is told amiss.

A slow model keeps what is known of each family (what it paid, until when a message may go out) and
looks at every message that arrived at a real SMTP server or provider.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, StandingClock, wib_date
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import EVENTS, Channel, Need
from iuran.core.time_zones import TIME_ZONES
from iuran.payments.virtual_accounts import VirtualAccount
from iuran.workers.execution import run_due
from iuran.workers.letters import message_key
from iuran.workers.messaging.http import HttpCarrier
from iuran.workers.messaging.providers import WhatsAppCloud
from iuran.workers.reminders import ReminderName
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.conftest import clear
from tests.moments import wib
from tests.workers.conftest import Mailbox, later
from tests.workers.phone_company import PhoneCompany, phone_company
from tests.workers.stories import a_paying_family

FAMILIES = 3
BEGINS = wib(2026, 2, 1)
REMINDER_DAYS = (3, 7, 9, 15, 25, 27)
FALL_BACK_MIN = timedelta(hours=4)
WHICH = st.integers(0, FAMILIES - 1)
GONE_OUT = """
    SELECT r.family_id, r.membership_id, r.coverage_month, r.event, r.channel, r.occurrence,
           r.state, r.reason, r.closed_at, f.time_zone
    FROM reminder AS r
    LEFT JOIN reminder_queue AS q
      USING (family_id, membership_id, coverage_month, event, channel, occurrence)
    JOIN family AS f ON f.family_id = r.family_id
    WHERE r.state IN ('SENT', 'UNKNOWN') OR q.handed_at IS NOT NULL
"""
OPEN_BILLS = """
    SELECT family_id, coverage_month FROM bill WHERE state = 'OPEN'
"""
TO_SEGMENT = "UPDATE membership SET segment = $2 WHERE family_id = $1"
TELL_EVERYBODY = """
    WITH change AS (
        INSERT INTO reminder_rule_change (event, segment, channel, effective_from, is_on, place,
                                          offset_days, at_hour, valid_days, fall_back_hours, reason,
                                          proposed_by, proposed_at)
        SELECT event, 'ALL', channel, '2026-01-06', true, place, offset_days, at_hour, valid_days,
               fall_back_hours, 'a mistake', 'ani', '2026-01-05'
        FROM reminder_rule
        RETURNING change_id
    )
    INSERT INTO reminder_rule_approval SELECT change_id, 'ani', 'budi', '2026-01-05' FROM change
"""

steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("back"), st.integers(1, 12)),
        st.tuples(st.just("pay"), WHICH),
        st.tuples(st.just("work"), st.integers(1, 2)),
        st.tuples(st.just("crosses"), WHICH),
        st.tuples(st.just("turns"), WHICH),
        st.tuples(st.just("evening"), WHICH),
        st.tuples(st.just("dies"), WHICH),
        st.tuples(st.just("both"), WHICH),
        st.tuples(st.just("provider"), st.sampled_from([200, 400, 503, 0])),
    ),
    min_size=6,
    max_size=16,
)


@dataclass(slots=True, kw_only=True)
class Model:
    """What a careful clerk knows: which bills were open when, and what he saw going out."""

    self_paid: set[int]
    deaths: int = 0
    seen: dict[ReminderName, datetime] = field(default_factory=dict[ReminderName, datetime])
    by_event: dict[tuple[object, ...], datetime] = field(
        default_factory=dict[tuple[object, ...], datetime]
    )

    async def look(self, pool: Pool, at: datetime) -> None:
        """Check each message that went out at this very instant."""
        still_open = {
            (row["family_id"], row["coverage_month"]) for row in await pool.fetch(OPEN_BILLS)
        }
        rows = await pool.fetch(GONE_OUT)
        for row in rows:
            name = ReminderName(
                family_id=row["family_id"],
                membership_id=row["membership_id"],
                month=CoverageMonth.of_ordinal(row["coverage_month"]),
                event=row["event"],
                channel=Channel(row["channel"]),
                occurrence=row["occurrence"],
            )
            if name not in self.seen:
                self.seen[name] = at
                assert row["closed_at"] in {at, None}
                is_open = (name.family_id, name.month.ordinal) in still_open
                self._check(name, at.astimezone(ZoneInfo(row["time_zone"])), is_open=is_open)
        assert sum(row["reason"] == "its worker died" for row in rows) <= self.deaths

    def _check(self, name: ReminderName, local: datetime, *, is_open: bool) -> None:
        kind = EVENTS[name.event]
        assert kind.at_any_hour or time(8) <= local.time() < time(20), (name, local)
        assert name.family_id <= FAMILIES, name
        if kind.needs is not Need.NOTHING:
            assert name.family_id in self.self_paid, name
        if kind.needs is Need.OPEN_BILL:
            assert is_open, name
            assert name.month == CoverageMonth.of(local.date()), name
        if name.event.startswith("DUE_"):
            assert local.date() <= date(local.year, local.month, 10), name
        event = (*name.key[:4], name.occurrence)
        former = self.by_event.get(event)
        # a legal notice that may have left, and was refused when it was said again, goes on at once
        assert former is None or kind.is_legal or local - former >= FALL_BACK_MIN, name
        self.by_event[event] = local


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Three families of three zones that pay themselves, a fourth, and all that befalls them."""

    services: WorkerServices
    clock: StandingClock
    real_clock: StandingClock
    mailbox: Mailbox
    company: PhoneCompany
    families: list[tuple[int, VirtualAccount]]
    other: str
    model: Model

    async def take(self, what: str, number: int) -> None:
        """Let one step happen."""
        if what == "wait":
            later(self.clock, hours=number)
            later(self.real_clock, hours=number)
        elif what == "back":
            later(self.clock, hours=-number)
        elif what == "provider":
            self.company.status = number
        elif what == "work":
            await self._work(times=number)
        else:
            happening = {
                "pay": self._pays,
                "crosses": self._pays_before_nine,
                "turns": self._turns_before_nine,
                "evening": self._works_around_the_night,
                "dies": self._dies_while_sending,
                "both": self._works_twice_at_once,
            }
            await happening[what](number)

    async def _work(self, at: datetime | None = None, *, times: int = 1) -> None:
        if at is not None:
            self.clock.set(at)
        for _ in range(times):
            await run_due(self.services)
        await self.model.look(self.services.pool, self.clock.now())

    async def _scheduled(self) -> datetime | None:
        """Let the next reminder day begin, and its reminders be scheduled; return its midnight."""
        today = self.clock.now().astimezone(WIB)
        day = next((day for day in REMINDER_DAYS if day > today.day), None)
        if day is None or (today.year, today.month) < (2026, 2):
            return None
        midnight = today.replace(day=day, hour=0, minute=0)
        await self._work(midnight + timedelta(hours=3))
        return midnight

    async def _pays(self, number: int) -> None:
        at, (bank, account) = self.services.clock.now(), self.families[number]
        owes = "SELECT EXISTS (SELECT FROM bill WHERE family_id = $1 AND state = 'OPEN')"
        if wib_date(at) <= date(2026, 1, 31) or number + 1 not in self.model.self_paid:
            return
        if await self.services.pool.fetchval(owes, number + 1):
            await pays_what_it_owes(self.services.pool, bank, account, at=at)

    async def _pays_before_nine(self, number: int) -> None:
        """A family pays between scheduling (at 3:00 of WIB) and sending."""
        if (midnight := await self._scheduled()) is not None:
            await self._pays(number)
            await self._work(midnight + timedelta(hours=9, minutes=30))

    async def _turns_before_nine(self, number: int) -> None:
        """Somebody else pays for a family from between scheduling and sending on."""
        if (midnight := await self._scheduled()) is not None:
            await self.services.pool.execute(TO_SEGMENT, number + 1, self.other)
            self.model.self_paid.discard(number + 1)
            await self._work(midnight + timedelta(hours=9, minutes=30))

    async def _works_around_the_night(self, number: int) -> None:
        """Nobody works before the very evening of a zone, and then all the time until morning."""
        midnight = await self._scheduled()
        if midnight is None:
            return
        zone = ZoneInfo(TIME_ZONES[number])
        for days, hour, minute in ((0, 20, 0), (1, 7, 59), (1, 8, 0)):
            day = (midnight + timedelta(days=days)).date()
            await self._work(datetime.combine(day, time(hour, minute), zone))

    async def _dies_while_sending(self, _: int) -> None:
        """A letter arrives and its worker does not live to note it; others come by and by."""
        midnight = await self._scheduled()
        if midnight is None:
            return
        self.clock.set(midnight + timedelta(hours=11, minutes=30))
        worker = asyncio.create_task(run_due(self.services))
        self.mailbox.before_data = worker.cancel
        with suppress(asyncio.CancelledError):
            await worker
        self.mailbox.before_data = None
        self.model.deaths += worker.cancelled()
        await self.model.look(self.services.pool, self.clock.now())
        for _ in range(2):
            later(self.real_clock, minutes=2)
            await self._work()

    async def _works_twice_at_once(self, _: int) -> None:
        """Two tick, schedule and send side by side, from the night on."""
        midnight = await self._scheduled()
        if midnight is not None:
            self.clock.set(midnight + timedelta(hours=11, minutes=30))
            await asyncio.gather(run_due(self.services), run_due(self.services))
            await self.model.look(self.services.pool, self.clock.now())


@pytest.mark.timeout(600)  # half a minute alone, minutes where many share the machine
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(steps=[("crosses", 0), ("evening", 2)], start_hour=0, other="PBI_APBN")
@example(steps=[("work", 1), ("dies", 0), ("both", 0)], start_hour=9, other="PPU_STATE")
@example(
    steps=[("pay", 1), ("crosses", 1), ("work", 1), ("wait", 2), ("work", 1)],
    start_hour=9,
    other="PPU_STATE",
)
@example(steps=[("turns", 1), ("evening", 0), ("evening", 1)], start_hour=9, other="PBI_APBN")
@given(steps=steps, start_hour=st.integers(0, 23), other=st.sampled_from(["PBI_APBN", "PPU_STATE"]))
async def test_nobody_is_told_amiss(
    pool: Pool,
    workers: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    mailbox: Mailbox,
    database_url: str,
    steps: list[tuple[str, int]],
    start_hour: int,
    other: str,
) -> None:
    await clear(database_url)
    mailbox.messages.clear()
    async with phone_company() as company:
        provider = WhatsAppCloud(url=company.url, token="hidden")
        carriers = {Channel.WHATSAPP: HttpCarrier(provider=provider, lines=2)}
        history = History(
            services=replace(workers, carriers=carriers),
            clock=clock,
            real_clock=real_clock,
            mailbox=mailbox,
            company=company,
            families=await _families(pool, other),
            other=other,
            model=Model(self_paid={1, 2, 3}),
        )
        clock.set(BEGINS.replace(hour=start_hour))
        for what, number in [*steps, ("wait", 20), ("work", 1)]:
            await history.take(what, number)

    _check_what_arrived(mailbox, company, history.model)


async def _families(pool: Pool, other: str) -> list[tuple[int, VirtualAccount]]:
    """Each of another zone; for the fourth somebody else pays, whatever the schedule says."""
    families: list[tuple[int, VirtualAccount]] = []
    for n in range(FAMILIES + 1):
        bank, _, account = await a_paying_family(
            pool, time_zone=TIME_ZONES[n % len(TIME_ZONES)], email=f"f{n}@example.org", members=1
        )
        families.append((bank, account))
    await pool.execute("UPDATE participant SET phone = '081200001234' WHERE family_id IN (1, 4)")
    await pool.execute("DELETE FROM outbox WHERE family_id = 4")
    await pool.execute(TO_SEGMENT, FAMILIES + 1, other)
    await pool.execute(TELL_EVERYBODY)
    return families


def _check_what_arrived(mailbox: Mailbox, company: PhoneCompany, model: Model) -> None:
    """What went out is what arrived, each once; only a legal notice may come again (ADR 0020)."""
    by_mail = Counter(str(message["Message-ID"]) for message in mailbox.messages)
    keys = {_message_id(name): name for name in model.seen if name.channel is Channel.EMAIL}
    assert by_mail.keys() == keys.keys()
    again = {keys[key]: count - 1 for key, count in by_mail.items() if count > 1}
    assert all(EVENTS[name.event].is_legal for name in again), again
    assert sum(again.values()) <= model.deaths
    assert not [m for m in mailbox.messages if str(m["To"]) == f"f{FAMILIES}@example.org"]
    assert len({call.body for call in company.taken}) == len(company.taken)


def _message_id(name: ReminderName) -> str:
    return f"<{message_key(name)}@jkn.example>"
