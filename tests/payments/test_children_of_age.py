"""A worker's child is inactive from his 21st birthday, but for the days of college letters."""

from datetime import date, datetime

import pytest

from iuran.core.care.cover import cover_at
from iuran.core.college_letters import CollegeLetter, record_letter
from iuran.core.database.pool import Pool
from iuran.core.employers.employment import NewEmployment, begin_employment
from iuran.core.enrolment import AlreadyInsuredError
from iuran.core.explanations import explain_status
from iuran.core.families import NewFamily, Relation, register
from iuran.core.membership import MembershipState
from iuran.core.membership_history import status_at
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.segments import AdditionalKind, CareClass, Segment
from iuran.payments.segment_moves import ToSelfPaid, move_to_self_paid
from tests.builders import a_channel, a_family, a_participant
from tests.moments import wib
from tests.payments.payers import HR, an_employer, employer_pays

BORN = date(2005, 5, 17)
PAID_THROUGH = CoverageMonth(2026, 5)


async def a_workers_child(
    pool: Pool,
    *,
    born: date = BORN,
    relation: Relation = Relation.CHILD,
    kind: AdditionalKind | None = None,
    works_himself: bool = False,
) -> tuple[int, int]:
    """A child whose worker is paid for through May 2026: family and participant."""
    begins = wib(2026, 4, 2)
    employer, number = await an_employer(pool, at=begins)
    people = (a_participant(), a_participant(relation=relation, birth_date=born))
    family = NewFamily(
        kk_number=a_family().kk_number,
        care_class=CareClass.I,
        segment=Segment.PPU_ENTERPRISE,
        participants=people,
    )
    async with pool.acquire() as connection, connection.transaction():
        registered = await register(connection, family, at=begins)
        adult, child = (p.participant_id for p in registered.participants)
        await begin_employment(
            connection,
            NewEmployment(
                employer_id=employer.employer_id,
                family_id=registered.family_id,
                membership_id=registered.membership_id,
                participant_id=child if works_himself else adult,
                wage=Rupiah(6_000_000),
                grade=None,
                additional={} if kind is None else {child: kind},
            ),
            HR,
            at=begins,
        )
        channel = await a_channel(connection)
    for at in (wib(2026, 4, 6), wib(2026, 5, 6)):
        assert (await employer_pays(pool, channel, number, at=at)).is_settled
    return registered.family_id, child


async def covered(pool: Pool, who: tuple[int, int], at: datetime) -> bool:
    """Both readings, that of care and that of history, say the same."""
    async with pool.acquire() as connection:
        cover = await cover_at(connection, family_id=who[0], participant_id=who[1], at=at)
        status = await status_at(connection, *who, at=at)
    assert cover is not None
    assert status is not None
    assert cover.state is status.state
    assert status.covered is (cover.state is MembershipState.ACTIVE)
    return status.covered


async def brings_a_letter(pool: Pool, who: tuple[int, int], *, first: date, last: date) -> None:
    letter = CollegeLetter(
        participant_id=who[1],
        college="Universitas Contoh",
        first_day=first,
        last_day=last,
        brought_by="siti",
        verified_by="budi",
    )
    async with pool.acquire() as connection, connection.transaction():
        await record_letter(connection, who[0], letter, at=wib(2026, 5, 20))


async def test_cover_ends_with_the_first_instant_of_the_21st_birthday(pool: Pool) -> None:
    who = await a_workers_child(pool)

    assert await covered(pool, who, wib(2026, 5, 16, 23, 59))
    assert not await covered(pool, who, wib(2026, 5, 17, 0, 0))
    async with pool.acquire() as connection:
        explained = await explain_status(connection, *who, at=wib(2026, 5, 18))
        worker = await status_at(connection, who[0], who[1] - 1, at=wib(2026, 5, 18))
    assert explained.english == "Not covered at 2026-05-18 09:00 WIB"
    assert [reason.rule for reason in explained.reasons] == [
        "fact",
        "paid_through",
        "child_age_max",
    ]
    assert explained.reasons[0].day == date(2026, 5, 17)
    assert "surat keterangan kuliah" in explained.reasons[2].indonesian
    assert worker is not None
    assert worker.covered


async def test_a_letter_covers_its_days_and_not_the_gap_before(pool: Pool) -> None:
    who = await a_workers_child(pool)
    await brings_a_letter(pool, who, first=date(2026, 5, 20), last=date(2026, 5, 30))
    days = {16: True, 17: False, 19: False, 20: True, 30: True, 31: False}

    found = {day: await covered(pool, who, wib(2026, 5, day)) for day in days}

    assert found == days
    async with pool.acquire() as connection:
        again = await status_at(connection, *who, at=wib(2026, 5, 31))
    assert again is not None
    assert (again.cause, again.since) == ("CHILD_OF_AGE", wib(2026, 5, 31, 0))


async def test_no_letter_carries_anybody_beyond_25(pool: Pool) -> None:
    who = await a_workers_child(pool, born=date(2001, 5, 25))
    await brings_a_letter(pool, who, first=date(2026, 1, 1), last=date(2026, 12, 31))

    assert await covered(pool, who, wib(2026, 5, 24, 23, 59))
    assert not await covered(pool, who, wib(2026, 5, 25, 0, 0))


@pytest.mark.parametrize(
    ("relation", "kind", "works", "is_covered"),
    [
        (Relation.CHILD, AdditionalKind.FOURTH_CHILD, False, False),
        (Relation.CHILD, AdditionalKind.OTHER_RELATIVE, False, True),  # paid for like a PBPU
        (Relation.CHILD, None, True, True),  # the worker is a child of the family card
        (Relation.SPOUSE, None, False, True),
    ],
)
async def test_the_limit_is_for_children_insured_as_such(
    pool: Pool,
    relation: Relation,
    kind: AdditionalKind | None,
    *,
    works: bool,
    is_covered: bool,
) -> None:
    who = await a_workers_child(pool, relation=relation, kind=kind, works_himself=works)

    assert await covered(pool, who, wib(2026, 5, 20)) is is_covered


async def test_whose_cover_by_a_worker_ended_may_pay_for_himself_from_the_next_month(
    pool: Pool,
) -> None:
    family_id, child = await a_workers_child(pool)

    async def moves(last_covered: CoverageMonth) -> int:
        move = ToSelfPaid(
            participants=[child], care_class=CareClass.III, last_covered_month=last_covered
        )
        async with pool.acquire() as connection, connection.transaction():
            return await move_to_self_paid(
                connection, family_id, move, asked_by="siti", at=wib(2026, 5, 20)
            )

    with pytest.raises(AlreadyInsuredError):
        await moves(PAID_THROUGH.plus(-1))  # on 1 May he was 20
    assert await moves(PAID_THROUGH)
