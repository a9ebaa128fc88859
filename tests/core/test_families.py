import asyncio
from dataclasses import replace
from datetime import date

import pytest

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.families import NewFamily, Relation
from iuran.core.family_list import list_families
from iuran.core.identifiers import NikWarning
from iuran.core.segments import Segment
from tests.builders import a_family, a_participant, registered


async def test_a_family_is_registered_whole_and_waits_for_its_first_payment(
    connection: Connection, clock: StandingClock
) -> None:
    family, accounts = await registered(connection, a_family(members=4), at=clock.now())

    (summary,) = await list_families(connection)
    assert summary.family_id == family.family_id
    assert (summary.members, summary.state, summary.paid_through) == (4, "PENDING", None)
    assert [account.number[:5] for account in accounts] == ["88888"] * 4
    assert accounts[0].number[5:] == family.participants[0].card_number[-11:]


async def test_a_family_card_is_registered_once(
    connection: Connection, clock: StandingClock
) -> None:
    family = a_family()
    await registered(connection, family, at=clock.now())

    with pytest.raises(AlreadyRegisteredError, match="familyCardNumber"):
        await registered(
            connection, replace(a_family(), kk_number=family.kk_number), at=clock.now()
        )


async def test_a_person_is_registered_once_and_nothing_of_his_second_family_stays(
    connection: Connection, clock: StandingClock
) -> None:
    person = a_participant()
    await registered(connection, replace(a_family(), participants=[person]), at=clock.now())

    with pytest.raises(AlreadyRegisteredError, match="nik"):
        await registered(connection, replace(a_family(), participants=[person]), at=clock.now())

    assert len(await list_families(connection)) == 1


async def test_a_nik_that_differs_from_the_form_is_a_warning(
    connection: Connection, clock: StandingClock
) -> None:
    person = replace(a_participant(), birth_date=date(1990, 5, 18))

    family, _ = await registered(
        connection, replace(a_family(), participants=[person]), at=clock.now()
    )

    assert family.participants[0].warnings == (NikWarning.BIRTH_DATE_DIFFERS,)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kk_number": "123"}, "familyCardNumber"),
        ({"participants": []}, "participants"),
        ({"participants": [a_participant(), a_participant()]}, "participants"),
        ({"participants": [a_participant(relation=Relation.CHILD)]}, "participants"),
        ({"participants": [a_participant(name=" ")]}, "name"),
        ({"participants": [a_participant(email="nowhere")]}, "email"),
    ],
)
async def test_a_form_that_is_wrong_is_refused_by_its_field(
    connection: Connection, clock: StandingClock, change: dict[str, object], field: str
) -> None:
    family = replace(a_family(), **change)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    with pytest.raises(InvalidInputError) as refusal:
        await registered(connection, family, at=clock.now())

    assert refusal.value.field == field
    assert await list_families(connection) == ()


async def test_registrations_that_share_people_do_not_wait_in_a_circle(
    pool: Pool, clock: StandingClock
) -> None:
    people = [a_participant(relation=Relation.CHILD) for _ in range(8)]
    families = [
        replace(a_family(), participants=[a_participant(), *order])
        for order in (people, people[::-1])
    ]

    async def register(family: NewFamily) -> bool:
        async with pool.acquire() as connection:
            try:
                await registered(connection, family, at=clock.now())
            except AlreadyRegisteredError:
                return False
        return True

    for _ in range(5):
        outcomes = await asyncio.gather(*(register(family) for family in families))
        assert sum(outcomes) <= 1
        families = [replace(family, kk_number=a_family().kk_number) for family in families]


async def test_only_families_that_pay_themselves_get_virtual_accounts(
    connection: Connection, clock: StandingClock
) -> None:
    family = replace(a_family(), segment=Segment.PPU_ENTERPRISE)

    with pytest.raises(InvalidInputError, match="segment"):
        await registered(connection, family, at=clock.now())
