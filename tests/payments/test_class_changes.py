from datetime import date, datetime

import pytest

from iuran.core.bills import bills_of
from iuran.core.database.pool import Pool
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass
from iuran.payments.class_changes import (
    ClassChangeInArrearsError,
    ClassChangeTooEarlyError,
    SameClassError,
    change_care_class,
    year_in_class_ends,
)
from tests.builders import (
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import agree
from tests.payments.paying_families import a_paying_family, owed


async def test_class_changes_after_a_year_for_the_whole_family_from_the_next_month(
    pool: Pool,
) -> None:
    channel, family, account = await a_paying_family(
        pool, members=4, care_class=CareClass.II, first_payment_at=wib(2025, 3, 24)
    )
    for month in range(13):
        at = wib(2025 + (month + 3) // 12, (month + 3) % 12 + 1, 8)
        if at < wib(2026, 4, 1):
            await pays_what_it_owes(pool, channel, account, at=at)

    async def asks(at: datetime, care_class: CareClass = CareClass.III) -> CoverageMonth:
        async with pool.acquire() as connection, connection.transaction():
            return await change_care_class(
                connection,
                family.family_id,
                family.membership_id,
                care_class=care_class,
                asked_by="siti",
                at=at,
            )

    with pytest.raises(ClassChangeTooEarlyError) as early:
        await asks(wib(2026, 3, 9, 23, 59))
    with pytest.raises(SameClassError):
        await asks(wib(2026, 3, 12), CareClass.II)
    with pytest.raises(ClassChangeInArrearsError):
        await asks(wib(2026, 5, 12))
    first_month = await asks(wib(2026, 3, 12))

    assert early.value.possible_from == date(2026, 3, 10)
    assert str(first_month) == "2026-04"
    assert await owed(pool, account, at=wib(2026, 4, 1)) == 140_000
    async with pool.acquire() as connection:
        bills = await bills_of(connection, family.family_id, today=date(2026, 4, 1))
    assert {b.care_class for b in bills if str(b.coverage_month) == "2026-03"} == {CareClass.II}
    await agree(pool)


def test_a_year_from_a_leap_day_ends_on_the_first_of_march() -> None:
    assert year_in_class_ends(date(2028, 2, 29)) == date(2029, 3, 1)
