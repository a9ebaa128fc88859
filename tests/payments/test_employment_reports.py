"""What an employer reports of its workers: wages, ends, further members."""

from datetime import date

import pytest

from iuran.core.database.pool import Pool
from iuran.core.employers.bills import employer_bills_of
from iuran.core.employers.employment import (
    EmploymentKey,
    EmploymentUnknownError,
    NewEmployment,
    NotEmployableError,
    Report,
    begin_employment,
    employment_of,
)
from iuran.core.employers.registration import (
    EmployerUnknownError,
    NewEmployer,
    register_employer,
)
from iuran.core.employers.reports import (
    EmploymentEndedError,
    MonthBilledError,
    NewMember,
    WageChange,
    add_member,
    end_employment,
    report_wage,
)
from iuran.core.enrolment import AlreadyInsuredError, open_membership
from iuran.core.errors import InvalidInputError
from iuran.core.families import register
from iuran.core.fines import windows_of
from iuran.core.membership import events_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import AdditionalKind, CareClass, PpuGroup, Segment
from tests.builders import a_family, an_active_family
from tests.moments import wib
from tests.payments.payers import (
    HR,
    agree,
    an_employer,
    channel_of,
    employer_pays,
    hired,
    of_segment,
    roll,
    state_of,
)


async def test_a_worker_reported_after_the_bill_makes_a_second_part(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 1))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 1))
    await employer_pays(pool, channel, number, at=wib(2026, 3, 2))
    await hired(pool, employer, wage=6_000_000, at=wib(2026, 3, 20))

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 3, 21))

    assert outcome.detail.get("amount") == 300_000
    async with pool.acquire() as connection:
        bills = await employer_bills_of(connection, employer.employer_id, today=date(2026, 3, 21))
    assert [(bill.part, bill.amount) for bill in bills] == [(2, 300_000), (1, 250_000)]
    await agree(pool)


async def test_a_wage_change_moves_amount_and_class_from_its_month(pool: Pool) -> None:
    employer, _ = await an_employer(pool, region="9801", at=wib(2026, 1, 5))
    worker = await hired(pool, employer, wage=4_000_000, at=wib(2026, 1, 5))
    await roll(pool, wib(2026, 1, 5))

    async with pool.acquire() as connection, connection.transaction():
        await report_wage(
            connection,
            worker.key,
            WageChange(first_month=CoverageMonth(2026, 2), wage=Rupiah(4_000_050)),
            HR,
            at=wib(2026, 1, 20),
        )
    await roll(pool, wib(2026, 2, 1))

    async with pool.acquire() as connection:
        bills = await employer_bills_of(connection, employer.employer_id, today=date(2026, 2, 1))
        care_class = await connection.fetchval("SELECT care_class FROM membership")
        before = await connection.fetchval(
            "SELECT before FROM employment_report WHERE kind = 'WAGE'"
        )
    assert [bill.amount for bill in bills] == [160_002 + 40_001, 200_000]
    assert (worker.care_class, care_class) == (CareClass.II, CareClass.I)
    assert before == {"wage": 4_000_000}


async def test_a_billed_month_is_not_reported_again(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 1, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))
    await roll(pool, wib(2026, 1, 5))
    january = CoverageMonth(2026, 1)

    async with pool.acquire() as connection:
        with pytest.raises(MonthBilledError, match="2026-01"):
            await report_wage(
                connection,
                worker.key,
                WageChange(first_month=january, wage=Rupiah(6_000_000)),
                HR,
                at=wib(2026, 1, 9),
            )
        with pytest.raises(MonthBilledError):
            await end_employment(connection, worker.key, january.plus(-1), HR, at=wib(2026, 1, 9))


async def test_a_worker_who_leaves_is_inactive_from_the_next_month(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    stays = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    async with pool.acquire() as connection, connection.transaction():
        await end_employment(connection, worker.key, CoverageMonth(2026, 4), HR, at=wib(2026, 4, 2))

    await roll(pool, wib(2026, 4, 30, 23, 59))
    in_april = await state_of(pool, worker.key)
    outcome = await employer_pays(pool, channel, number, at=wib(2026, 5, 2))

    assert in_april == ("SUSPENDED", "2026-02")
    assert outcome.detail.get("amount") == (2 + 2 + 1) * 250_000
    assert await state_of(pool, worker.key) == ("INACTIVE_SEGMENT_CHANGE", "2026-04")
    assert await state_of(pool, stays.key) == ("ACTIVE", "2026-05")
    async with pool.acquire() as connection:
        ended = list(await events_of(connection, worker.key.family_id))
        assert await windows_of(connection, worker.key.family_id) == ()
        employment = await employment_of(connection, worker.key)
    assert {e.effective_at for e in ended if e.cause == "EMPLOYMENT_ENDED"} == {wib(2026, 5, 1, 0)}
    assert employment.last_month == CoverageMonth(2026, 4)
    await agree(pool)


async def test_an_ended_employment_takes_no_more_reports(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    async with pool.acquire() as connection:
        with pytest.raises(InvalidInputError, match="began in 2026-03"):
            await end_employment(
                connection, worker.key, CoverageMonth(2026, 2), HR, at=wib(2026, 3, 6)
            )
        await end_employment(connection, worker.key, CoverageMonth(2026, 3), HR, at=wib(2026, 3, 6))
        with pytest.raises(EmploymentEndedError):
            await end_employment(
                connection, worker.key, CoverageMonth(2026, 4), HR, at=wib(2026, 3, 7)
            )
        with pytest.raises(EmploymentUnknownError):
            await employment_of(connection, EmploymentKey(worker.key.family_id, 999))


async def test_a_further_member_costs_one_per_cent_from_his_month(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 5))
    async with pool.acquire() as connection, connection.transaction():
        family = await register(
            connection, of_segment(Segment.PPU_ENTERPRISE, members=1), at=wib(2026, 3, 5)
        )
        key = EmploymentKey(family.family_id, family.membership_id)
        await begin_employment(
            connection,
            NewEmployment(
                employer_id=employer.employer_id,
                family_id=family.family_id,
                membership_id=family.membership_id,
                participant_id=family.participants[0].participant_id,
                wage=Rupiah(10_000_000),
            ),
            HR,
            at=wib(2026, 3, 5),
        )
        mother = await connection.fetchval(
            "INSERT INTO participant (family_id, nik, card_number, name, birth_date, sex, relation,"
            " registered_at) VALUES ($1, '9901015505600001', '0009999999999', 'IBU CONTOH',"
            " '1960-05-15', 'F', 'PARENT', $2) RETURNING participant_id",
            family.family_id,
            wib(2026, 3, 5),
        )
    await roll(pool, wib(2026, 3, 6))
    april = NewMember(
        participant_id=mother, kind=AdditionalKind.PARENT, first_month=CoverageMonth(2026, 4)
    )

    async with pool.acquire() as connection, connection.transaction():
        await add_member(connection, key, april, HR, at=wib(2026, 3, 20))
        with pytest.raises(AlreadyInsuredError):
            await add_member(connection, key, april, HR, at=wib(2026, 3, 20))
    await roll(pool, wib(2026, 4, 1))

    async with pool.acquire() as connection:
        bills = await employer_bills_of(connection, employer.employer_id, today=date(2026, 4, 1))
    assert [bill.amount for bill in bills] == [600_000, 500_000]


async def test_an_employed_wife_is_in_a_membership_of_her_own(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, _ = await an_employer(pool, at=wib(2026, 1, 20))
    family, _ = await an_active_family(
        pool, channel, a_family(members=2), first_payment_at=wib(2026, 1, 20)
    )
    wife = family.participants[1].participant_id

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(AlreadyInsuredError):
            await open_membership(
                connection,
                family_id=family.family_id,
                segment=Segment.PPU_ENTERPRISE,
                care_class=CareClass.I,
                participant_ids=[wife],
                at=wib(2026, 1, 25),
            )
        await connection.execute(
            "UPDATE enrolment SET last_month = $2 WHERE participant_id = $1",
            wife,
            CoverageMonth(2026, 1).ordinal,
        )
        membership_id = await open_membership(
            connection,
            family_id=family.family_id,
            segment=Segment.PPU_ENTERPRISE,
            care_class=CareClass.I,
            participant_ids=[wife],
            at=wib(2026, 2, 1),
        )
        await begin_employment(
            connection,
            NewEmployment(
                employer_id=employer.employer_id,
                family_id=family.family_id,
                membership_id=membership_id,
                participant_id=wife,
                wage=Rupiah(5_000_000),
            ),
            HR,
            at=wib(2026, 2, 1),
        )
    progress = await roll(pool, wib(2026, 2, 1))

    assert (progress[-1].bills_issued, progress[-1].employer_bills_issued) == (1, 1)
    assert await state_of(pool, EmploymentKey(family.family_id, membership_id)) == (
        "ACTIVE",
        "2026-01",
    )
    await agree(pool)


async def test_reports_of_the_wrong_kind_are_refused(pool: Pool) -> None:
    at = wib(2026, 3, 5)
    employer, _ = await an_employer(pool, at=at)
    state, _ = await an_employer(pool, group=PpuGroup.STATE_CENTRAL, at=at)
    worker = await hired(pool, employer, wage=5_000_000, at=at)
    again = NewEmployment(
        employer_id=employer.employer_id,
        family_id=worker.key.family_id,
        membership_id=worker.key.membership_id,
        participant_id=worker.family.participants[0].participant_id,
        wage=Rupiah(5_000_000),
    )

    async with pool.acquire() as connection:
        with pytest.raises(NotEmployableError, match="ACTIVE"):
            await begin_employment(connection, again, HR, at=at)
        with pytest.raises(InvalidInputError, match="region"):
            await register_employer(
                connection,
                NewEmployer(name="PT CONTOH", group=PpuGroup.PRIVATE, region="99"),
                at=at,
            )
        with pytest.raises(InvalidInputError, match="name"):
            await register_employer(
                connection, NewEmployer(name=" ", group=PpuGroup.PRIVATE, region="9901"), at=at
            )
    with pytest.raises(InvalidInputError, match="golongan"):
        await hired(pool, state, wage=5_000_000, at=at)
    with pytest.raises(InvalidInputError, match="wage"):
        await hired(pool, employer, wage=999, at=at)
    with pytest.raises(InvalidInputError, match="who reports"):
        Report(by=" ", reason="x")
    with pytest.raises(EmployerUnknownError):
        async with pool.acquire() as connection:
            await begin_employment(
                connection,
                NewEmployment(
                    employer_id=404,
                    family_id=1,
                    membership_id=1,
                    participant_id=1,
                    wage=Rupiah(5_000_000),
                ),
                HR,
                at=at,
            )
