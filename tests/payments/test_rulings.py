from iuran.core.database.pool import Pool, connected
from iuran.core.months import CoverageMonth
from iuran.core.regulation.loading import load_regulation
from iuran.core.segments import CareClass
from iuran.payments.credit import credit_of
from iuran.payments.rulings import Ruling, approve_ruling, propose_ruling
from tests.builders import (
    pays_what_it_owes,
)
from tests.moments import wib
from tests.payments.payers import agree
from tests.payments.paying_families import a_paying_family, owed


async def test_the_ruling_of_april_2020_turns_the_difference_into_credit(
    pool: Pool, database_url: str
) -> None:
    async with connected(database_url, role=None) as owner:
        await owner.execute(
            "UPDATE contribution_rate SET participant_share = 160000, amount_total = 160000"
            " WHERE care_class = 1 AND first_month = 2020 * 12 + 3"
        )
    try:
        channel, family, account = await a_paying_family(
            pool, members=1, care_class=CareClass.I, first_payment_at=wib(2020, 1, 5)
        )
        for month in (2, 3, 4):
            await pays_what_it_owes(pool, channel, account, at=wib(2020, month, 5))
    finally:
        async with connected(database_url, role=None) as owner, owner.transaction():
            await load_regulation(owner)

    async with pool.acquire() as connection, connection.transaction():
        for month in (3, 4):
            change_id = await propose_ruling(
                connection,
                family.family_id,
                family.membership_id,
                Ruling(month=CoverageMonth(2020, month), reason="MA 7P/HUM/2020"),
                proposed_by="siti",
                at=wib(2020, 4, 30),
            )
            await approve_ruling(
                connection, family.family_id, change_id, approved_by="budi", at=wib(2020, 4, 30)
            )
        credit = await credit_of(connection, family.family_id, family.membership_id)

    assert credit == 80_000
    assert await owed(pool, account, at=wib(2020, 5, 1)) == 0
    await agree(pool)
