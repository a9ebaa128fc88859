"""Whatever is explained: its lines add up to it, and each reason has its legal basis."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from iuran.core.bills import bills_of
from iuran.core.care.care_types import CareType
from iuran.core.care.circumstances import check_eligibility
from iuran.core.care.stay_fines import Exemption, Stay, assess
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.explanations import (
    Confidence,
    Explanation,
    MonthNotBilledError,
    NoPlanError,
    Reason,
    explain_bill,
    explain_cover,
    explain_eligibility,
    explain_employer_bill,
    explain_plan,
    explain_status,
    explain_stay_fine,
)
from iuran.core.families import Relation
from iuran.core.fines import FineWindow
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from iuran.payments.instalment_plans import register_plan
from iuran.payments.members import add_newborn
from tests.builders import (
    a_channel,
    a_family,
    a_participant,
    an_active_family,
    pays_what_it_owes,
)
from tests.care_builders import a_reactivated_member, a_request, facilities
from tests.conftest import clear
from tests.moments import wib
from tests.payments.payers import an_employer, hired, roll, sponsored

MARKS = {Confidence.DECISION, Confidence.ONE_SOURCE, Confidence.NO_SOURCE}


def is_well_founded(found: Explanation) -> None:
    assert found.english != found.indonesian
    assert found.reasons
    for reason in found.reasons:
        assert reason.english != reason.indonesian, reason
        assert reason.legal_basis.strip(), reason
        assert reason.confidence in MARKS or "[D]" not in reason.legal_basis + reason.english


@given(
    first=st.dates(date(2019, 1, 1), date(2026, 1, 31)),
    members=st.integers(1, 4),
    care_class=st.sampled_from(CareClass),
    months=st.integers(0, 30),
    born_days_ago=st.none() | st.integers(0, 200),
)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_the_lines_of_any_bill_add_up_to_it(
    pool: Pool,
    database_url: str,
    first: date,
    members: int,
    care_class: CareClass,
    months: int,
    born_days_ago: int | None,
) -> None:
    await clear(database_url)
    start = datetime(first.year, first.month, first.day, 9, tzinfo=WIB)
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=members, care_class=care_class), first_payment_at=start
    )
    now = start + timedelta(days=30 * months + 1)
    await roll(pool, now)
    if born_days_ago is not None:
        child = a_participant(
            relation=Relation.CHILD, birth_date=now.date() - timedelta(days=born_days_ago)
        )
        async with pool.acquire() as connection, connection.transaction():
            await add_newborn(
                connection, family.family_id, family.membership_id, child=child, at=now
            )

    await pays_what_it_owes(pool, channel, account, at=now)

    async with pool.acquire() as connection:
        for bill in await bills_of(connection, family.family_id, today=now.date(), limit=100):
            found = await explain_bill(connection, family.family_id, bill)
            is_well_founded(found)
            assert found.total == bill.amount
        head = family.participants[0].participant_id
        is_well_founded(await explain_status(connection, family.family_id, head, at=now))
        is_well_founded(await explain_cover(connection, family.family_id, head, at=now))


@given(
    reactivated=st.dates(date(2018, 10, 1), date(2030, 12, 31)),
    offset=st.integers(-2, 60),
    months=st.integers(1, 30),
    tariff=st.integers(1, 200_000_000),
    care_type=st.sampled_from(CareType),
    payer=st.sampled_from([("FAMILY", Segment.PBPU_SELF), ("EMPLOYER", Segment.PPU_ENTERPRISE)]),
    certified=st.sampled_from(["certified", ""]),
    care_class=st.sampled_from(CareClass),
)
def test_the_lines_of_any_fine_add_up_to_it(
    reactivated: date,
    offset: int,
    months: int,
    tariff: int,
    care_type: CareType,
    payer: tuple[str, Segment],
    certified: str,
    care_class: CareClass,
) -> None:
    admitted_on = reactivated + timedelta(days=offset)
    found = assess(
        Stay(
            care_type=care_type,
            segment=payer[1],
            payer=payer[0],
            care_class=care_class,
            window=FineWindow.opened(reactivated, arrears_months=months),
            is_certified_unable=bool(certified),
            admitted_on=admitted_on,
            estimated_tariff=Rupiah(tariff),
        )
    )

    explained = explain_stay_fine(found, admitted_on=admitted_on, estimated_tariff=Rupiah(tariff))

    is_well_founded(explained)
    assert explained.total == found.fine.amount
    if found.exemption is None:
        debtors = [r.english for r in explained.reasons if r.rule == "debtor"]
        assert debtors == [f"The fine is owed by the {payer[0].lower()}."]
    else:
        assert found.exemption in set(Exemption)
        assert "No fine" in explained.english


def test_a_fine_beyond_the_cap_shows_what_is_cut() -> None:
    window = FineWindow.opened(date(2026, 1, 2), arrears_months=18)
    stay = Stay(
        care_type=CareType.RITL,
        segment=Segment.PBPU_SELF,
        payer="FAMILY",
        care_class=CareClass.III,
        window=window,
        is_certified_unable=False,
        admitted_on=date(2026, 2, 16),
        estimated_tariff=Rupiah(60_000_000),
    )

    found = explain_stay_fine(
        assess(stay), admitted_on=stay.admitted_on, estimated_tariff=stay.estimated_tariff
    )

    assert [r.amount for r in found.reasons if r.rule == "line"] == [36_000_000, -6_000_000]
    assert "day 45; the last day is 2026-02-16" in str(found)
    assert "at most 12 count, here 12" in str(found)


async def test_an_employers_bill_adds_up_by_payer_and_rule(pool: Pool) -> None:
    employer, _ = await an_employer(pool, at=wib(2026, 4, 1))
    for wage, members, parents, others in ((15_000_000, 7, 2, 0), (3_000_000, 2, 0, 1)):
        await hired(
            pool,
            employer,
            wage=wage,
            members=members,
            parents=parents,
            others=others,
            at=wib(2026, 4, 1),
        )
    await roll(pool, wib(2026, 4, 1))

    async with pool.acquire() as connection:
        found = await explain_employer_bill(
            connection, employer.employer_id, CoverageMonth(2026, 4), today=date(2026, 4, 1)
        )
        with pytest.raises(MonthNotBilledError, match="2026-05"):
            await explain_employer_bill(
                connection, employer.employer_id, CoverageMonth(2026, 5), today=date(2026, 4, 1)
            )

    is_well_founded(found)
    assert [r.amount for r in found.reasons if r.rule == "line"] == [
        480_000 + 180_000,
        120_000 + 45_000,
        240_000,
        100_000,
    ]
    assert found.english == "Bill of 2026-04: Rp1.165.000 for 2 workers"
    assert "1 wages are cut to the cap, 1 are raised" in str(found)


async def test_an_instalment_plan_explains_its_steps(pool: Pool) -> None:
    async with pool.acquire() as connection:
        channel = await a_channel(connection)
    family, (account, *_) = await an_active_family(
        pool, channel, a_family(members=3), first_payment_at=wib(2024, 12, 20)
    )
    async with pool.acquire() as connection:
        with pytest.raises(NoPlanError):
            await explain_plan(connection, family.family_id)
    async with pool.acquire() as connection, connection.transaction():
        await register_plan(
            connection,
            family.family_id,
            family.membership_id,
            steps=5,
            registered_by="siti",
            at=wib(2026, 1, 20),
        )
    await pays_what_it_owes(pool, channel, account, at=wib(2026, 1, 21))

    async with pool.acquire() as connection:
        found = await explain_plan(connection, family.family_id)

    is_well_founded(found)
    assert found.total == 1_260_000 + 5 * 105_000
    assert "1 of 5 steps are paid, Rp357.000 is held" in str(found)
    assert "At most 6 steps: half of 12 months" in str(found)


async def test_cover_and_eligibility_explain_a_reactivated_member(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 9, 20), reactivated_at=wib(2026, 1, 2)
    )
    at = wib(2026, 2, 10)

    async with pool.acquire() as connection:
        person = family.participants[0].participant_id
        cover = await explain_cover(connection, family.family_id, person, at=at)
        later = await explain_cover(connection, family.family_id, person, at=wib(2026, 2, 17))
        eligible = explain_eligibility(
            await check_eligibility(connection, a_request(family, starts_at=at, is_emergency=True)),
            at=at,
        )
        refused = explain_eligibility(
            await check_eligibility(connection, a_request(family, starts_at=at)), at=at
        )
        nobody = await explain_cover(connection, family.family_id, 0, at=at)

    for found in (cover, later, eligible, refused):
        is_well_founded(found)
    assert cover.english == "Covered at 2026-02-10 09:00 WIB, class III"
    assert "suspended from 2026-03-01" in str(cover)
    assert "2026-02-16" in str(cover)
    assert "2026-02-16" not in str(later)
    assert eligible.english == "Eligible on 2026-02-10"
    assert refused.english == "Refused on 2026-02-10: NO_VALID_REFERRAL"
    assert nobody.reasons == ()


async def test_whom_the_state_pays_for_hears_that_nothing_is_owed(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await facilities(connection)
    family = await sponsored(pool, Segment.PBI_APBN, at=wib(2026, 1, 5))

    async with pool.acquire() as connection:
        found = await explain_cover(
            connection,
            family.family_id,
            family.participants[0].participant_id,
            at=wib(2026, 3, 1),
        )

    is_well_founded(found)
    assert "The state pays; nothing is owed" in str(found)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Perpres 64/2020 art. 42(5)", Confidence.CONFIRMED),
        ("[D] the law names no day 1", Confidence.DECISION),
        ("a blog [S]", Confidence.ONE_SOURCE),
        ("one year (one secondary source)", Confidence.ONE_SOURCE),
        ("PP 5/2024 (from memory, to be confirmed)", Confidence.NO_SOURCE),
        ("monthly [M]; the day [D]", Confidence.DECISION),
    ],
)
def test_a_reason_says_how_sure_it_is(text: str, confidence: Confidence) -> None:
    assert Reason(rule="x", english="a", indonesian="b", legal_basis=text).confidence is confidence
