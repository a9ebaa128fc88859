"""Governments pay in parts; two persons stand for each payment, and each share finds its money."""

import asyncio
from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.governments import CENTRAL
from iuran.core.manual_changes import ChangeKind
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.core.segments import Segment
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.government_payments import (
    GovernmentStand,
    GovernmentUnknownError,
    NewGovernmentPayment,
    approve_government_payment,
    government_stands,
    open_shares_of,
    record_government_payment,
    waiting_government_payments,
)
from iuran.payments.ledger import balances, disagreements
from tests.builders import a_channel, a_family, an_active_family
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import roll, sponsored


async def recorded(
    pool: Pool, amount: int, *, region: str = CENTRAL, reference: str, at: datetime
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await record_government_payment(
            connection,
            NewGovernmentPayment(
                region=region,
                reference=reference,
                amount=Rupiah(amount),
                value_date=at.date(),
                note="Rekening koran",
            ),
            by="petugas-1",
            at=at,
        )


async def approved(
    pool: Pool, payment_id: int, *, region: str = CENTRAL, by: str = "petugas-2", at: datetime
) -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_government_payment(
            connection, region=region, payment_id=payment_id, by=by, at=at
        )


async def pays(pool: Pool, amount: int, *, region: str = CENTRAL, at: datetime) -> int:
    reference = f"{region}-{at:%Y%m%d%H%M}-{amount}"
    payment_id = await recorded(pool, amount, region=region, reference=reference, at=at)
    return await approved(pool, payment_id, region=region, at=at)


async def stand(pool: Pool, region: str = CENTRAL) -> GovernmentStand:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
        found = {stand.region: stand for stand in await government_stands(connection)}
    return found[region]


async def owed(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as connection:
        found = await balances(connection)
    return {b.account: b.amount for b in found if b.amount and b.account.endswith("RECEIVABLE")}


async def test_a_government_pays_its_bills_in_parts_the_oldest_first(pool: Pool) -> None:
    await sponsored(pool, Segment.PBI_APBN, members=4, at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))
    await roll(pool, wib(2026, 5, 1))

    first = await pays(pool, 200_000, at=wib(2026, 5, 6))
    async with pool.acquire() as connection:
        open_shares = await open_shares_of(connection, CENTRAL)

    assert first == 200_000
    assert [(str(s.coverage_month), s.open_amount) for s in open_shares] == [("2026-05", 136_000)]
    assert (await stand(pool)).open_amount == 136_000
    assert await owed(pool) == {"CENTRAL_CONTRIBUTION_RECEIVABLE": 136_000}


async def test_what_is_too_much_waits_for_the_next_bill(pool: Pool) -> None:
    await sponsored(pool, Segment.PBPU_PEMDA, members=2, region="9901", at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))

    allocated = await pays(pool, 100_000, region="9901", at=wib(2026, 4, 6))
    before = await stand(pool, "9901")
    await roll(pool, wib(2026, 5, 1))
    after = await stand(pool, "9901")

    assert allocated == 84_000
    assert (before.credit, before.open_amount, before.paid) == (16_000, 0, 100_000)
    assert (after.credit, after.open_amount) == (0, 68_000)


async def test_the_subsidy_of_class_iii_is_paid_by_share(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=wib(2026, 4, 7)
    )
    await roll(pool, wib(2026, 4, 8))
    async with pool.acquire() as connection:
        kk = await connection.fetchval("SELECT kk_number FROM family")

    await pays(pool, 12_600, at=wib(2026, 5, 6))
    await pays(pool, 8_000, region=str(kk)[:4], at=wib(2026, 5, 6))

    assert family.participants
    assert (await stand(pool)).open_amount == 0
    assert await owed(pool) == {"REGIONAL_SUBSIDY_RECEIVABLE": 400}


async def test_pensioners_own_share_is_paid_beside_the_governments(pool: Pool) -> None:
    await sponsored(pool, Segment.BP_STATE_PENSIONER, pension=3_000_000, at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))

    await pays(pool, 90_000 + 10_000, at=wib(2026, 4, 6))

    assert await owed(pool) == {"PENSION_RECEIVABLE": 50_000}
    assert (await stand(pool)).open_amount == 50_000


async def test_what_a_paid_bill_shrinks_by_comes_back_as_credit(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, _ = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=wib(2026, 4, 7)
    )
    await roll(pool, wib(2026, 4, 8))
    await roll(pool, wib(2026, 5, 1))
    await pays(pool, 2 * 12_600, at=wib(2026, 5, 6))
    departure = Departure(
        membership_id=family.membership_id,
        participant_id=family.participants[2].participant_id,
        left_on=date(2026, 4, 15),
        kind=ChangeKind.DEATH,
        reason="Akta kematian",
    )
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, family.family_id, departure, proposed_by="petugas-1", at=wib(2026, 5, 20)
        )
        await approve_departure(
            connection,
            family.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="petugas-2",
            at=wib(2026, 5, 20),
        )

    await roll(pool, wib(2026, 6, 1))

    # May costs 4,200 less than was paid for it; June is 2 x 4,200
    found = await stand(pool)
    assert (found.credit, found.open_amount) == (0, 4_200)


async def test_who_records_a_payment_does_not_approve_it(pool: Pool) -> None:
    await sponsored(pool, Segment.PBI_APBN, members=1, at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))
    payment_id = await recorded(pool, 42_000, reference="SP2D-1", at=wib(2026, 4, 6))

    with pytest.raises(SecondPersonError):
        await approved(pool, payment_id, by="petugas-1", at=wib(2026, 4, 6))
    async with pool.acquire() as connection:
        (waiting,) = await waiting_government_payments(connection)
    results = await asyncio.gather(
        *(approved(pool, payment_id, at=wib(2026, 4, 6)) for _ in range(4)),
        return_exceptions=True,
    )

    assert (waiting.payment_id, waiting.amount) == (payment_id, 42_000)
    assert sorted(str(type(result).__name__) for result in results) == [
        *["NothingToApproveError"] * 3,
        "int",
    ]
    assert (await stand(pool)).open_amount == 0
    with pytest.raises(NothingToApproveError):
        await approved(pool, 999, at=wib(2026, 4, 6))


async def test_a_transfer_is_recorded_once_and_as_it_was(pool: Pool) -> None:
    await sponsored(pool, Segment.PBI_APBN, members=1, at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))
    await recorded(pool, 42_000, reference="SP2D-1", at=wib(2026, 4, 6))

    with pytest.raises(AlreadyRegisteredError):
        await recorded(pool, 42_000, reference="SP2D-1", at=wib(2026, 4, 7))
    with pytest.raises(GovernmentUnknownError):
        await recorded(pool, 1, region="9977", reference="SP2D-2", at=wib(2026, 4, 7))
    with pytest.raises(InvalidInputError):
        await recorded(pool, 0, reference="SP2D-3", at=wib(2026, 4, 7))
    async with pool.acquire() as connection:
        with pytest.raises(InvalidInputError):
            await record_government_payment(
                connection,
                NewGovernmentPayment(
                    region=CENTRAL,
                    reference="SP2D-4",
                    amount=Rupiah(1),
                    value_date=date(2026, 4, 8),
                    note="x",
                ),
                by="petugas-1",
                at=wib(2026, 4, 7, 23, 59),
            )


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(parts=st.lists(st.integers(1, 200_000), min_size=1, max_size=6))
async def test_whatever_is_paid_is_on_a_bill_or_is_credit(
    pool: Pool, database_url: str, parts: list[int]
) -> None:
    await clear(database_url)
    await sponsored(pool, Segment.PBI_APBN, members=3, at=wib(2026, 4, 1))
    await sponsored(pool, Segment.BP_STATE_PENSIONER, pension=1_000_000, at=wib(2026, 4, 1))
    await roll(pool, wib(2026, 4, 1))

    for number, part in enumerate(parts):
        await pays(pool, part, at=wib(2026, 4, 2 + number))

    owing = max(126_000 + 50_000 - sum(parts), 0)
    found = await stand(pool)
    assert (found.open_amount, found.credit) == (owing, max(sum(parts) - 176_000, 0))
