"""A family's card number and payer change; who asked, who verified and why is kept."""

import asyncio
from datetime import date

import pytest

from iuran.core.database.pool import Pool
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.families import RegisteredFamily
from iuran.core.family_changes import (
    FamilyField,
    Verified,
    change_card_number,
    change_payer,
    changes_of,
)
from iuran.core.manual_changes import ChangeKind
from iuran.core.second_person import SecondPersonError
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import a_channel, a_family, an_active_family
from tests.moments import wib

AT = wib(2025, 6, 30, 23, 59)
MOVED = Verified(reason="KK baru setelah pindah", asked_by="keluarga", verified_by="petugas")
NEW_NUMBER = "9902000000000001"


async def a_paying_family(
    pool: Pool, *, members: int = 2, kk_number: str | None = None
) -> tuple[RegisteredFamily, VirtualAccount]:
    async with pool.acquire() as connection:
        found = await connection.fetchval("SELECT channel_id FROM channel LIMIT 1")
        channel = found or await a_channel(connection)
    family, accounts = await an_active_family(
        pool,
        channel,
        a_family(members=members, kk_number=kk_number),
        first_payment_at=wib(2025, 6, 5),
    )
    return family, accounts[0]


async def moved(pool: Pool, family_id: int, number: str, verified: Verified = MOVED) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await change_card_number(connection, family_id, number, verified, at=AT)


async def hands_over(
    pool: Pool, family_id: int, participant_id: int, verified: Verified = MOVED
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await change_payer(connection, family_id, participant_id, verified, at=AT)


async def families_of_number(pool: Pool, number: str) -> int | None:
    async with pool.acquire() as connection:
        found: int | None = await connection.fetchval(
            "SELECT family_id FROM family_card_number WHERE kk_number = $1", number
        )
    return found


async def test_both_card_numbers_find_the_family_and_the_bill_is_the_same(pool: Pool) -> None:
    family, account = await a_paying_family(pool, kk_number="9901000000000007")
    async with pool.acquire() as connection:
        before = await payable_at(connection, account.customer_number, at=wib(2025, 7, 2))

    await moved(pool, family.family_id, NEW_NUMBER)

    async with pool.acquire() as connection:
        after = await payable_at(connection, account.customer_number, at=wib(2025, 7, 2))
        (change,) = await changes_of(connection, family.family_id)
        current = await connection.fetchval(
            "SELECT kk_number FROM family WHERE family_id = $1", family.family_id
        )
    assert after == before
    assert current == NEW_NUMBER
    assert (change.before, change.after) == ("9901000000000007", NEW_NUMBER)
    assert (change.asked_by, change.verified_by) == ("keluarga", "petugas")
    assert change.changed_at == AT
    for number in ("9901000000000007", NEW_NUMBER):
        assert await families_of_number(pool, number) == family.family_id


async def test_a_family_may_come_back_to_a_number_that_it_had(pool: Pool) -> None:
    family, _ = await a_paying_family(pool, kk_number="9901000000000007")

    await moved(pool, family.family_id, NEW_NUMBER)
    await moved(pool, family.family_id, "9901000000000007")

    async with pool.acquire() as connection:
        changes = await changes_of(connection, family.family_id)
    assert [one.after for one in changes] == ["9901000000000007", NEW_NUMBER]


async def test_a_number_of_another_family_is_refused_and_nothing_stays(pool: Pool) -> None:
    family, _ = await a_paying_family(pool)
    await a_paying_family(pool, kk_number=NEW_NUMBER)

    with pytest.raises(AlreadyRegisteredError):
        await moved(pool, family.family_id, NEW_NUMBER)

    async with pool.acquire() as connection:
        assert await changes_of(connection, family.family_id) == ()


async def test_of_two_families_that_want_a_number_at_once_one_gets_it(pool: Pool) -> None:
    one, _ = await a_paying_family(pool)
    other, _ = await a_paying_family(pool)

    found = await asyncio.gather(
        *(moved(pool, f.family_id, NEW_NUMBER) for f in (one, other)), return_exceptions=True
    )

    assert sorted(type(answer).__name__ for answer in found) == [
        "AlreadyRegisteredError",
        "NoneType",
    ]


@pytest.mark.parametrize(
    ("number", "verified", "error"),
    [
        ("12345", MOVED, InvalidInputError),
        (
            NEW_NUMBER,
            Verified(reason="KK", asked_by="petugas", verified_by="petugas"),
            SecondPersonError,
        ),
        (
            NEW_NUMBER,
            Verified(reason="", asked_by="keluarga", verified_by="petugas"),
            InvalidInputError,
        ),
    ],
)
async def test_a_change_needs_a_whole_number_a_reason_and_two_persons(
    pool: Pool, number: str, verified: Verified, error: type[Exception]
) -> None:
    family, _ = await a_paying_family(pool)

    with pytest.raises(error):
        await moved(pool, family.family_id, number, verified)


async def test_another_member_becomes_the_payer_by_wish(pool: Pool) -> None:
    family, _ = await a_paying_family(pool)
    first, second = (p.participant_id for p in family.participants)

    await hands_over(pool, family.family_id, second)

    async with pool.acquire() as connection:
        (change,) = await changes_of(connection, family.family_id)
        payer = await connection.fetchval(
            "SELECT payer_participant_id FROM family WHERE family_id = $1", family.family_id
        )
    assert payer == second
    assert change.field is FamilyField.PAYER
    assert (change.before, change.after) == (str(first), str(second))


async def test_who_pays_already_or_is_a_stranger_does_not_become_the_payer(pool: Pool) -> None:
    family, _ = await a_paying_family(pool)
    other, _ = await a_paying_family(pool)

    for person in (family.participants[0], other.participants[0]):
        with pytest.raises(InvalidInputError):
            await hands_over(pool, family.family_id, person.participant_id)


async def test_a_payer_who_dies_is_followed_and_cannot_pay_again(pool: Pool) -> None:
    family, _ = await a_paying_family(pool)
    first, second = (p.participant_id for p in family.participants)
    departure = Departure(
        membership_id=family.membership_id,
        participant_id=first,
        left_on=date(2025, 6, 20),
        kind=ChangeKind.DEATH,
        reason="Akta kematian",
    )

    async with pool.acquire() as connection, connection.transaction():
        number = await propose_departure(
            connection, family.family_id, departure, proposed_by="petugas", at=AT
        )
        await approve_departure(
            connection,
            family.family_id,
            number,
            kind=ChangeKind.DEATH,
            approved_by="kepala",
            at=AT,
        )

    async with pool.acquire() as connection:
        (change,) = await changes_of(connection, family.family_id)
    assert (change.before, change.after, change.reason) == (
        str(first),
        str(second),
        "Akta kematian",
    )
    with pytest.raises(InvalidInputError):
        await hands_over(pool, family.family_id, first)
