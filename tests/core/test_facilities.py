import asyncio
from datetime import date

import pytest

from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.facilities.contracts import Contract, approve_contract, propose_contract
from iuran.core.facilities.home import (
    ChangeReason,
    HomeChoice,
    NotFirstLevelError,
    ParticipantUnknownError,
    TooSoonToChangeError,
    choose_home,
    home_of,
)
from iuran.core.facilities.registry import (
    FacilityLevel,
    FacilitySearch,
    FacilityUnknownError,
    check_facility_code,
    facility_of,
    search_facilities,
)
from iuran.core.families import RegisteredFamily
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from tests.builders import a_family, registered
from tests.care_builders import CLINIC, HOSPITAL, OTHER_CLINIC, a_facility, facilities
from tests.moments import wib

TODAY = date(2026, 3, 2)


def choice(
    family: RegisteredFamily, facility: str, reason: ChangeReason = ChangeReason.OWN_WISH
) -> HomeChoice:
    return HomeChoice(
        family_id=family.family_id,
        participant_id=family.participants[0].participant_id,
        facility_code=facility,
        reason=reason,
    )


async def a_settled_family(connection: Connection) -> RegisteredFamily:
    """Registered at CLINIC since 15 January 2026."""
    await facilities(connection)
    family, _ = await registered(connection, a_family(), at=wib(2026, 1, 5))
    await choose_home(connection, choice(family, CLINIC), by="ani", at=wib(2026, 1, 15))
    return family


async def home_on(connection: Connection, family: RegisteredFamily, day: date) -> str | None:
    home = await home_of(
        connection,
        family_id=family.family_id,
        participant_id=family.participants[0].participant_id,
        on=day,
    )
    return None if home is None else home.facility_code


@pytest.mark.parametrize("code", ["0301070", "030107011", "A3010701", "0301r001", "0301RR01", ""])
def test_a_code_of_another_form_is_refused(code: str) -> None:
    with pytest.raises(InvalidInputError):
        check_facility_code(code)


@pytest.mark.parametrize("code", ["99010701", "9901R001", "9901U020"])
def test_a_code_has_a_digit_or_a_letter_in_its_middle(code: str) -> None:
    assert check_facility_code(code) == code


async def test_facilities_are_found_by_place_and_service_page_by_page(
    connection: Connection,
) -> None:
    for number in range(5):
        await a_facility(connection, f"9901R00{number}", services=("DIALYSIS",))
    await a_facility(connection, "9902R001", district="Kota Lain", services=("DIALYSIS",))
    await a_facility(connection, "99010101")

    search = FacilitySearch(place="kota contoh", service="DIALYSIS", limit=3)
    first = await search_facilities(connection, search, on=TODAY)
    rest = await search_facilities(
        connection,
        FacilitySearch(
            place="KOTA CONTOH", service="DIALYSIS", after=first[-1].facility_code, limit=3
        ),
        on=TODAY,
    )
    clinics = await search_facilities(
        connection, FacilitySearch(place="Provinsi Contoh", level=FacilityLevel.FKTP), on=TODAY
    )

    assert [f.facility_code for f in (*first, *rest)] == [f"9901R00{n}" for n in range(5)]
    assert [f.facility_code for f in clinics] == ["99010101"]


async def test_a_contract_counts_once_another_person_approved_it(connection: Connection) -> None:
    await a_facility(connection, CLINIC, partner=False)
    contract = Contract(
        facility_code=CLINIC, first_day=TODAY, last_day=date(2026, 12, 31), reason="new"
    )
    await propose_contract(connection, contract, by="ani", at=wib(2026, 3, 1))
    proposed = await facility_of(connection, CLINIC, on=TODAY)

    with pytest.raises(SecondPersonError):
        await approve_contract(connection, CLINIC, first_day=TODAY, by="ani", at=wib(2026, 3, 1))
    await approve_contract(connection, CLINIC, first_day=TODAY, by="budi", at=wib(2026, 3, 1))
    with pytest.raises(NothingToApproveError):
        await approve_contract(connection, CLINIC, first_day=TODAY, by="cici", at=wib(2026, 3, 1))

    assert not proposed.is_partner
    days = [TODAY, date(2026, 3, 1), date(2026, 12, 31), date(2027, 1, 1)]
    found = [(await facility_of(connection, CLINIC, on=day)).is_partner for day in days]
    assert found == [True, False, True, False]


async def test_a_facility_is_registered_once_and_its_contract_needs_it(
    connection: Connection,
) -> None:
    await a_facility(connection, CLINIC)

    with pytest.raises(AlreadyRegisteredError):
        await a_facility(connection, CLINIC)
    with pytest.raises(FacilityUnknownError):
        await facility_of(connection, "99019999", on=TODAY)
    with pytest.raises(FacilityUnknownError):
        await propose_contract(
            connection,
            Contract(facility_code="99019999", first_day=TODAY, last_day=TODAY, reason="x"),
            by="ani",
            at=wib(2026, 3, 1),
        )
    with pytest.raises(InvalidInputError):
        await propose_contract(
            connection,
            Contract(facility_code=CLINIC, first_day=TODAY, last_day=date(2026, 3, 1), reason="x"),
            by="ani",
            at=wib(2026, 3, 1),
        )


async def test_the_first_choice_takes_effect_at_once(connection: Connection) -> None:
    family = await a_settled_family(connection)

    found = [await home_on(connection, family, date(2026, 1, day)) for day in (14, 15)]

    assert found == [None, CLINIC]


async def test_the_home_changes_after_three_months_from_the_next_first(
    connection: Connection,
) -> None:
    family = await a_settled_family(connection)

    with pytest.raises(TooSoonToChangeError) as refusal:
        await choose_home(
            connection, choice(family, OTHER_CLINIC), by="ani", at=wib(2026, 4, 14, 23, 59)
        )
    home = await choose_home(
        connection, choice(family, OTHER_CLINIC), by="ani", at=wib(2026, 4, 15, 0, 1)
    )

    assert refusal.value.possible_from == date(2026, 4, 15)
    assert home.first_day == date(2026, 5, 1)
    assert await home_on(connection, family, date(2026, 4, 30)) == CLINIC
    assert await home_on(connection, family, date(2026, 5, 1)) == OTHER_CLINIC


async def test_who_moves_house_need_not_wait(connection: Connection) -> None:
    family = await a_settled_family(connection)

    home = await choose_home(
        connection,
        choice(family, OTHER_CLINIC, ChangeReason.MOVED_HOUSE),
        by="ani",
        at=wib(2026, 1, 31, 23, 59),
    )

    assert (home.first_day, home.reason) == (date(2026, 2, 1), ChangeReason.MOVED_HOUSE)


async def test_a_hospital_or_a_stranger_cannot_be_a_home(connection: Connection) -> None:
    family = await a_settled_family(connection)
    await a_facility(connection, "99010109", partner=False)

    for code in (HOSPITAL, "99010109"):
        with pytest.raises(NotFirstLevelError):
            await choose_home(connection, choice(family, code), by="ani", at=wib(2026, 6, 1))
    with pytest.raises(ParticipantUnknownError):
        await choose_home(
            connection,
            HomeChoice(family_id=family.family_id, participant_id=0, facility_code=CLINIC),
            by="ani",
            at=wib(2026, 6, 1),
        )


async def test_of_many_wishes_at_once_one_is_heard(pool: Pool) -> None:
    async with pool.acquire() as connection:
        family = await a_settled_family(connection)

    async def wish() -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                await choose_home(
                    connection, choice(family, OTHER_CLINIC), by="ani", at=wib(2026, 5, 20)
                )
            except TooSoonToChangeError:
                return False
            return True

    heard = await asyncio.gather(*(wish() for _ in range(8)))

    assert sum(heard) == 1
