"""Eligibility at service time: a facility asks for a card, and is told every reason."""

from datetime import datetime
from typing import Any

import pytest

from iuran.core.care.care_types import CareType
from iuran.core.care.circumstances import check_eligibility
from iuran.core.care.eligibility import CareRequest
from iuran.core.clock import WIB, StandingClock
from iuran.core.database.pool import Pool
from iuran.core.money import Rupiah
from iuran.graphql.identity import Role
from tests.graphql.conftest import Frontend, Insured
from tests.graphql.everything import CONTRACT, FACILITIES, FINE_WINDOW

CHECK = """
    query ($card: CardNumber!, $care: CareSought!) {
      eligibilityCheck(cardNumber: $card, care: $care) {
        participantName cardNumber facilityCode facilityName checkedAt isEligible refusals careClass
        fine { amount arrearsMonths debtor exemption }
        explanation { english indonesian reasons { rule english indonesian legalBasis } }
      }
    }
"""
HOSPITAL, CLINIC = "0301R001", "0112P002"


@pytest.fixture(autouse=True)
async def _facilities(pool: Pool, clock: StandingClock) -> None:
    clock.set(datetime(2026, 1, 15, 9, tzinfo=WIB))
    async with pool.acquire() as connection:
        await connection.execute(FACILITIES)
        await connection.execute(CONTRACT)


async def checked(frontend: Frontend, card: str, role: Role = Role.FACILITY, **care: Any) -> Any:  # noqa: ANN401 - JSON
    data = await frontend.data(CHECK, role=role, card=card, care=care)
    return data["eligibilityCheck"]


async def test_a_hospital_learns_that_an_emergency_is_covered_and_which_rules_say_so(
    frontend: Frontend, insured: Insured
) -> None:
    check = await checked(frontend, insured.card, careType="RITL", isEmergency=True)

    assert check["isEligible"]
    assert check["refusals"] == []
    assert check["cardNumber"] == insured.card
    assert check["facilityCode"] == HOSPITAL
    assert check["checkedAt"] == "2026-01-15T09:00:00+07:00"
    assert check["careClass"] == "III"
    assert check["fine"]["exemption"] == "NO_WINDOW"
    assert check["explanation"]["english"] == "Eligible on 2026-01-15"
    rules = [reason["rule"] for reason in check["explanation"]["reasons"]]
    assert rules[:5] == ["ACTIVE", "LEVEL", "PARTNER", "HOME_FKTP", "REFERRAL"]


async def test_every_reason_against_it_is_named_and_not_only_the_first(
    frontend: Frontend, insured: Insured, clock: StandingClock
) -> None:
    clock.set(datetime(2026, 2, 1, 0, 1, tzinfo=WIB))

    check = await checked(frontend, insured.card, careType="RJTL")

    assert not check["isEligible"]
    assert check["refusals"] == ["NOT_ACTIVE", "NO_VALID_REFERRAL"]
    assert "NOT_ACTIVE" in check["explanation"]["indonesian"]


async def test_a_minute_before_the_month_ends_unpaid_care_is_still_covered(
    frontend: Frontend, insured: Insured, clock: StandingClock
) -> None:
    clock.set(datetime(2026, 1, 31, 23, 59, tzinfo=WIB))

    check = await checked(frontend, insured.card, careType="RJTL", isEmergency=True)

    assert check["isEligible"]


async def test_a_stay_in_the_fine_window_names_the_fine(
    frontend: Frontend, insured: Insured, pool: Pool
) -> None:
    membership = insured.registered.membership_id
    async with pool.acquire() as connection:
        await connection.execute(FINE_WINDOW, insured.family_id, membership)

    check = await checked(
        frontend, insured.card, careType="RITL", isEmergency=True, estimatedTariff="10000000"
    )

    assert check["fine"] == {
        "amount": "1500000",
        "arrearsMonths": 3,
        "debtor": "FAMILY",
        "exemption": None,
    }


async def test_a_facility_asks_for_itself_whatever_code_it_gives(
    frontend: Frontend, insured: Insured
) -> None:
    check = await checked(frontend, insured.card, careType="RJTL", facilityCode=CLINIC)

    assert check["facilityCode"] == HOSPITAL


async def test_an_officer_names_the_facility_and_gets_nothing_without_one(
    frontend: Frontend, insured: Insured
) -> None:
    officer = Role.BRANCH_OFFICER

    named = await checked(frontend, insured.card, officer, careType="RJTP", facilityCode="0112p002")
    unnamed = await checked(frontend, insured.card, officer, careType="RJTP")

    assert named["facilityName"] == "Puskesmas Contoh"
    assert unnamed is None


async def test_a_card_that_nobody_has_and_a_viewer_without_reach_look_alike(
    frontend: Frontend, insured: Insured
) -> None:
    assert await checked(frontend, "0000000000000", careType="RJTL") is None
    assert await checked(frontend, insured.card, Role.DEVELOPER, careType="RJTL") is None


@pytest.mark.parametrize("care_type", CareType)
async def test_the_answer_is_that_of_the_domain(
    frontend: Frontend, insured: Insured, pool: Pool, clock: StandingClock, care_type: CareType
) -> None:
    person = insured.registered.participants[0]
    request = CareRequest(
        family_id=insured.family_id,
        participant_id=person.participant_id,
        facility_code=HOSPITAL,
        care_type=care_type,
        starts_at=clock.now(),
        estimated_tariff=Rupiah(5_000_000),
    )
    async with pool.acquire() as connection:
        expected = await check_eligibility(connection, request)

    check = await checked(
        frontend, insured.card, careType=care_type.value, estimatedTariff="5000000"
    )

    assert check["refusals"] == list(expected.refusals)
    assert [one["rule"] for one in check["explanation"]["reasons"]] == [
        finding.rule for finding in expected.trail
    ]
