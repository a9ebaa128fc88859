"""Eligibility against an independent, slow reading of the rules, and as PostgreSQL has it."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.care.care_types import CareType
from iuran.core.care.circumstances import check_eligibility
from iuran.core.care.cover import Cover
from iuran.core.care.eligibility import (
    CareRequest,
    Circumstances,
    Referral,
    Refusal,
    judge,
)
from iuran.core.care.refusals import NotEligibleError
from iuran.core.care.stay_fines import Exemption
from iuran.core.care.visits import record_visit
from iuran.core.clock import WIB
from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.core.facilities.home import HomeChoice, choose_home
from iuran.core.facilities.registry import Facility, FacilityKind, FacilityLevel
from iuran.core.fines import FineWindow
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from tests.care_builders import (
    CLINIC,
    HOSPITAL,
    OTHER_CLINIC,
    a_facility,
    a_member,
    a_reactivated_member,
    a_referral,
    a_request,
)
from tests.moments import wib

DAY = date(2026, 3, 10)


def a_cover(state: MembershipState, segment: Segment, payer: str, care_class: CareClass) -> Cover:
    return Cover(
        family_id=1,
        participant_id=1,
        membership_id=1,
        segment=segment,
        payer=payer,
        care_class=care_class,
        state=state,
        paid_through=CoverageMonth(2026, 3),
    )


def the_facility(code: str, *, is_partner: bool) -> Facility:
    return Facility(
        facility_code=code,
        name=code,
        level=FacilityLevel.FKRTL if "R" in code else FacilityLevel.FKTP,
        kind=FacilityKind.HOSPITAL,
        district="Kota Contoh",
        province="Provinsi Contoh",
        address="",
        phone=None,
        services=(),
        is_partner=is_partner,
    )


covers = st.none() | st.builds(
    a_cover,
    st.sampled_from(MembershipState),
    st.sampled_from(Segment),
    st.sampled_from(["FAMILY", "EMPLOYER", "GOVERNMENT"]),
    st.sampled_from(CareClass),
)


def a_referral_to(person: int, to: str, start: int, length: int) -> Referral:
    return Referral(
        referral_number="990101010326P000001",
        participant_id=person,
        to_facility_code=to,
        issued_on=DAY + timedelta(days=start),
        valid_until=DAY + timedelta(days=start + length),
    )


def a_window(start: int, months: int) -> FineWindow:
    return FineWindow.opened(DAY + timedelta(days=start), arrears_months=months)


referrals = st.none() | st.builds(
    a_referral_to,
    st.sampled_from([1, 2]),
    st.sampled_from([HOSPITAL, "9901R002"]),
    st.integers(-3, 1),
    st.integers(0, 3),
)
windows = st.none() | st.builds(a_window, st.integers(-47, 1), st.integers(1, 30))
cases = st.builds(
    Circumstances,
    cover=covers,
    facility=st.builds(the_facility, st.sampled_from([CLINIC, HOSPITAL]), is_partner=st.booleans()),
    home_facility_code=st.sampled_from([None, CLINIC, OTHER_CLINIC]),
    visits_away=st.integers(0, 5),
    referral=referrals,
    window=windows,
    is_certified_unable=st.booleans(),
)


def slow_refusals(care: str, found: Circumstances, *, emergency: bool) -> set[str]:
    """The rules again, as a clerk with a check list would read them."""
    wrong: set[str] = set()
    if found.cover is None:
        wrong.add("NOT_A_MEMBER")
    elif found.cover.state != "ACTIVE":
        wrong.add("NOT_ACTIVE")
    at_hospital = "R" in found.facility.facility_code
    if at_hospital != care.endswith("L"):
        wrong.add("WRONG_LEVEL")
    if not found.facility.is_partner and not emergency:
        wrong.add("NON_PARTNER")
    away = found.home_facility_code != found.facility.facility_code
    if care.endswith("P") and away and not emergency and found.visits_away >= 3:
        wrong.add("TOO_MANY_VISITS_AWAY")
    if care.endswith("L") and not emergency:
        r = found.referral
        valid_days = (
            []
            if r is None
            else [r.issued_on + timedelta(n) for n in range((r.valid_until - r.issued_on).days + 1)]
        )
        meant = r is not None and (r.participant_id, r.to_facility_code) == (
            1,
            found.facility.facility_code,
        )
        if not meant or DAY not in valid_days:
            wrong.add("NO_VALID_REFERRAL")
    return wrong


def slow_fine(care: str, found: Circumstances, tariff: int) -> tuple[int, str | None]:
    cover, window = found.cover, found.window
    assert cover is not None
    reason = None
    if found.is_certified_unable and cover.care_class == 3:
        reason = "CERTIFIED_UNABLE"
    if window is not None and window.first_day + timedelta(days=45) < DAY:
        reason = "AFTER_WINDOW"
    if window is None or window.first_day > DAY:
        reason = "NO_WINDOW"
    if cover.segment.value in {"PBI_APBN", "PBPU_PEMDA"}:
        reason = "PBI_OR_PEMDA"
    if care != "RITL":
        reason = "RITP" if care == "RITP" else "OUTPATIENT"
    if reason is not None or window is None:
        return 0, reason
    return min(tariff * 5 * min(window.arrears_months, 12) // 100, 30_000_000), None


@given(
    found=cases,
    care_type=st.sampled_from(CareType),
    emergency=st.booleans(),
    tariff=st.integers(1, 90_000_000),
)
def test_every_case_agrees_with_a_clerk_with_a_check_list(
    *,
    found: Circumstances,
    care_type: CareType,
    emergency: bool,
    tariff: int,
) -> None:
    request = CareRequest(
        family_id=1,
        participant_id=1,
        facility_code=found.facility.facility_code,
        care_type=care_type,
        starts_at=datetime(2026, 3, 10, 23, 59, tzinfo=WIB),
        is_emergency=emergency,
        estimated_tariff=Rupiah(tariff),
    )

    eligibility = judge(request, found)

    expected = slow_refusals(care_type.value, found, emergency=emergency)
    assert {refusal.value for refusal in eligibility.refusals} == expected
    assert eligibility.is_eligible == (not expected)
    assert all(finding.english and finding.indonesian for finding in eligibility.trail)
    assert all(finding.legal_basis for finding in eligibility.trail)
    if found.cover is None:
        assert eligibility.fine is None
        return
    assert eligibility.fine is not None
    amount, reason = slow_fine(care_type.value, found, tariff)
    assert eligibility.fine.fine.amount == amount
    assert eligibility.fine.exemption == reason
    debtor = "EMPLOYER" if found.cover.payer == "EMPLOYER" else "FAMILY"
    assert eligibility.fine.debtor == debtor


async def test_membership_counts_at_the_instant_of_the_service(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    instants = [
        (wib(2026, 1, 7), (Refusal.NOT_ACTIVE,)),
        (wib(2026, 1, 20, 8, 59), (Refusal.NOT_ACTIVE,)),
        (wib(2026, 1, 20, 9, 0), ()),
        (wib(2026, 2, 28, 23, 59), ()),
        (wib(2026, 3, 1, 0, 1), (Refusal.NOT_ACTIVE,)),
    ]

    async with pool.acquire() as connection:
        found = [
            (
                await check_eligibility(
                    connection, a_request(family, starts_at=at, is_emergency=True)
                )
            ).refusals
            for at, _ in instants
        ]
        before = await check_eligibility(
            connection, a_request(family, starts_at=wib(2025, 12, 31), is_emergency=True)
        )

    assert found == [refusals for _, refusals in instants]
    assert before.refusals == (Refusal.NOT_A_MEMBER,)


async def test_a_referral_is_valid_for_ninety_days(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        number = await a_referral(connection, family, at=wib(2025, 12, 1, 23, 59))

        days = [wib(2026, 2, 28, 23, 59), wib(2026, 1, 30)]
        found = [
            await check_eligibility(
                connection, a_request(family, starts_at=at, referral_number=number)
            )
            for at in days
        ]
        elsewhere = await a_facility(connection, "9901R002")
        other = await check_eligibility(
            connection,
            a_request(family, starts_at=days[1], referral_number=number, facility_code=elsewhere),
        )
        late = await check_eligibility(
            connection, a_request(family, starts_at=wib(2026, 3, 1), referral_number=number)
        )
        missing = await check_eligibility(connection, a_request(family, starts_at=days[1]))

    assert [eligibility.refusals for eligibility in found] == [(), ()]
    assert late.refusals == (Refusal.NOT_ACTIVE, Refusal.NO_VALID_REFERRAL)
    assert other.refusals == missing.refusals == (Refusal.NO_VALID_REFERRAL,)


async def test_a_stranger_hospital_treats_emergencies_alone(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 20))
    async with pool.acquire() as connection:
        stranger = await a_facility(connection, "9901R009", partner=False)
        planned, emergency = [
            await check_eligibility(
                connection,
                a_request(
                    family,
                    starts_at=wib(2026, 2, 1),
                    facility_code=stranger,
                    is_emergency=is_emergency,
                ),
            )
            for is_emergency in (False, True)
        ]

    assert planned.refusals == (Refusal.NON_PARTNER, Refusal.NO_VALID_REFERRAL)
    assert emergency.is_eligible


async def test_the_newest_window_counts_at_its_instant(pool: Pool) -> None:
    family, _ = await a_reactivated_member(
        pool, first_payment_at=wib(2025, 8, 20), reactivated_at=wib(2026, 1, 2, 12)
    )
    days = [(2, 15), (2, 16), (2, 17)]

    async with pool.acquire() as connection:
        found = [
            await check_eligibility(
                connection,
                a_request(family, starts_at=wib(2026, month, day, 23, 59), is_emergency=True),
            )
            for month, day in days
        ]

    fines = [eligibility.fine for eligibility in found]
    assert [fine and fine.fine.amount for fine in fines] == [560_000, 560_000, 0]
    assert [fine and fine.exemption for fine in fines] == [None, None, Exemption.AFTER_WINDOW]
    assert "2026-02-16" in found[0].trail[-1].english
    assert "Rp560.000" in found[0].trail[-1].indonesian


async def test_three_visits_away_and_no_fourth_in_a_month(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 10))
    choice = HomeChoice(
        family_id=family.family_id,
        participant_id=family.participants[0].participant_id,
        facility_code=CLINIC,
    )

    def visit(at: datetime, code: str = OTHER_CLINIC, *, emergency: bool = False) -> CareRequest:
        return a_request(
            family,
            starts_at=at,
            care_type=CareType.RJTP,
            facility_code=code,
            is_emergency=emergency,
        )

    async with pool.acquire() as connection:
        await choose_home(connection, choice, by="ani", at=wib(2026, 1, 10))
        for day in (10, 20):
            await record_visit(connection, visit(wib(2026, 1, day)), by="klinik")
        await record_visit(connection, visit(wib(2026, 1, 25), emergency=True), by="klinik")
        third = await record_visit(connection, visit(wib(2026, 1, 31, 23, 59)), by="klinik")
        with pytest.raises(NotEligibleError) as refusal:
            await record_visit(connection, visit(wib(2026, 1, 31, 23, 59)), by="klinik")
        next_month = await record_visit(connection, visit(wib(2026, 2, 1, 0, 1)), by="klinik")
        at_home = [
            await record_visit(connection, visit(wib(2026, 1, 31), CLINIC), by="klinik")
            for _ in range(5)
        ]
        with pytest.raises(InvalidInputError):
            await record_visit(
                connection, a_request(family, starts_at=wib(2026, 2, 1)), by="klinik"
            )

    assert refusal.value.eligibility.refusals == (Refusal.TOO_MANY_VISITS_AWAY,)
    assert (third, next_month) == (f"{OTHER_CLINIC}0126Y000004", f"{OTHER_CLINIC}0226Y000001")
    assert len(set(at_home)) == 5


async def test_of_many_visits_at_once_three_are_covered(pool: Pool) -> None:
    family = await a_member(pool, first_payment_at=wib(2026, 1, 10))
    request = a_request(
        family, starts_at=wib(2026, 1, 12), care_type=CareType.RJTP, facility_code=CLINIC
    )

    async def visit() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                await record_visit(connection, request, by="klinik")
            except NotEligibleError:
                return False
            return True

    covered = await asyncio.gather(*(visit() for _ in range(10)))

    assert sum(covered) == 3
