"""Employers pay for their workers: bills, suspension, reactivation, settlement."""

import asyncio
from collections import Counter
from datetime import date, datetime

import asyncpg
import pytest

from iuran.core.bills import BillState
from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.bills import contributions_of, employer_bills_of
from iuran.core.employers.employment import (
    EmploymentKey,
    EmploymentUnknownError,
    NewEmployment,
    NotEmployableError,
    Report,
    TooManyCoveredError,
    begin_employment,
    employment_of,
)
from iuran.core.employers.registration import (
    EmployerUnknownError,
    NewEmployer,
    list_employers,
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
from iuran.core.fines import Debtor, fine_of, windows_of
from iuran.core.membership import events_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import AdditionalKind, CareClass, PpuGroup, Segment
from iuran.payments import billing
from iuran.payments.billing import roll_months
from iuran.payments.employers import (
    bill_employers,
    customer_number_of_employer,
    employer_payable_at,
)
from iuran.payments.inquiries import inquire
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Result, Verdict, settle
from iuran.payments.virtual_accounts import payable_at
from tests.builders import a_channel, a_family, an_active_family, an_instruction, paid
from tests.payments.payers import HR, an_employer, employer_pays, hired, of_segment, roll, wib


async def channel_of(pool: Pool) -> int:
    async with pool.acquire() as connection:
        return await a_channel(connection)


async def agree(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0


async def state_of(pool: Pool, key: EmploymentKey) -> tuple[str, str]:
    """State and last paid month as stored."""
    async with pool.acquire() as connection:
        row = await connection.fetchrow(
            "SELECT state, paid_through FROM membership"
            " WHERE family_id = $1 AND membership_id = $2",
            *key,
        )
    assert row is not None
    return row["state"], str(CoverageMonth.of_ordinal(row["paid_through"]))


async def test_a_bill_shows_every_share_of_a_capped_wage_with_two_parents(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 4, 1))
    worker = await hired(pool, employer, wage=15_000_000, members=7, parents=2, at=wib(2026, 4, 1))

    await roll(pool, wib(2026, 4, 1))

    async with pool.acquire() as connection:
        (bill,) = await employer_bills_of(connection, employer.employer_id, today=date(2026, 4, 1))
        (line,) = await contributions_of(connection, employer.employer_id, bill.coverage_month)
    assert worker.care_class is CareClass.I
    assert (bill.employer_share, bill.worker_share, bill.amount) == (480_000, 360_000, 840_000)
    assert (line.worker_share, line.additional_amount) == (120_000, 240_000)
    assert line.contribution().total == bill.amount
    assert bill.due_date == date(2026, 4, 10)
    await agree(pool)


@pytest.mark.parametrize(
    ("month", "due"),
    [
        ((2026, 1), date(2026, 1, 12)),  # the 10th is a Saturday
        ((2026, 5), date(2026, 5, 11)),  # a Sunday
        ((2026, 4), date(2026, 4, 10)),
        ((2020, 4), date(2020, 4, 13)),  # Good Friday, then a weekend
        ((2024, 4), date(2024, 4, 16)),  # Eid with its joint leave, a weekend, another day of leave
    ],
)
async def test_a_due_date_without_work_moves_to_the_next_working_day(
    pool: Pool, month: tuple[int, int], due: date
) -> None:
    at = wib(*month, 1)
    employer, _ = await an_employer(pool, at=at)
    await hired(pool, employer, wage=5_000_000, at=at)

    await roll(pool, at)

    async with pool.acquire() as connection:
        (bill,) = await employer_bills_of(connection, employer.employer_id, today=at.date())
    assert bill.due_date == due


@pytest.mark.parametrize("run_came", [True, False], ids=["run on time", "run never came"])
async def test_a_late_employer_pays_all_months_and_owes_the_fine(
    pool: Pool, *, run_came: bool
) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 1, 5))
    worker = await hired(pool, employer, wage=15_000_000, at=wib(2026, 1, 5))
    await employer_pays(pool, channel, number, at=wib(2026, 1, 9))
    if run_came:
        for at in (wib(2026, 2, 1), wib(2026, 3, 1), wib(2026, 4, 1)):
            await roll(pool, at)
        assert await state_of(pool, worker.key) == ("SUSPENDED", "2026-01")

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 4, 8))

    assert outcome.detail.get("amount") == 1_800_000
    assert outcome.detail.get("reactivated") == 1
    assert await state_of(pool, worker.key) == ("ACTIVE", "2026-04")
    async with pool.acquire() as connection:
        (window,) = await windows_of(connection, worker.key.family_id)
        active, suspended, *_ = await events_of(connection, worker.key.family_id)
    fine = fine_of(window, admitted_on=date(2026, 4, 20), estimated_tariff=Rupiah(5_202_500))
    assert (fine.amount, window.debtor, window.employer_id) == (
        520_250,
        Debtor.EMPLOYER,
        employer.employer_id,
    )
    assert window.last_day == date(2026, 5, 23)
    assert (active.cause, suspended.cause) == ("PAYMENT", "MONTH_CLOSED_UNPAID")
    assert suspended.effective_at == wib(2026, 3, 1, 0)
    await agree(pool)


@pytest.mark.parametrize(
    ("at", "amount", "reactivated"),
    [(wib(2026, 2, 28, 23, 59), 200_000, 0), (wib(2026, 3, 1, 0, 1), 400_000, 1)],
)
async def test_the_end_of_the_month_in_wib_decides(
    pool: Pool, at: datetime, amount: int, reactivated: int
) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, region="9801", at=wib(2026, 1, 5))
    await hired(pool, employer, wage=4_000_000, at=wib(2026, 1, 5))
    await employer_pays(pool, channel, number, at=wib(2026, 1, 31, 23, 59))

    outcome = await employer_pays(pool, channel, number, at=at)

    assert outcome.detail.get("amount") == amount
    assert outcome.detail.get("reactivated") == reactivated
    await agree(pool)


async def test_a_leap_day_is_paid_in_time(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2028, 2, 1))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2028, 2, 1))

    await roll(pool, wib(2028, 2, 29, 23, 59))
    before = await state_of(pool, worker.key)
    await employer_pays(pool, channel, number, at=wib(2028, 2, 29, 23, 59))
    await roll(pool, wib(2028, 3, 1, 0, 1))

    assert before == ("ACTIVE", "2028-01")
    assert await state_of(pool, worker.key) == ("ACTIVE", "2028-02")


async def test_the_cap_asks_an_employer_for_24_months_and_the_current_one(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2022, 1, 5))
    worker = await hired(pool, employer, wage=12_000_000, at=wib(2022, 1, 5))

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 6, 15))

    assert outcome.detail.get("amount") == 25 * 600_000
    async with pool.acquire() as connection:
        bills = await employer_bills_of(
            connection, employer.employer_id, today=date(2026, 6, 15), limit=100
        )
        (window,) = await windows_of(connection, worker.key.family_id)
    assert Counter(bill.state for bill in bills) == {BillState.PAID: 25, BillState.NOT_BILLABLE: 29}
    assert window.arrears_months == 24
    await agree(pool)


async def test_who_joins_a_late_employer_has_his_own_months_in_arrears(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 1, 5))
    old = await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))
    young = await hired(pool, employer, wage=5_000_000, at=wib(2026, 4, 5))
    newest = await hired(pool, employer, wage=5_000_000, at=wib(2026, 5, 5))

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 5, 20))

    assert outcome.detail.get("amount") == (5 + 2 + 1) * 250_000
    async with pool.acquire() as connection:
        months = [
            [w.arrears_months for w in await windows_of(connection, worker.key.family_id)]
            for worker in (old, young, newest)
        ]
    assert months == [[4], [1], []]
    await agree(pool)


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


async def test_a_wage_covers_five_people(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 5))

    with pytest.raises(TooManyCoveredError, match="covers 5 people, not 6"):
        await hired(pool, employer, wage=5_000_000, members=6, at=wib(2026, 3, 5))

    worker = await hired(pool, employer, wage=5_000_000, members=5, at=wib(2026, 3, 5))
    assert len(worker.family.participants) == 5


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


async def test_a_state_employee_of_a_low_grade_is_in_class_ii(pool: Pool) -> None:
    at = wib(2026, 3, 5)
    employer, _ = await an_employer(pool, group=PpuGroup.STATE_REGIONAL, at=at)

    low = await hired(pool, employer, wage=9_000_000, grade=2, at=at)
    high = await hired(pool, employer, wage=9_000_000, grade=3, at=at)
    await roll(pool, at)

    assert (low.care_class, high.care_class) == (CareClass.II, CareClass.I)
    async with pool.acquire() as connection:
        lines = await contributions_of(connection, employer.employer_id, CoverageMonth(2026, 3))
        (listed,) = await list_employers(connection)
    assert [line.care_class for line in lines] == [CareClass.II, CareClass.I]
    assert listed == employer


@pytest.mark.parametrize("difference", [-1, 1])
async def test_another_amount_than_the_bill_posts_nothing(pool: Pool, difference: int) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    refused = await paid(
        pool, an_instruction(channel, number, 250_000 + difference), at=wib(2026, 3, 6)
    )

    assert refused.result is Result.AMOUNT_MISMATCH
    assert refused.detail.get("amount") == 250_000
    assert await state_of(pool, worker.key) == ("ACTIVE", "2026-02")
    await agree(pool)


async def test_an_employers_payment_is_settled_once(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))
    instruction = an_instruction(channel, number, 250_000, reference="E1")

    first = await paid(pool, instruction, at=wib(2026, 3, 6))
    again = await paid(pool, instruction, at=wib(2026, 3, 6))
    other = await paid(pool, an_instruction(channel, number, 250_000), at=wib(2026, 3, 6))

    assert (first.result, first.detail.get("employer_id")) == (Result.SETTLED, employer.employer_id)
    assert (again.verdict, again.detail) == (Verdict.REPEATED_MESSAGE, first.detail)
    assert other.result is Result.ALREADY_PAID
    await agree(pool)


async def test_an_inquiry_knows_employers_and_families_apart(pool: Pool) -> None:
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    async with pool.acquire() as connection, connection.transaction():
        found = await payable_at(connection, number, at=wib(2026, 3, 6))
        unknown = await payable_at(connection, "89999999999", at=wib(2026, 3, 6))
        nobody = await employer_payable_at(connection, "89999999999", at=wib(2026, 3, 6))
        kept = await customer_number_of_employer(connection, employer.employer_id)

    assert (found.result, found.name, found.amount, found.members) == (
        "PAYABLE",
        "PT CONTOH",
        250_000,
        1,
    )
    assert found.family_id is None
    assert unknown.result == nobody.result == "VIRTUAL_ACCOUNT_UNKNOWN"
    assert kept == number


async def test_an_employer_without_workers_owes_nothing(pool: Pool) -> None:
    channel = await channel_of(pool)
    _, number = await an_employer(pool, at=wib(2026, 3, 5))

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 3, 6))

    assert outcome.result is Result.NOT_BILLED


async def test_an_employers_payment_of_the_last_second_undoes_the_suspension_of_its_workers(
    pool: Pool,
) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2025, 12, 5))
    worker = await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
    await employer_pays(pool, channel, number, at=wib(2025, 12, 6))
    await roll(pool, wib(2026, 1, 1))
    await roll(pool, wib(2026, 2, 1))
    assert await state_of(pool, worker.key) == ("SUSPENDED", "2025-12")

    outcome = await paid(
        pool, an_instruction(channel, number, 250_000), at=wib(2026, 1, 31, 23, 59)
    )

    assert outcome.is_settled
    assert await state_of(pool, worker.key) == ("ACTIVE", "2026-01")
    async with pool.acquire() as connection:
        assert await windows_of(connection, worker.key.family_id) == ()
        undone, *_ = await events_of(connection, worker.key.family_id)
    assert (undone.cause, undone.effective_at) == ("SUSPENSION_UNDONE", wib(2026, 2, 1, 0))
    await agree(pool)


async def test_runs_at_the_same_time_bill_an_employer_once(pool: Pool) -> None:
    channel = await channel_of(pool)
    employers = [await an_employer(pool, at=wib(2025, 12, 5)) for _ in range(4)]
    for employer, number in employers:
        for _ in range(3):
            await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
        await employer_pays(pool, channel, number, at=wib(2025, 12, 6))

    runs = await asyncio.gather(*(roll(pool, wib(2026, 1, 1)) for _ in range(5)))

    assert sum(run[-1].employer_bills_issued for run in runs) == 4
    await agree(pool)


async def test_a_killed_run_of_employers_is_simply_started_again(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing, "EMPLOYERS_A_BATCH", 1)
    for _ in range(3):
        employer, _ = await an_employer(pool, at=wib(2026, 1, 5))
        await hired(pool, employer, wage=5_000_000, at=wib(2026, 1, 5))
    calls = iter([True, True, True, True, True, False])  # December has none to bill

    async def lose_power(
        connection: Connection,
        *,
        employer_from: int,
        employer_to: int,
        month: CoverageMonth,
        at: datetime,
    ) -> int:
        if not next(calls):
            raise RuntimeError("the power went out")
        return await bill_employers(
            connection, employer_from=employer_from, employer_to=employer_to, month=month, at=at
        )

    with monkeypatch.context() as patch:
        patch.setattr(billing, "bill_employers", lose_power)
        with pytest.raises(RuntimeError, match="the power went out"):
            await roll(pool, wib(2026, 1, 6))
    finished = await roll(pool, wib(2026, 1, 6))

    assert finished[-1].employer_bills_issued == 1
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM employer_bill") == 3
    await agree(pool)


async def test_crossed_batches_of_employers_and_families_do_not_deadlock(pool: Pool) -> None:
    channel = await channel_of(pool)
    numbers: list[str] = []
    for _ in range(4):
        employer, number = await an_employer(pool, at=wib(2025, 12, 5))
        for _ in range(3):
            await hired(pool, employer, wage=5_000_000, at=wib(2025, 12, 5))
        await employer_pays(pool, channel, number, at=wib(2025, 12, 6))
        numbers.append(number)
    _, (account, *_) = await an_active_family(
        pool, channel, a_family(), first_payment_at=wib(2025, 12, 20)
    )
    at = wib(2026, 2, 3)

    async def deliver(turn: int) -> list[Result | None]:
        owed = [an_instruction(channel, number, 1_500_000) for number in numbers]
        owed.append(an_instruction(channel, account.customer_number, 70_000))
        shifted = [*owed[turn % 5 :], *owed[: turn % 5]]
        async with pool.acquire() as connection, connection.transaction():
            return [outcome.result for outcome in await settle(connection, shifted, at=at)]

    async def run() -> list[Result | None]:
        async for _ in roll_months(pool, at=at):
            pass
        return []

    answers = await asyncio.gather(*(deliver(turn) for turn in range(10)), run(), run())

    results = Counter(result for answer in answers for result in answer)
    assert results == {Result.SETTLED: 5, Result.ALREADY_PAID: 45}
    async with pool.acquire() as connection:
        windows = await connection.fetchval("SELECT count(*) FROM fine_window")
    assert windows == 13
    await agree(pool)


async def test_the_database_keeps_an_employers_facts(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for table in ("employer_ledger_entry", "employee_contribution", "wage"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


async def test_a_channels_inquiry_knows_employers(pool: Pool) -> None:
    channel = await channel_of(pool)
    employer, number = await an_employer(pool, at=wib(2026, 3, 5))
    await hired(pool, employer, wage=5_000_000, at=wib(2026, 3, 5))

    async with pool.acquire() as connection, connection.transaction():
        told = await inquire(
            connection, channel, reference="E1", customer_number=number, at=wib(2026, 3, 6)
        )
    outcome = await paid(
        pool, an_instruction(channel, number, told.amount, reference="E1"), at=wib(2026, 3, 6)
    )

    assert outcome.is_settled
