"""Governments pay for PBI, Pemda, veterans, pensions and the class III subsidy."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.families import RegisteredFamily, register
from iuran.core.fines import windows_of
from iuran.core.governments import (
    CENTRAL,
    NotSponsorableError,
    NotSponsoredError,
    Removal,
    Sponsorship,
    end_sponsorship,
    government_bills_of,
    name_government,
    sponsor,
)
from iuran.core.membership import events_of
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import NoRuleError
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass, Segment
from iuran.payments.ledger import balances, disagreements
from iuran.payments.settlement import Result
from tests.builders import a_channel, a_family, an_active_family, an_instruction, paid
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import of_segment, roll, sponsored


async def bills(pool: Pool, year: int, month: int) -> dict[tuple[str, str], tuple[int, int, int]]:
    """People, amount and withheld by region and programme."""
    async with pool.acquire() as connection:
        found = await government_bills_of(connection, CoverageMonth(year, month))
    return {(b.region, b.programme): (b.people, b.amount, b.withheld) for b in found}


async def owed(pool: Pool) -> dict[str, int]:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        found = await balances(connection)
    assert sum(balance.amount for balance in found) == 0
    return {balance.account: balance.amount for balance in found if balance.amount}


def removal(family: RegisteredFamily, last_month: CoverageMonth, *, approved_by: str) -> Removal:
    return Removal(
        family_id=family.family_id,
        membership_id=family.membership_id,
        last_month=last_month,
        reason="Tidak lagi dalam daftar",
        proposed_by="petugas-1",
        approved_by=approved_by,
    )


async def test_each_programme_is_billed_to_its_government(pool: Pool) -> None:
    at = wib(2026, 4, 1)
    await sponsored(pool, Segment.PBI_APBN, members=4, at=at)
    await sponsored(pool, Segment.PBPU_PEMDA, members=3, region="9901", at=at)
    await sponsored(pool, Segment.BP_VETERAN, members=2, at=at)
    await sponsored(pool, Segment.BP_STATE_PENSIONER, members=2, pension=3_333_350, at=at)

    await roll(pool, at)

    assert await bills(pool, 2026, 4) == {
        (CENTRAL, "PBI_APBN"): (4, 168_000, 0),
        ("9901", "PBPU_PEMDA"): (3, 126_000, 0),
        (CENTRAL, "BP_VETERAN"): (1, 77_875, 0),
        (CENTRAL, "BP_STATE_PENSIONER"): (1, 100_001, 66_667),
    }
    assert await owed(pool) == {
        "CENTRAL_CONTRIBUTION_RECEIVABLE": 168_000 + 77_875 + 100_001,
        "REGIONAL_CONTRIBUTION_RECEIVABLE": 126_000,
        "PENSION_RECEIVABLE": 66_667,
        "CONTRIBUTION_REVENUE": -(168_000 + 77_875 + 100_001 + 126_000 + 66_667),
    }


async def test_the_class_iii_subsidy_is_billed_in_two_parts_and_posted_once(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(members=3), first_payment_at=wib(2026, 4, 20))

    await roll(pool, wib(2026, 4, 20))

    assert await bills(pool, 2026, 4) == {
        (CENTRAL, "CLASS_III"): (3, 12_600, 0),
        ("9900", "CLASS_III"): (3, 8_400, 0),
    }
    balance = await owed(pool)
    assert balance["CENTRAL_SUBSIDY_RECEIVABLE"] == 12_600
    assert balance["REGIONAL_SUBSIDY_RECEIVABLE"] == 8_400
    assert "CENTRAL_CONTRIBUTION_RECEIVABLE" not in balance


async def test_a_subsidy_that_arises_after_the_last_run_of_a_month_is_billed_with_the_next(
    pool: Pool,
) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 3, 20))
    await roll(pool, wib(2026, 3, 31, 8))
    await an_active_family(pool, channel, a_family(), first_payment_at=wib(2026, 3, 31, 23, 59))

    await roll(pool, wib(2026, 4, 1, 0, 1))

    assert (await bills(pool, 2026, 3))[CENTRAL, "CLASS_III"] == (2, 8_400, 0)
    await owed(pool)


async def test_a_second_run_bills_only_what_is_new(pool: Pool) -> None:
    at = wib(2026, 4, 1)
    await sponsored(pool, Segment.PBI_APBN, members=2, at=at)
    await roll(pool, at)
    await roll(pool, at)
    await sponsored(pool, Segment.PBI_APBN, members=1, at=wib(2026, 4, 20))

    await asyncio.gather(*(roll(pool, wib(2026, 4, 21)) for _ in range(4)))

    async with pool.acquire() as connection:
        lines = await connection.fetch("SELECT people, amount FROM government_bill_line")
        await name_government(connection, region=CENTRAL, name="Kementerian Contoh")
        (bill,) = await government_bills_of(connection, CoverageMonth(2026, 4))
    assert sorted(tuple(line.values()) for line in lines) == [(1, 42_000), (2, 84_000)]
    assert (bill.name, bill.people) == ("Kementerian Contoh", 3)


@pytest.mark.parametrize("segment", [Segment.PBI_APBN, Segment.PBPU_PEMDA, Segment.BP_VETERAN])
async def test_who_the_state_pays_for_is_never_suspended_and_owes_nothing(
    pool: Pool, segment: Segment
) -> None:
    region = "9901" if segment is Segment.PBPU_PEMDA else CENTRAL
    family = await sponsored(pool, segment, region=region, at=wib(2024, 1, 5))

    await roll(pool, wib(2026, 4, 1))

    async with pool.acquire() as connection:
        states = [e.state for e in await events_of(connection, family.family_id)]
        assert await windows_of(connection, family.family_id) == ()
        assert await connection.fetchval("SELECT count(*) FROM bill") == 0
        channel = await a_channel(connection)
    assert states == ["ACTIVE", "PENDING"]
    number = family.participants[0].card_number[-11:]
    outcome = await paid(pool, an_instruction(channel, number, 42_000), at=wib(2026, 4, 2))
    assert outcome.result is Result.VIRTUAL_ACCOUNT_UNKNOWN


async def test_pbi_and_pemda_are_insured_in_class_iii(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        family = of_segment(Segment.PBI_APBN)
        family = type(family)(
            kk_number=family.kk_number,
            care_class=CareClass.I,
            participants=family.participants,
            segment=family.segment,
        )
        registered = await register(connection, family, at=wib(2026, 4, 1))
        await sponsor(
            connection,
            Sponsorship(family_id=registered.family_id, membership_id=registered.membership_id),
            at=wib(2026, 4, 1),
        )

        assert await connection.fetchval("SELECT care_class FROM membership") == 3


async def test_who_is_taken_off_the_list_is_inactive_from_the_next_month(pool: Pool) -> None:
    family = await sponsored(pool, Segment.PBI_APBN, members=2, at=wib(2026, 1, 5))
    async with pool.acquire() as connection, connection.transaction():
        await end_sponsorship(
            connection,
            removal(family, CoverageMonth(2026, 2), approved_by="petugas-2"),
            at=wib(2026, 2, 9),
        )

    await roll(pool, wib(2026, 2, 28, 23, 59))
    async with pool.acquire() as connection:
        in_february = (await events_of(connection, family.family_id))[0].state
    await roll(pool, wib(2026, 3, 1, 0, 1))

    async with pool.acquire() as connection:
        event, *_ = await events_of(connection, family.family_id)
    assert in_february == "ACTIVE"
    assert (event.state, event.effective_at) == ("INACTIVE_SEGMENT_CHANGE", wib(2026, 3, 1, 0))
    assert (CENTRAL, "PBI_APBN") in await bills(pool, 2026, 2)
    assert await bills(pool, 2026, 3) == {}
    assert await owed(pool)


async def test_taking_somebody_off_a_list_needs_two_persons(pool: Pool) -> None:
    family = await sponsored(pool, Segment.PBI_APBN, at=wib(2026, 1, 5))
    alone = removal(family, CoverageMonth(2026, 2), approved_by="petugas-1")

    async with pool.acquire() as connection:
        with pytest.raises(SecondPersonError):
            async with connection.transaction():
                await end_sponsorship(connection, alone, at=wib(2026, 2, 9))
        with pytest.raises(InvalidInputError, match="reason"):
            async with connection.transaction():
                await end_sponsorship(
                    connection,
                    Removal(
                        family_id=family.family_id,
                        membership_id=family.membership_id,
                        last_month=CoverageMonth(2026, 2),
                        reason="",
                        proposed_by="petugas-1",
                        approved_by="petugas-2",
                    ),
                    at=wib(2026, 2, 9),
                )


async def test_a_sponsorship_ends_once_and_not_in_the_past(pool: Pool) -> None:
    family = await sponsored(pool, Segment.PBI_APBN, at=wib(2026, 1, 5))
    off = removal(family, CoverageMonth(2026, 2), approved_by="petugas-2")

    async with pool.acquire() as connection:
        with pytest.raises(InvalidInputError, match="lastMonth"):
            await end_sponsorship(connection, off, at=wib(2026, 3, 1))
        await end_sponsorship(connection, off, at=wib(2026, 2, 1))
        with pytest.raises(NotSponsoredError):
            await end_sponsorship(connection, off, at=wib(2026, 2, 2))


@pytest.mark.parametrize(
    ("segment", "region", "pension", "field"),
    [
        (Segment.PBI_APBN, "9901", None, "region"),
        (Segment.PBPU_PEMDA, CENTRAL, None, "region"),
        (Segment.PBPU_PEMDA, "99O1", None, "region"),
        (Segment.PBPU_PEMDA, "9901\n", None, "region"),
        (Segment.BP_STATE_PENSIONER, CENTRAL, None, "pension"),
        (Segment.BP_VETERAN, CENTRAL, 1_000_000, "pension"),
    ],
)
async def test_a_sponsorship_fits_its_segment(
    pool: Pool, segment: Segment, region: str, pension: int | None, field: str
) -> None:
    with pytest.raises(InvalidInputError, match=field):
        await sponsored(pool, segment, region=region, pension=pension, at=wib(2026, 4, 1))


async def test_only_segments_of_the_state_are_sponsored(pool: Pool) -> None:
    with pytest.raises(NotSponsorableError, match="PBPU_SELF"):
        await sponsored(pool, Segment.PBPU_SELF, at=wib(2026, 4, 1))


async def test_a_veteran_needs_a_salary_on_file(pool: Pool) -> None:
    with pytest.raises(NoRuleError):
        await sponsored(pool, Segment.BP_VETERAN, at=wib(2018, 4, 1))


def slow_government(lives: list[tuple[str, int, int]], month: tuple[int, int]) -> dict[str, int]:
    """What each programme costs in a month, one membership and one person at a time."""
    person = 19_225 if month <= (2015, 12) else 23_000 if month <= (2019, 7) else 42_000
    salary = 3_204_700 if month[0] <= 2023 else 3_461_100
    sums: dict[str, int] = {}
    for segment, members, pension in lives:
        if segment == "BP_VETERAN":
            amount = round(salary * 225 / 10_000 + 1e-6)
        elif segment == "BP_STATE_PENSIONER":
            amount = (pension * 3 + 50) // 100 + (pension * 2 + 50) // 100
        else:
            amount = sum(person for _ in range(members))
        sums[segment] = sums.get(segment, 0) + amount
    return sums


@given(
    lives=st.lists(
        st.tuples(
            st.sampled_from(["PBI_APBN", "PBPU_PEMDA", "BP_VETERAN", "BP_STATE_PENSIONER"]),
            st.integers(1, 3),
            st.integers(500_000, 9_000_000),
        ),
        min_size=1,
        max_size=5,
    ),
    month=st.sampled_from([(2019, 7), (2019, 8), (2023, 12), (2024, 1), (2026, 2), (2028, 2)]),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_any_mixture_is_billed_as_the_slow_reading_says(
    pool: Pool, database_url: str, lives: list[tuple[str, int, int]], month: tuple[int, int]
) -> None:
    await clear(database_url)
    at = wib(*month, 1)
    for segment, members, pension in lives:
        await sponsored(
            pool,
            Segment(segment),
            members=members,
            region="9901" if segment == "PBPU_PEMDA" else CENTRAL,
            pension=pension if segment == "BP_STATE_PENSIONER" else None,
            at=at,
        )

    await roll(pool, at)

    found: dict[str, int] = {}
    for (_, programme), (_, amount, withheld) in (await bills(pool, *month)).items():
        found[programme] = found.get(programme, 0) + amount + withheld
    assert found == slow_government(lives, month)
    await owed(pool)
