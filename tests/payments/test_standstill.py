"""While the monthly run stands still nobody is answered otherwise than after it."""

from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.care.cover import cover_at
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.membership_history import StatusAt, status_at
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_of
from iuran.payments.members import add_member
from iuran.payments.prepayment import ask_to_pay_ahead
from tests.builders import a_channel, a_family, a_participant, an_active_family, pays_what_it_owes
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import agree, roll


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


async def test_who_paid_ahead_is_covered_after_two_months_without_a_run(pool: Pool) -> None:
    """January by the first payment, February and March ahead: April closes unpaid."""
    family = await a_family_that_paid_ahead(
        pool, months=2, care_class=CareClass.III, members=2, at=wib(2026, 1, 20)
    )

    in_march = await told(pool, family, at=wib(2026, 3, 31, 23, 59))
    in_april = await told(pool, family, at=wib(2026, 4, 30, 23, 59))
    in_may = await told(pool, family, at=wib(2026, 5, 1, 0, 1))

    assert (in_march.covered, in_march.cause, in_march.since) == (
        True,
        "CREDIT_USED",
        wib(2026, 3, 1, 0),
    )
    assert (in_april.covered, in_april.paid_through) == (True, CoverageMonth(2026, 3))
    assert (in_may.state, in_may.cause, in_may.since) == (
        "SUSPENDED",
        "MONTH_CLOSED_UNPAID",
        wib(2026, 5, 1, 0),
    )


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
