"""While the monthly run stands still nobody is answered otherwise than after it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.care.cover import cover_at
from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Pool
from iuran.core.employers.registration import Employer
from iuran.core.employers.reports import end_employment
from iuran.core.errors import DomainError
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.fines import windows_of
from iuran.core.membership_history import StatusAt, status_at
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_of
from iuran.payments.employers import employer_payable_at
from iuran.payments.members import add_member
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.settlement import Result, book_collected
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
from tests.moments import wib
from tests.payments.payers import HR, Worker, agree, an_employer, channel_of, hired, roll


async def a_family_that_paid_ahead(
    pool: Pool, *, months: int, care_class: CareClass, members: int, at: datetime
) -> RegisteredFamily:
    """Its first payment and, five minutes later, some months ahead."""
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=members, care_class=care_class), first_payment_at=at
    )
    if months > 0:
        later = at + timedelta(minutes=5)
        async with pool.acquire() as connection, connection.transaction():
            await ask_to_pay_ahead(
                connection, family.family_id, family.membership_id, months=months, at=later
            )
        await pays_what_it_owes(pool, channel, account, at=later)
    return family


async def told(pool: Pool, family: RegisteredFamily, *, at: datetime) -> StatusAt:
    async with pool.acquire() as connection:
        person = family.participants[0].participant_id
        status = await status_at(connection, family.family_id, person, at=at)
        cover = await cover_at(connection, family_id=family.family_id, participant_id=person, at=at)
    assert status is not None
    assert cover is not None
    assert (cover.state, cover.paid_through) == (status.state, status.paid_through)
    return status


async def assert_covered_through_april(pool: Pool, family: RegisteredFamily, *, cause: str) -> None:
    """March is paid, for that cause; April closes unpaid."""
    in_march = await told(pool, family, at=wib(2026, 3, 31, 23, 59))
    in_april = await told(pool, family, at=wib(2026, 4, 30, 23, 59))
    in_may = await told(pool, family, at=wib(2026, 5, 1, 0, 1))

    assert (in_march.covered, in_march.cause, in_march.since) == (
        True,
        cause,
        wib(2026, 3, 1, 0),
    )
    assert (in_april.covered, in_april.paid_through) == (True, CoverageMonth(2026, 3))
    assert (in_may.state, in_may.cause, in_may.since) == (
        "SUSPENDED",
        "MONTH_CLOSED_UNPAID",
        wib(2026, 5, 1, 0),
    )


async def test_who_paid_ahead_is_covered_after_two_months_without_a_run(pool: Pool) -> None:
    """January by the first payment, February and March ahead: April closes unpaid."""
    family = await a_family_that_paid_ahead(
        pool, months=2, care_class=CareClass.III, members=2, at=wib(2026, 1, 20)
    )

    await assert_covered_through_april(pool, family, cause="CREDIT_USED")


async def test_credit_that_does_not_suffice_for_a_whole_month_does_not_keep_cover(
    pool: Pool,
) -> None:
    """Two months ahead for one person; then a second joins: January takes one of them, and the
    other is less than February."""
    family = await a_family_that_paid_ahead(
        pool, months=2, care_class=CareClass.III, members=1, at=wib(2026, 1, 20)
    )
    async with pool.acquire() as connection, connection.transaction():
        await add_member(
            connection,
            family.family_id,
            family.membership_id,
            person=a_participant(relation=Relation.SPOUSE),
            at=wib(2026, 1, 25),
        )
        credit = await credit_of(connection, family.family_id, family.membership_id)

    assert credit == 35_000
    assert (await told(pool, family, at=wib(2026, 2, 28, 23, 59))).state == "ACTIVE"
    assert (await told(pool, family, at=wib(2026, 3, 1, 0, 1))).state == "SUSPENDED"


@given(
    start=st.dates(date(2019, 10, 1), date(2028, 3, 1)),
    care_class=st.sampled_from(CareClass),
    members=st.integers(1, 3),
    months=st.integers(0, 4),
    run_after=st.integers(0, 3),
    days=st.lists(st.integers(0, 240), min_size=3, max_size=6),
)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_the_run_changes_no_answer_for_any_instant(
    pool: Pool,
    database_url: str,
    start: date,
    care_class: CareClass,
    members: int,
    months: int,
    run_after: int,
    days: list[int],
) -> None:
    await clear(database_url)
    at = datetime(start.year, start.month, start.day, 9, tzinfo=WIB)
    family = await a_family_that_paid_ahead(
        pool, months=months, care_class=care_class, members=members, at=at
    )
    midnights = [(at + timedelta(days=31 * n)).replace(day=1, hour=0) for n in range(1, 9)]
    instants = sorted(
        {
            *(at + timedelta(days=one, minutes=6) for one in days),
            *(one for one in midnights if one > at),
            *(one - timedelta(minutes=1) for one in midnights if one > at + timedelta(days=1)),
        }
    )
    if run_after > 0:
        await roll(pool, at + timedelta(days=31 * run_after))

    before = [await told(pool, family, at=one) for one in instants]
    await roll(pool, max(instants))
    after = [await told(pool, family, at=one) for one in instants]

    assert before == after
    await agree(pool)


BILL = 250_000  # of one worker with a wage of 5,000,000


@dataclass(frozen=True, kw_only=True)
class Company:
    """An employer, and its workers as they were hired."""

    channel: int
    employer: Employer
    number: str
    workers: list[Worker]


async def a_company(pool: Pool, *, at: datetime) -> Company:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=at)
    worker = await hired(pool, employer, wage=5_000_000, at=at)
    return Company(channel=channel, employer=employer, number=number, workers=[worker])


async def transfers(pool: Pool, company: Company, amount: int, *, at: datetime) -> None:
    async with pool.acquire() as connection, connection.transaction():
        told = an_instruction(company.channel, company.number, amount)
        await book_collected(connection, [told], at=at)


async def test_a_worker_whose_employer_has_credit_is_covered_without_a_run(pool: Pool) -> None:
    """January and the credit for February and March are paid in January; April closes unpaid."""
    company = await a_company(pool, at=wib(2026, 1, 5))
    await transfers(pool, company, 3 * BILL, at=wib(2026, 1, 20))
    worker = company.workers[0].family

    await assert_covered_through_april(pool, worker, cause="PAYMENT")


async def test_an_employers_credit_pays_month_by_month_also_when_somebody_asks_before_the_run(
    pool: Pool,
) -> None:
    """Credit for one month pays February, and not nothing because March is open, too."""
    company = await a_company(pool, at=wib(2026, 1, 5))
    await transfers(pool, company, 2 * BILL, at=wib(2026, 1, 20))

    outcome = await paid(
        pool, an_instruction(company.channel, company.number, 2 * BILL), at=wib(2026, 4, 10)
    )

    assert outcome.result is Result.SETTLED
    assert (outcome.detail.get("first_month"), outcome.detail.get("last_month")) == (
        CoverageMonth(2026, 3).ordinal,
        CoverageMonth(2026, 4).ordinal,
    )
    async with pool.acquire() as connection:
        windows = await windows_of(connection, company.workers[0].family.family_id)
    assert [window.arrears_months for window in windows] == [1]
    await agree(pool)


async def everybody(
    pool: Pool, company: Company, instants: list[datetime]
) -> list[StatusAt | None]:
    async with pool.acquire() as connection:
        found: list[StatusAt | None] = []
        for worker in company.workers:
            who = (worker.family.family_id, worker.family.participants[0].participant_id)
            for at in instants:
                status = await status_at(connection, *who, at=at)
                cover = await cover_at(connection, family_id=who[0], participant_id=who[1], at=at)
                if cover is not None and status is not None:
                    assert (cover.state, cover.paid_through) == (status.state, status.paid_through)
                found.append(status)
    return found


deeds = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.sampled_from(["pay", "pay", "run", "hire", "end", "ask"]),
        st.sampled_from([1, 2, 2, 3, 4, 6, 9]),
    ),
    min_size=1,
    max_size=6,
)


@given(start=st.dates(date(2020, 1, 1), date(2028, 3, 1)), life=deeds, gap=st.integers(0, 130))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_the_run_changes_no_answer_for_workers_either(
    pool: Pool,
    database_url: str,
    start: date,
    life: list[tuple[int, str, int]],
    gap: int,
) -> None:
    await clear(database_url)
    began = now = datetime(start.year, start.month, start.day, 9, tzinfo=WIB)
    company = await a_company(pool, at=now)
    for days, deed, halves in life:
        now += timedelta(days=days, minutes=7)
        await _does(pool, company, deed, halves, at=now)
    now += timedelta(days=gap)
    midnights = [(began + timedelta(days=31 * n)).replace(day=1, hour=0) for n in range(20)]
    instants = [now, *(now - timedelta(days=one) for one in (20, 45, 70, 120))]
    instants += [edge for one in midnights for edge in (one - timedelta(minutes=1), one)]
    instants = [one for one in instants if began < one <= now]

    before = await everybody(pool, company, instants)
    await roll(pool, now)
    after = await everybody(pool, company, instants)

    assert before == after
    await agree(pool)


async def _does(pool: Pool, company: Company, deed: str, halves: int, *, at: datetime) -> None:
    """What an employer does; half bills of one worker are paid, so that some wait as credit."""
    if deed == "pay":
        await transfers(pool, company, halves * BILL // 2, at=at)
    elif deed == "run":
        await roll(pool, at)
    elif deed == "hire":
        company.workers.append(await hired(pool, company.employer, wage=5_000_000, at=at))
    else:
        async with pool.acquire() as connection, connection.transaction():
            if deed == "ask":
                await employer_payable_at(connection, company.number, at=at)
            else:
                key = company.workers[halves % len(company.workers)].key
                with suppress(DomainError):
                    await end_employment(connection, key, CoverageMonth.of(wib_date(at)), HR, at=at)
