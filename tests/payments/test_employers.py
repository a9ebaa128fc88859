"""Employers are billed for their workers: wages, due dates, arrears, suspension."""

from collections import Counter
from datetime import date, datetime

import pytest

from iuran.core.bills import BillState
from iuran.core.database.pool import Pool
from iuran.core.employers.bills import contributions_of, employer_bills_of
from iuran.core.employers.employment import (
    TooManyCoveredError,
)
from iuran.core.employers.registration import (
    list_employers,
)
from iuran.core.fines import Debtor, fine_of, windows_of
from iuran.core.membership import events_of
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, PpuGroup
from iuran.payments.settlement import Result
from tests.moments import wib
from tests.payments.payers import (
    agree,
    an_employer,
    channel_of,
    employer_pays,
    hired,
    roll,
    state_of,
)


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


async def test_a_wage_covers_five_people(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 3, 5))

    with pytest.raises(TooManyCoveredError, match="covers 5 people, not 6"):
        await hired(pool, employer, wage=5_000_000, members=6, at=wib(2026, 3, 5))

    worker = await hired(pool, employer, wage=5_000_000, members=5, at=wib(2026, 3, 5))
    assert len(worker.family.participants) == 5


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


async def test_an_employer_without_workers_owes_nothing(pool: Pool) -> None:
    channel = await channel_of(pool)
    _, number = await an_employer(pool, at=wib(2026, 3, 5))

    outcome = await employer_pays(pool, channel, number, at=wib(2026, 3, 6))

    assert outcome.result is Result.NOT_BILLED
