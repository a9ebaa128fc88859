"""Arrears keep the rate of their coverage month, whatever it is when they are paid."""

from datetime import datetime

import pytest

from iuran.core.database.pool import Pool
from iuran.core.fines import windows_of
from iuran.core.segments import CareClass
from iuran.payments.ledger import disagreements
from tests.builders import a_channel, a_family, an_active_family, pays_what_it_owes
from tests.moments import wib
from tests.payments.payers import roll


@pytest.mark.parametrize(
    ("care_class", "first_payment", "paid_at", "amount", "months"),
    [
        (CareClass.III, wib(2020, 10, 20), wib(2021, 2, 15), 121_000, 3),
        (CareClass.I, wib(2020, 2, 20), wib(2020, 7, 20), 550_000, 4),
        (CareClass.II, wib(2016, 2, 20), wib(2016, 4, 1, 0, 1), 42_500 + 51_000, 1),
        (CareClass.III, wib(2020, 11, 20), wib(2020, 12, 31, 23, 59), 25_500, 0),
        (CareClass.III, wib(2020, 11, 20), wib(2021, 1, 1, 0, 1), 25_500 + 35_000, 1),
    ],
    ids=["tariff change", "2020 zig-zag", "April 2016", "last minute of 2020", "first of 2021"],
)
@pytest.mark.parametrize("run_came", [True, False], ids=["run on time", "run never came"])
async def test_each_month_in_arrears_costs_its_own_rate(
    pool: Pool,
    care_class: CareClass,
    first_payment: datetime,
    paid_at: datetime,
    amount: int,
    months: int,
    *,
    run_came: bool,
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(care_class=care_class), first_payment_at=first_payment
    )
    if run_came:
        await roll(pool, paid_at)

    outcome = await pays_what_it_owes(pool, channel, account, at=paid_at)

    assert outcome.detail.get("amount") == amount
    async with pool.acquire() as connection:
        windows = await windows_of(connection, family.family_id)
        assert await disagreements(connection) == ()
    assert [window.arrears_months for window in windows] == ([months] if months else [])
