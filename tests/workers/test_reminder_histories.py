"""Over random histories: whatever is paid and whenever the workers run, nobody is told amiss.

A slow model keeps what is known of each family (what it paid, until when a message may go out) and
looks at every message that arrived at a real SMTP server or provider.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, StandingClock, wib_date
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import EVENTS, Channel, Need
from iuran.core.time_zones import TIME_ZONES
from iuran.payments.virtual_accounts import VirtualAccount
from iuran.workers.execution import run_due
from iuran.workers.messaging.http import HttpCarrier
from iuran.workers.messaging.providers import WhatsAppCloud
from iuran.workers.services import WorkerServices
from tests.builders import pays_what_it_owes
from tests.conftest import clear
from tests.workers.conftest import Mailbox
from tests.workers.phone_company import PhoneCompany, phone_company
from tests.workers.stories import a_paying_family, wib

FAMILIES = 3
BEGINS = wib(2026, 2, 1)
SENT = """
    SELECT r.family_id, r.coverage_month, r.event, r.channel, r.occurrence, r.state, r.closed_at,
           f.time_zone, m.segment
    FROM reminder AS r
    JOIN family AS f ON f.family_id = r.family_id
    JOIN membership AS m ON m.family_id = r.family_id AND m.membership_id = r.membership_id
    WHERE r.state IN ('SENT', 'UNKNOWN')
"""
OPEN_BILLS = """
    SELECT family_id, coverage_month FROM bill WHERE state = 'OPEN'
"""
TO_SEGMENT = "UPDATE membership SET segment = $2 WHERE family_id = $1"

steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 60)),
        st.tuples(st.just("pay"), st.integers(0, FAMILIES - 1)),
        st.tuples(st.just("work"), st.integers(1, 2)),
        st.tuples(st.just("crosses"), st.integers(0, FAMILIES - 1)),
        st.tuples(st.just("provider"), st.sampled_from([200, 400, 503, 0])),
    ),
    min_size=6,
    max_size=18,
)


@dataclass(slots=True, kw_only=True)
class Model:
    """What a careful clerk knows: which bills were open when, and what he saw going out."""

    seen: set[tuple[object, ...]] = field(default_factory=set[tuple[object, ...]])
    events: Counter[tuple[object, ...]] = field(default_factory=Counter[tuple[object, ...]])

    async def look(self, pool: Pool, at: datetime, *, self_paid: set[int]) -> None:
        """Check each message that went out at this very instant."""
        still_open = {
            (row["family_id"], row["coverage_month"]) for row in await pool.fetch(OPEN_BILLS)
        }
        for row in await pool.fetch(SENT):
            key = (row["family_id"], row["coverage_month"], row["event"], row["occurrence"])
            if (*key, row["channel"]) in self.seen:
                continue
            self.seen.add((*key, row["channel"]))
            self.events[key] += 1
            kind = EVENTS[row["event"]]
            local = at.astimezone(ZoneInfo(row["time_zone"]))
            assert row["closed_at"] == at
            assert kind.at_any_hour or 8 <= local.hour < 20, (key, local)
            assert row["family_id"] in self_paid, key
            if kind.needs is Need.OPEN_BILL:
                assert (row["family_id"], row["coverage_month"]) in still_open, key
                assert row["coverage_month"] == CoverageMonth.of(local.date()).ordinal, key
            if row["event"].startswith("DUE_"):
                assert local.date() <= date(local.year, local.month, 10), key


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(steps=[("crosses", 0)], start_hour=0, other="PBI_APBN")
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
        services = replace(workers, carriers=carriers)
        families = await _families(pool, other)
        clock.set(BEGINS.replace(hour=start_hour))
        model = Model()
        for step in [*steps, ("wait", 20), ("work", 1)]:
            await _take(step, services, clock, real_clock, company, families)
            await model.look(pool, clock.now(), self_paid={1, 2, 3})

    _check_what_arrived(mailbox, model)


async def _families(pool: Pool, other: str) -> list[tuple[int, VirtualAccount]]:
    """Three families of three zones that pay themselves, and one that somebody else pays for."""
    families: list[tuple[int, VirtualAccount]] = []
    for n in range(FAMILIES + 1):
        bank, _, account = await a_paying_family(
            pool, time_zone=TIME_ZONES[n % len(TIME_ZONES)], email=f"f{n}@example.org", members=1
        )
        families.append((bank, account))
    await pool.execute("UPDATE participant SET phone = '081200001234' WHERE family_id IN (1, 4)")
    await pool.execute("DELETE FROM outbox WHERE family_id = 4")
    await pool.execute(TO_SEGMENT, FAMILIES + 1, other)
    return families


async def _take(
    step: tuple[str, int],
    services: WorkerServices,
    clock: StandingClock,
    real_clock: StandingClock,
    company: PhoneCompany,
    families: list[tuple[int, VirtualAccount]],
) -> None:
    what, number = step
    if what == "wait":
        clock.set(clock.now() + timedelta(hours=number))
        real_clock.set(real_clock.now() + timedelta(hours=number))
    elif what == "provider":
        company.status = number
    elif what == "pay":
        await _pay(services, families, number)
    elif what == "crosses":
        await _pay_before_nine(services, clock, families, number)
    else:
        for _ in range(number):
            await run_due(services)


async def _pay_before_nine(
    services: WorkerServices,
    clock: StandingClock,
    families: list[tuple[int, VirtualAccount]],
    number: int,
) -> None:
    """A reminder day comes; a family pays between scheduling (at 3:00 of WIB) and sending."""
    today = clock.now().astimezone(WIB)
    day = next(d for d in (3, 7, 9, 15, 25, 27, 34) if d > today.day)
    if day <= 27 and today.month >= 2:
        clock.set(today.replace(day=day, hour=3))
        await run_due(services)
        await _pay(services, families, number)
        clock.set(today.replace(day=day, hour=9, minute=30))
        await run_due(services)


async def _pay(
    services: WorkerServices, families: list[tuple[int, VirtualAccount]], number: int
) -> None:
    bank, account = families[number]
    at = services.clock.now()
    if wib_date(at) > date(2026, 1, 31) and await _owes(services.pool, number + 1):
        await pays_what_it_owes(services.pool, bank, account, at=at)


async def _owes(pool: Pool, family_id: int) -> bool:
    owed = "SELECT EXISTS (SELECT FROM bill WHERE family_id = $1 AND state = 'OPEN')"
    return bool(await pool.fetchval(owed, family_id))


def _check_what_arrived(mailbox: Mailbox, model: Model) -> None:
    by_mail = Counter(str(message["Message-ID"]) for message in mailbox.messages)
    channels = {(*key[:4], channel) for *key, channel in model.seen}
    assert all(count == 1 for count in by_mail.values())
    assert len(by_mail) == sum(channel == "EMAIL" for *_, channel in channels)
    assert not [m for m in mailbox.messages if str(m["To"]) == f"f{FAMILIES}@example.org"]
    assert all(count <= len(Channel) for count in model.events.values())
