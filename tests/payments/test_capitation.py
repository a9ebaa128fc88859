"""Capitation: who is counted, at what tariff, approved by whom, posted once."""

import asyncio
from datetime import date, datetime

import pytest

from iuran.core.care.care_types import CareType
from iuran.core.care.visits import record_visit
from iuran.core.claims.filing import (
    CoveredByCapitationError,
    NewFacilityClaim,
    open_facility_claim,
)
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.facilities.capitation_tariffs import (
    CapitationTariff,
    TariffOutOfRangeError,
    approve_tariff,
    propose_tariff,
)
from iuran.core.facilities.home import (
    ChangeReason,
    HomeChoice,
    NotFirstLevelError,
    choose_home,
)
from iuran.core.families import RegisteredFamily
from iuran.core.manual_changes import ChangeKind
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.capitation import capitation_range, capitation_ranges
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from iuran.payments.capitation import (
    CapitationApproval,
    CapitationStatement,
    MonthNotBegunError,
    approve_capitation,
    capitation_of_facility,
    capitation_of_month,
    compute_capitation,
)
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.ledger import balances, disagreements
from tests.builders import a_channel, a_family, an_active_family
from tests.care_builders import CLINIC, HOSPITAL, OTHER_CLINIC, a_request, facilities
from tests.moments import wib

FEBRUARY = CoverageMonth(2026, 2)
MARCH = CoverageMonth(2026, 3)
APRIL = CoverageMonth(2026, 4)
MAY = CoverageMonth(2026, 5)


async def a_world(pool: Pool) -> int:
    async with pool.acquire() as connection:
        await facilities(connection)
        return await a_channel(connection)


async def at_home(
    pool: Pool,
    channel: int,
    facility_code: str = CLINIC,
    *,
    members: int = 1,
    first_payment_at: datetime | None = None,
    chosen_at: datetime | None = None,
) -> RegisteredFamily:
    """An active family of which everybody is registered at one FKTP."""
    paid_at = first_payment_at or wib(2026, 2, 20)
    family, _ = await an_active_family(
        pool, channel, a_family(members=members), first_payment_at=paid_at
    )
    async with pool.acquire() as connection, connection.transaction():
        for person in family.participants:
            choice = HomeChoice(
                family_id=family.family_id,
                participant_id=person.participant_id,
                facility_code=facility_code,
            )
            await choose_home(connection, choice, by="ani", at=chosen_at or wib(2026, 2, 20))
    return family


async def computed(pool: Pool, month: CoverageMonth, *, at: datetime, by: str = "ani") -> int:
    async with pool.acquire() as connection, connection.transaction():
        return await compute_capitation(connection, month, by=by, at=at)


async def approved(
    pool: Pool, month: CoverageMonth, *, at: datetime, by: str = "budi"
) -> CapitationApproval:
    async with pool.acquire() as connection, connection.transaction():
        return await approve_capitation(connection, month, by=by, at=at)


async def of_month(pool: Pool, month: CoverageMonth) -> dict[str, CapitationStatement]:
    async with pool.acquire() as connection:
        found = await capitation_of_month(connection, month)
    return {one.facility_code: one for one in found}


async def agreed(connection: Connection, amount: int, month: CoverageMonth) -> None:
    tariff = CapitationTariff(
        facility_code=CLINIC, first_month=month, amount=Rupiah(amount), reason="two doctors"
    )
    await propose_tariff(connection, tariff, by="ani", at=wib(2026, 1, 5))
    await approve_tariff(connection, CLINIC, first_month=month, by="budi", at=wib(2026, 1, 6))


async def test_a_month_waits_from_its_computation_to_its_approval(pool: Pool) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel, members=2)
    waiting = "SELECT number, reason, amount, proposed_by FROM approval_waiting"

    before = await pool.fetchrow(waiting)
    await computed(pool, MARCH, at=wib(2026, 3, 2))
    computed_once = await pool.fetchrow(waiting)
    paid = await approved(pool, MARCH, at=wib(2026, 3, 3))
    await computed(pool, MARCH, at=wib(2026, 3, 4))

    assert before is None
    assert computed_once is not None
    assert computed_once["proposed_by"] == "ani"
    assert computed_once["reason"] == f"{paid.facilities} facilities"
    assert computed_once["amount"] == paid.amount
    assert await pool.fetchrow(waiting) is None


async def test_a_facility_gets_its_tariff_for_everybody_covered_on_the_first(pool: Pool) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel, members=3)
    await at_home(pool, channel, OTHER_CLINIC, chosen_at=wib(2026, 3, 1, 0, 1))
    async with pool.acquire() as connection:
        await agreed(connection, 12_000, MARCH)

    written = await computed(pool, MARCH, at=wib(2026, 3, 2))
    statements = await of_month(pool, MARCH)
    paid = await approved(pool, MARCH, at=wib(2026, 3, 15))

    assert written == 2
    clinic, other = statements[CLINIC], statements[OTHER_CLINIC]
    assert (clinic.participants, clinic.per_person, clinic.amount) == (3, 12_000, 36_000)
    assert (other.participants, other.per_person, other.amount) == (1, 9_000, 9_000)
    assert clinic.pay_by == date(2026, 3, 15)
    assert (paid.facilities, paid.amount, paid.late_compensation) == (2, 45_000, 0)
    async with pool.acquire() as connection:
        accounts = {one.account: one.amount for one in await balances(connection)}
        assert await disagreements(connection) == ()
    assert accounts["CAPITATION_EXPENSE"] == 45_000
    assert accounts["DISBURSEMENT_CLEARING"] == -45_000


async def test_who_is_not_covered_on_the_first_is_not_counted(pool: Pool) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel, first_payment_at=wib(2026, 1, 20), chosen_at=wib(2026, 1, 20))
    dead = await at_home(pool, channel, members=2)
    await at_home(pool, channel, first_payment_at=wib(2026, 3, 1, 0, 1))
    departure = Departure(
        membership_id=dead.membership_id,
        participant_id=dead.participants[1].participant_id,
        left_on=date(2026, 2, 28),
        kind=ChangeKind.DEATH,
        reason="certificate 9",
    )
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, dead.family_id, departure, proposed_by="ani", at=wib(2026, 2, 28, 8)
        )
        await approve_departure(
            connection,
            dead.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=wib(2026, 2, 28, 9),
        )

    await computed(pool, MARCH, at=wib(2026, 3, 2))
    await computed(pool, APRIL, at=wib(2026, 4, 1))
    await computed(pool, MAY, at=wib(2026, 5, 1))

    march = (await of_month(pool, MARCH))[CLINIC]
    assert march.participants == 1  # neither the suspended, nor the dead, nor who paid that day
    april = (await of_month(pool, APRIL))[CLINIC]
    assert april.participants == 1  # who paid on 1 March, and only he
    assert CLINIC not in await of_month(pool, MAY)  # nobody paid for April


async def test_computing_again_writes_only_what_differs_and_never_what_is_paid(
    pool: Pool,
) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel)
    assert await computed(pool, MARCH, at=wib(2026, 3, 2)) == 1
    assert await computed(pool, MARCH, at=wib(2026, 3, 2)) == 0
    async with pool.acquire() as connection:
        await agreed(connection, 16_000, FEBRUARY)

    changed = await computed(pool, MARCH, at=wib(2026, 3, 3))
    await approved(pool, MARCH, at=wib(2026, 3, 4))
    await at_home(pool, channel, chosen_at=wib(2026, 2, 21))
    after = await computed(pool, MARCH, at=wib(2026, 3, 5))

    assert (changed, after) == (1, 0)
    async with pool.acquire() as connection:
        (one,) = await capitation_of_facility(connection, CLINIC)
        assert await connection.fetchval("SELECT count(*) FROM capitation_statement") == 2
    assert (one.amount, one.approved_by) == (16_000, "budi")
    with pytest.raises(NothingToApproveError):
        await approved(pool, MARCH, at=wib(2026, 3, 6))


async def test_a_person_does_not_approve_what_he_computed(pool: Pool) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel)
    await computed(pool, MARCH, at=wib(2026, 3, 2))

    with pytest.raises(SecondPersonError):
        await approved(pool, MARCH, by="ani", at=wib(2026, 3, 3))

    assert (await of_month(pool, MARCH))[CLINIC].approved_by is None


@pytest.mark.parametrize(
    ("day", "late"),
    [((2026, 3, 15), 0), ((2026, 3, 16), 90), ((2026, 4, 15), 90), ((2026, 4, 16), 180)],
)
async def test_late_payment_costs_one_per_cent_for_each_month_begun(
    pool: Pool, day: tuple[int, int, int], late: int
) -> None:
    channel = await a_world(pool)
    await at_home(pool, channel)
    await computed(pool, MARCH, at=wib(2026, 3, 2))

    paid = await approved(pool, MARCH, at=wib(*day, 23, 59))

    assert (paid.amount, paid.late_compensation) == (9_000, late)


async def test_two_approvers_at_once_pay_once(pool: Pool) -> None:
    channel = await a_world(pool)
    for code in (CLINIC, OTHER_CLINIC):
        await at_home(pool, channel, code)
    await computed(pool, MARCH, at=wib(2026, 3, 2))

    tries = await asyncio.gather(
        *(approved(pool, MARCH, at=wib(2026, 3, 3), by=f"budi {n}") for n in range(6)),
        return_exceptions=True,
    )

    paid = sum(one.facilities for one in tries if isinstance(one, CapitationApproval))
    refused = [one for one in tries if isinstance(one, BaseException)]
    assert paid == 2
    assert all(isinstance(one, NothingToApproveError) for one in refused)
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()


async def test_a_tariff_stays_within_the_bounds_of_its_kind_and_needs_two(pool: Pool) -> None:
    await a_world(pool)

    async def proposed(code: str, amount: int, by: str = "ani", reason: str = "x") -> None:
        tariff = CapitationTariff(
            facility_code=code, first_month=MARCH, amount=Rupiah(amount), reason=reason
        )
        async with pool.acquire() as connection, connection.transaction():
            await propose_tariff(connection, tariff, by=by, at=wib(2026, 2, 1))

    for amount in (8_999, 16_001):
        with pytest.raises(TariffOutOfRangeError, match=r"Rp9\.000 to Rp16\.000"):
            await proposed(CLINIC, amount)
    with pytest.raises(NotFirstLevelError):
        await proposed(HOSPITAL, 9_000)
    with pytest.raises(InvalidInputError):
        await proposed(CLINIC, 9_000, reason=" ")
    await proposed(CLINIC, 16_000)
    with pytest.raises(AlreadyRegisteredError):
        await proposed(CLINIC, 9_000)
    async with pool.acquire() as connection:
        with pytest.raises(SecondPersonError):
            await approve_tariff(
                connection, CLINIC, first_month=MARCH, by="ani", at=wib(2026, 2, 2)
            )
        with pytest.raises(NothingToApproveError):
            await approve_tariff(
                connection, CLINIC, first_month=APRIL, by="budi", at=wib(2026, 2, 2)
            )
    with pytest.raises(MonthNotBegunError):
        await computed(pool, MARCH, at=wib(2026, 2, 28, 23, 59))


@pytest.mark.parametrize("kind", sorted({row.kind for row in capitation_ranges()}))
def test_every_kind_has_bounds_in_every_month(kind: str) -> None:
    month = CoverageMonth(2014, 1)
    while month <= CoverageMonth(2030, 12):
        found = [row for row in capitation_ranges() if row.kind == kind and row.covers(month)]
        assert len(found) == 1, (kind, month)
        assert capitation_range(kind, month).amount_min <= found[0].amount_max
        month = month.plus(1)


async def test_outpatient_care_at_home_is_no_non_capitation_claim(pool: Pool) -> None:
    channel = await a_world(pool)
    family = await at_home(pool, channel)

    async def claimed(code: str, care_type: CareType) -> None:
        at = wib(2026, 2, 24)
        request = a_request(family, starts_at=at, care_type=care_type, facility_code=code)
        async with pool.acquire() as connection, connection.transaction():
            number = await record_visit(connection, request, by="klinik")
            claim = NewFacilityClaim(
                family_id=family.family_id,
                care_number=number,
                served_on=at.date(),
                amount=Rupiah(150_000),
            )
            await open_facility_claim(connection, claim, by="klinik", at=at)

    with pytest.raises(CoveredByCapitationError):
        await claimed(CLINIC, CareType.RJTP)
    await claimed(CLINIC, CareType.RITP)
    await claimed(OTHER_CLINIC, CareType.RJTP)


async def test_a_change_of_home_counts_at_the_new_one_from_the_next_first(pool: Pool) -> None:
    channel = await a_world(pool)
    family = await at_home(pool, channel)
    async with pool.acquire() as connection, connection.transaction():
        choice = HomeChoice(
            family_id=family.family_id,
            participant_id=family.participants[0].participant_id,
            facility_code=OTHER_CLINIC,
            reason=ChangeReason.MOVED_HOUSE,
        )
        await choose_home(connection, choice, by="ani", at=wib(2026, 2, 28, 23, 59))

    await computed(pool, MARCH, at=wib(2026, 3, 2))

    assert set(await of_month(pool, MARCH)) == {OTHER_CLINIC}
