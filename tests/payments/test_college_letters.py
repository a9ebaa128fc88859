"""A worker's child needs a letter of his college every year from 21 to 25."""

from datetime import date, timedelta

import pytest

from iuran.core.children import age_on
from iuran.core.college_letters import CollegeLetter, DueLetter, letters_due, record_letter
from iuran.core.database.pool import Connection, Pool
from iuran.core.employers.employment import NewEmployment, begin_employment
from iuran.core.errors import InvalidInputError
from iuran.core.families import NewFamily, Relation, register
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass, Segment
from tests.builders import a_family, a_participant
from tests.moments import wib
from tests.payments.payers import HR, an_employer

AT = wib(2026, 3, 2)
TODAY = date(2026, 3, 2)


async def a_worker_with_children(pool: Pool, births: tuple[date, ...]) -> tuple[int, list[int]]:
    """A worker's family id and his children."""
    employer, _ = await an_employer(pool, at=wib(2026, 2, 1))
    family = NewFamily(
        kk_number=a_family().kk_number,
        care_class=CareClass.I,
        segment=Segment.PPU_ENTERPRISE,
        participants=[
            a_participant(),
            *(a_participant(relation=Relation.CHILD, birth_date=birth) for birth in births),
        ],
    )
    async with pool.acquire() as connection, connection.transaction():
        registered = await register(connection, family, at=wib(2026, 2, 2))
        people = [p.participant_id for p in registered.participants]
        await begin_employment(
            connection,
            NewEmployment(
                employer_id=employer.employer_id,
                family_id=registered.family_id,
                membership_id=registered.membership_id,
                participant_id=people[0],
                wage=Rupiah(6_000_000),
                grade=None,
                additional={},
            ),
            HR,
            at=wib(2026, 2, 2),
        )
    return registered.family_id, people[1:]


def a_letter(
    child: int, *, first: date = date(2025, 9, 1), last: date = date(2026, 8, 31), by: str = "budi"
) -> CollegeLetter:
    return CollegeLetter(
        participant_id=child,
        college="Universitas Contoh",
        first_day=first,
        last_day=last,
        brought_by="siti",
        verified_by=by,
    )


async def due(pool: Pool, *, on: date, until: date) -> dict[int, DueLetter]:
    async with pool.acquire() as connection:
        return {
            one.participant_id: one for one in await letters_due(connection, on=on, until=until)
        }


async def test_who_turns_21_or_is_older_needs_a_letter_and_who_is_25_is_not_helped(
    pool: Pool,
) -> None:
    turns_21, is_22, turns_25 = date(2005, 4, 1), date(2004, 1, 5), date(2001, 3, 2)
    _, children = await a_worker_with_children(pool, (turns_21, is_22, turns_25))

    found = await due(pool, on=TODAY, until=date(2026, 3, 31))
    earlier = await due(pool, on=TODAY, until=date(2026, 3, 30))

    assert {one: row.insured_until for one, row in found.items()} == {
        children[0]: date(2026, 3, 31),
        children[1]: date(2025, 1, 4),
    }
    assert list(earlier) == [children[1]]


async def test_a_letter_carries_a_child_to_its_last_day_or_to_the_25th_birthday(pool: Pool) -> None:
    family_id, (young, old) = await a_worker_with_children(
        pool, (date(2004, 1, 5), date(2001, 8, 20))
    )
    async with pool.acquire() as connection, connection.transaction():
        for child in (young, old):
            await record_letter(connection, family_id, a_letter(child), at=AT)

    found = await due(pool, on=TODAY, until=date(2026, 12, 31))

    assert list(found) == [young]  # the other is 25 before his letter ends
    assert found[young].insured_until == found[young].letter_until == date(2026, 8, 31)
    assert await due(pool, on=TODAY, until=date(2026, 8, 30)) == {}


@pytest.mark.parametrize(
    ("first", "last", "by", "error"),
    [
        (date(2025, 9, 1), date(2026, 9, 1), "budi", InvalidInputError),
        (date(2025, 3, 2), date(2026, 3, 1), "budi", InvalidInputError),
        (date(2026, 9, 1), date(2026, 8, 31), "budi", InvalidInputError),
        (date(2025, 9, 1), date(2026, 8, 31), "siti", SecondPersonError),
        (date(2025, 9, 1), date(2026, 8, 31), "", InvalidInputError),
    ],
)
async def test_a_letter_speaks_for_a_year_runs_still_and_is_seen_by_another(
    pool: Pool, first: date, last: date, by: str, error: type[Exception]
) -> None:
    family_id, (child,) = await a_worker_with_children(pool, (date(2004, 1, 5),))

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(error):
            await record_letter(
                connection, family_id, a_letter(child, first=first, last=last, by=by), at=AT
            )
        assert await connection.fetchval("SELECT count(*) FROM college_letter") == 0


async def test_a_worker_himself_brings_no_letter(pool: Pool) -> None:
    family_id, (child,) = await a_worker_with_children(pool, (date(2004, 1, 5),))

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(InvalidInputError):
            await record_letter(connection, family_id, a_letter(child - 1), at=AT)


async def test_birthdays_are_those_of_ages_also_of_who_is_born_on_29_february(
    connection: Connection,
) -> None:
    births = [date(2000, 2, 27) + timedelta(days=n) for n in range(5)] + [date(2004, 2, 29)]
    for birth in births:
        for years in (20, 21, 25):
            day = await connection.fetchval("SELECT birthday_of($1, $2)", birth, years)
            assert age_on(birth, on=day) == years
            assert age_on(birth, on=day - timedelta(days=1)) == years - 1
