"""People leave one family card and join another: bills, cover and numbers follow the 1st."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import pytest

from iuran.core.bills import bills_of, lines_of
from iuran.core.care.cover import cover_at, window_at
from iuran.core.clock import wib_date
from iuran.core.database.pool import Pool
from iuran.core.enrolment import AlreadyInsuredError, open_membership
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.explanations.status import explain_status
from iuran.core.families import RegisteredFamily, Relation
from iuran.core.family_changes import changes_of
from iuran.core.family_moves import Person, person_at
from iuran.core.manual_changes import ChangeApprovedError, ChangeKind
from iuran.core.membership_history import status_at, was_covered
from iuran.core.months import CoverageMonth
from iuran.core.second_person import SecondPersonError
from iuran.core.segments import CareClass, Segment
from iuran.payments.autodebit.mandates import NewMandate, give_mandate, mandates
from iuran.payments.credit import credit_of
from iuran.payments.departures import Departure, approve_departure, propose_departure
from iuran.payments.family_move_rules import CannotMoveError, MoveInArrearsError
from iuran.payments.family_moves import FamilyMove, MovedPeople, approve_move, propose_move
from iuran.payments.ledger import disagreements
from iuran.payments.membership_rebuild import different_memberships
from iuran.payments.prepayment import ask_to_pay_ahead
from iuran.payments.secrets import Cipher, generate_installation_key
from iuran.payments.virtual_accounts import VirtualAccount, payable_at
from tests.builders import (
    a_channel,
    a_family,
    an_active_family,
    pays_what_it_owes,
    registered,
)
from tests.moments import wib
from tests.payments.payers import an_employer, hired, roll

PAPER = "Buku nikah"
MAY = CoverageMonth(2026, 5)
AT = wib(2026, 4, 20)
FIRST = wib(2026, 5, 1, 0, 1)


@dataclass(frozen=True, kw_only=True)
class Home:
    """A family, the number under which its payer pays, and who is in it."""

    family: RegisteredFamily
    accounts: tuple[VirtualAccount, ...]
    channel: int
    people: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        people = tuple(p.participant_id for p in self.family.participants)
        object.__setattr__(self, "people", people)

    @property
    def family_id(self) -> int:
        return self.family.family_id


async def a_home(
    pool: Pool,
    *,
    members: int = 3,
    care_class: CareClass = CareClass.III,
    paid_at: tuple[datetime, ...] = (wib(2026, 3, 5), wib(2026, 4, 5)),
) -> Home:
    """A family that has paid through April 2026 unless told otherwise."""
    async with pool.acquire() as connection:
        found = await connection.fetchval("SELECT channel_id FROM channel LIMIT 1")
        channel = found or await a_channel(connection)
    family, accounts = await an_active_family(
        pool,
        channel,
        a_family(members=members, care_class=care_class),
        first_payment_at=paid_at[0],
    )
    for at in paid_at[1:]:
        assert (await pays_what_it_owes(pool, channel, accounts[0], at=at)).is_settled
    return Home(family=family, accounts=accounts, channel=channel)


def to_family(home: Home, relations: Mapping[int, Relation]) -> FamilyMove:
    return FamilyMove(relations=relations, reason=PAPER, to_family_id=home.family_id)


async def moves(
    pool: Pool, home: Home, move: FamilyMove, *, at: datetime = AT, approved_by: str = "budi"
) -> MovedPeople:
    async with pool.acquire() as connection, connection.transaction():
        change_id = await propose_move(connection, home.family_id, move, proposed_by="siti", at=at)
        return await approve_move(
            connection, home.family_id, change_id, approved_by=approved_by, at=at
        )


async def owed(pool: Pool, account: VirtualAccount, at: datetime) -> tuple[int | None, int, int]:
    """Which family a number pays for, for how many people, and how much."""
    async with pool.acquire() as connection, connection.transaction():
        payable = await payable_at(connection, account.customer_number, at=at)
    return payable.family_id, payable.members, payable.amount


async def nothing_disagrees(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert [one async for one in different_memberships(connection)] == []


async def test_a_daughter_who_marries_is_billed_with_her_husband_from_the_first(
    pool: Pool,
) -> None:
    parents = await a_home(pool, members=3, care_class=CareClass.II)
    husband = await a_home(pool, members=1, care_class=CareClass.I)
    daughter = parents.people[2]

    await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    await roll(pool, FIRST)

    assert await owed(pool, parents.accounts[0], FIRST) == (parents.family_id, 2, 200_000)
    assert await owed(pool, husband.accounts[0], FIRST) == (husband.family_id, 2, 300_000)
    assert await owed(pool, parents.accounts[2], FIRST) == (husband.family_id, 2, 300_000)
    await nothing_disagrees(pool)


async def test_until_the_first_she_is_covered_and_billed_where_she_was(pool: Pool) -> None:
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.people[2]
    moved = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    new = (husband.family_id, moved.people[daughter])
    last_minute, midnight = wib(2026, 4, 30, 23, 59), wib(2026, 5, 1, 0, 0)

    async with pool.acquire() as connection:
        for key in ((parents.family_id, daughter), new):  # also before the run has come by
            before = await status_at(connection, *key, at=last_minute)
            after = await status_at(connection, *key, at=midnight)
            assert before is not None
            assert after is not None
            assert before.covered
            assert after.covered
            assert before.family_id == parents.family_id
            assert after.family_id == husband.family_id
            cover = await cover_at(connection, family_id=key[0], participant_id=key[1], at=midnight)
            assert cover is not None
            assert (cover.family_id, cover.participant_id) == new
            told = await explain_status(connection, *key, at=midnight)
            assert any(reason.rule == "family_move" for reason in told.reasons)
    assert (await owed(pool, parents.accounts[2], last_minute))[0] == parents.family_id


async def test_nik_card_and_number_lead_to_the_new_family_after_the_run(pool: Pool) -> None:
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.people[2]
    moved = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))

    await roll(pool, FIRST)
    await roll(pool, FIRST)

    async with pool.acquire() as connection:
        rows = await connection.fetch(
            """
            SELECT c.family_id, c.participant_id, n.family_id, n.participant_id, a.family_id
            FROM participant AS p
            JOIN participant_card AS c ON c.card_number = p.card_number
            JOIN participant_nik AS n ON n.nik = p.nik
            JOIN virtual_account_number AS a ON a.customer_number = right(p.card_number, 11)
            WHERE p.family_id = $1 AND p.participant_id = $2
            """,
            parents.family_id,
            daughter,
        )
        due = await connection.fetchval("SELECT count(*) FROM family_move_due")
    assert [tuple(row) for row in rows] == [
        (husband.family_id, moved.people[daughter]) * 2 + (husband.family_id,)
    ]
    assert due == 0


async def test_a_card_of_their_own_goes_on_without_a_gap_or_a_first_payment(pool: Pool) -> None:
    parents = await a_home(pool, members=4, care_class=CareClass.I)
    son, wife = parents.people[1], parents.people[2]
    move = FamilyMove(
        relations={son: Relation.HEAD, wife: Relation.SPOUSE},
        reason="KK baru",
        kk_number="9902000000000077",
    )

    moved = await moves(pool, parents, move)
    await roll(pool, FIRST)

    assert await owed(pool, parents.accounts[1], FIRST) == (moved.family_id, 2, 300_000)
    assert await owed(pool, parents.accounts[0], FIRST) == (parents.family_id, 2, 300_000)
    paid = await pays_what_it_owes(
        pool, parents.channel, parents.accounts[2], at=wib(2026, 5, 31, 23, 59)
    )
    assert paid.is_settled
    async with pool.acquire() as connection:
        for at in (wib(2026, 4, 30, 23, 59), wib(2026, 5, 1, 0), wib(2026, 6, 30, 23, 59)):
            assert await was_covered(connection, moved.family_id, moved.people[son], at=at)
        assert not await was_covered(
            connection, moved.family_id, moved.people[son], at=wib(2026, 7, 1, 0)
        )
        payer = await connection.fetchval(
            "SELECT payer_participant_id FROM family WHERE family_id = $1", moved.family_id
        )
    assert payer == moved.people[son]
    await nothing_disagrees(pool)


async def test_an_open_bill_and_what_was_paid_ahead_stay_with_the_family_that_is_left(
    pool: Pool,
) -> None:
    parents = await a_home(pool, paid_at=(wib(2026, 3, 5),))  # April is open
    husband = await a_home(pool, members=1)
    async with pool.acquire() as connection, connection.transaction():
        await ask_to_pay_ahead(
            connection, parents.family_id, parents.family.membership_id, months=2, at=AT
        )
    await pays_what_it_owes(pool, parents.channel, parents.accounts[0], at=AT)

    await moves(pool, parents, to_family(husband, {parents.people[1]: Relation.SPOUSE}))
    await roll(pool, FIRST)
    await roll(pool, wib(2026, 6, 1, 0, 1))

    async with pool.acquire() as connection:
        credit = await credit_of(connection, parents.family_id, parents.family.membership_id)
        theirs = await credit_of(connection, husband.family_id, husband.family.membership_id)
    assert credit == 2 * 35_000  # paid for three people in May and June, two were billed
    assert theirs == 0
    await nothing_disagrees(pool)


async def test_who_leaves_with_an_unpaid_month_leaves_the_debt_behind(pool: Pool) -> None:
    parents = await a_home(pool, paid_at=(wib(2026, 3, 5),))
    husband = await a_home(pool, members=1)
    daughter = parents.people[1]
    moved = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))

    await roll(pool, FIRST)

    assert await owed(pool, parents.accounts[0], FIRST) == (parents.family_id, 3, 175_000)
    async with pool.acquire() as connection:
        assert not await was_covered(connection, parents.family_id, parents.people[0], at=FIRST)
        assert await was_covered(connection, husband.family_id, moved.people[daughter], at=FIRST)
        bills = await bills_of(connection, parents.family_id, today=wib_date(FIRST), limit=9)
        lines = [await lines_of(connection, parents.family_id, bill) for bill in bills]
    assert {line.participant_id for line in lines[1]} == set(parents.people)
    await nothing_disagrees(pool)


async def test_two_persons_stand_for_a_move_and_it_is_approved_once(pool: Pool) -> None:
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    move = to_family(husband, {parents.people[1]: Relation.SPOUSE})

    with pytest.raises(SecondPersonError):
        await moves(pool, parents, move, approved_by="siti")
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_move(connection, parents.family_id, move, proposed_by="siti", at=AT)

    async def approves() -> MovedPeople:
        async with pool.acquire() as connection, connection.transaction():
            return await approve_move(
                connection, parents.family_id, change, approved_by="budi", at=AT
            )

    found = await asyncio.gather(*(approves() for _ in range(4)), return_exceptions=True)

    assert sum(isinstance(one, MovedPeople) for one in found) == 1
    assert sum(isinstance(one, ChangeApprovedError) for one in found) == 3


async def test_two_moves_in_opposite_directions_at_once_both_happen(pool: Pool) -> None:
    for _ in range(3):
        one, other = await a_home(pool), await a_home(pool)
        both = (
            moves(pool, one, to_family(other, {one.people[2]: Relation.OTHER})),
            moves(pool, other, to_family(one, {other.people[2]: Relation.OTHER})),
        )
        assert all(isinstance(done, MovedPeople) for done in await asyncio.gather(*both))

    await roll(pool, FIRST)

    await nothing_disagrees(pool)


async def test_a_person_may_go_and_come_back_and_each_instant_is_answered(pool: Pool) -> None:
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.people[2]
    there = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    at = wib(2026, 5, 10)
    await roll(pool, at)
    for home in (parents, husband):
        await pays_what_it_owes(pool, home.channel, home.accounts[0], at=at)

    back = await moves(
        pool, husband, to_family(parents, {there.people[daughter]: Relation.CHILD}), at=at
    )
    await roll(pool, wib(2026, 6, 1, 0, 1))

    again = back.people[there.people[daughter]]
    async with pool.acquire() as connection:
        for start in (
            Person(family_id=parents.family_id, participant_id=daughter),
            Person(family_id=husband.family_id, participant_id=there.people[daughter]),
            Person(family_id=parents.family_id, participant_id=again),
        ):
            found = [await person_at(connection, start, at=wib(2026, m, 15)) for m in (4, 5, 6)]
            assert [one.participant_id for one in found] == [
                daughter,
                there.people[daughter],
                again,
            ]
    assert (await owed(pool, parents.accounts[2], wib(2026, 6, 2)))[:2] == (parents.family_id, 3)
    await nothing_disagrees(pool)


async def test_when_the_payer_goes_another_pays_and_when_all_go_the_membership_ends(
    pool: Pool,
) -> None:
    parents, son = await a_home(pool, members=2), await a_home(pool, members=1)
    father, mother = parents.people

    await moves(pool, parents, to_family(son, {father: Relation.PARENT}))
    async with pool.acquire() as connection:
        (change,) = await changes_of(connection, parents.family_id)
    assert (change.before, change.after) == (str(father), str(mother))

    moved = await moves(pool, parents, to_family(son, {mother: Relation.PARENT}))
    async with pool.acquire() as connection:
        assert await was_covered(connection, parents.family_id, mother, at=wib(2026, 4, 30, 23, 59))
    await roll(pool, FIRST)

    async with pool.acquire() as connection:
        state = await connection.fetchval(
            "SELECT state FROM membership WHERE family_id = $1", parents.family_id
        )
        assert await was_covered(connection, son.family_id, moved.people[mother], at=FIRST)
    assert state == "INACTIVE_SEGMENT_CHANGE"
    assert await owed(pool, parents.accounts[0], FIRST) == (son.family_id, 3, 105_000)
    await nothing_disagrees(pool)


async def test_arrears_on_either_side_come_first(pool: Pool) -> None:
    in_arrears = await a_home(pool, paid_at=(wib(2026, 2, 5),))  # March closed unpaid
    paid_up = await a_home(pool)

    for home, other in ((in_arrears, paid_up), (paid_up, in_arrears)):
        with pytest.raises(MoveInArrearsError) as refused:
            await moves(pool, home, to_family(other, {home.people[1]: Relation.OTHER}))
        assert (refused.value.family_id, refused.value.months) == (in_arrears.family_id, 1)


async def test_a_fine_window_goes_with_the_person_and_the_other_familys_is_not_his(
    pool: Pool,
) -> None:
    parents = await a_home(pool, paid_at=(wib(2026, 2, 5), wib(2026, 4, 18)))  # to 2 June
    husband = await a_home(pool, members=1, paid_at=(wib(2026, 2, 5), wib(2026, 4, 19)))
    plain = await a_home(pool)
    daughter, guest = parents.people[2], plain.people[1]
    his = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    theirs = await moves(pool, plain, to_family(husband, {guest: Relation.OTHER}))
    at = wib(2026, 5, 20)
    await roll(pool, FIRST)

    async with pool.acquire() as connection:
        found: list[date | None] = []
        for one in (his.people[daughter], theirs.people[guest], husband.people[0]):
            cover = await cover_at(
                connection, family_id=husband.family_id, participant_id=one, at=at
            )
            assert cover is not None
            window = await window_at(connection, cover, at=at)
            found.append(None if window is None else window.last_day)

    assert found == [date(2026, 6, 2), None, date(2026, 6, 3)]


async def test_who_dies_on_the_way_is_never_billed_there(pool: Pool) -> None:
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.people[2]
    moved = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    departure = Departure(
        membership_id=moved.membership_id,
        participant_id=moved.people[daughter],
        left_on=date(2026, 4, 28),
        kind=ChangeKind.DEATH,
        reason="Akta kematian",
    )
    at = wib(2026, 4, 29)
    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, husband.family_id, departure, proposed_by="siti", at=at
        )
        await approve_departure(
            connection,
            husband.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=at,
        )

    await roll(pool, FIRST)

    assert await owed(pool, husband.accounts[0], FIRST) == (husband.family_id, 1, 35_000)
    await nothing_disagrees(pool)


async def test_nobody_is_debited_for_the_family_that_somebody_moves_to(pool: Pool) -> None:
    """Given between the approval and the 1st, a mandate would pay for the husband's family."""
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.accounts[2].customer_number
    await moves(pool, parents, to_family(husband, {parents.people[2]: Relation.SPOUSE}))

    with pytest.raises(InvalidInputError, match="2026-05-01"):
        await is_debited(pool, daughter, at=AT)
    await is_debited(pool, parents.accounts[0].customer_number, at=AT)
    await roll(pool, FIRST)
    await is_debited(pool, daughter, at=FIRST)

    async with pool.acquire() as connection:
        found = {one.customer_number: one.family_id for one in await mandates(connection)}
    assert found == {
        parents.accounts[0].customer_number: parents.family_id,
        daughter: husband.family_id,
    }


async def is_debited(pool: Pool, customer_number: str, *, at: datetime) -> None:
    mandate = NewMandate(
        customer_number=customer_number,
        channel_code="BCA",
        account_number="0012345678",
        holder_name="BUNGA CONTOH",
        signed_at_place="loket",
    )
    cipher = Cipher.of([generate_installation_key()])
    async with pool.acquire() as connection, connection.transaction():
        await give_mandate(connection, cipher, mandate, by="loket", at=at)


async def test_a_death_before_the_move_that_is_told_later_takes_back_the_new_lines(
    pool: Pool,
) -> None:
    """She died on 28 April, moved on 1 May, told on 4 May: the husband owes for one, and pays."""
    parents, husband = await a_home(pool), await a_home(pool, members=1)
    daughter = parents.people[2]
    moved = await moves(pool, parents, to_family(husband, {daughter: Relation.SPOUSE}))
    await roll(pool, FIRST)
    before = await owed(pool, husband.accounts[0], FIRST)
    departure = Departure(
        membership_id=moved.membership_id,
        participant_id=moved.people[daughter],
        left_on=date(2026, 4, 28),
        kind=ChangeKind.DEATH,
        reason="Akta kematian",
    )
    at = wib(2026, 5, 4)

    async with pool.acquire() as connection, connection.transaction():
        change = await propose_departure(
            connection, husband.family_id, departure, proposed_by="siti", at=at
        )
        await approve_departure(
            connection,
            husband.family_id,
            change,
            kind=ChangeKind.DEATH,
            approved_by="budi",
            at=at,
        )

    assert before == (husband.family_id, 2, 70_000)
    assert await owed(pool, husband.accounts[0], at) == (husband.family_id, 1, 35_000)
    assert await owed(pool, parents.accounts[0], at) == (parents.family_id, 2, 70_000)
    async with pool.acquire() as connection:
        new = (husband.family_id, moved.people[daughter])
        assert not await was_covered(connection, *new, at=at)
        bills = await bills_of(connection, parents.family_id, today=wib_date(at), limit=9)
    assert [bill.amount for bill in bills] == [70_000, 105_000, 105_000]  # April stays whole
    await nothing_disagrees(pool)


async def test_employed_people_newcomers_and_strangers_do_not_move(pool: Pool) -> None:
    home, other = await a_home(pool), await a_home(pool)
    employer, _ = await an_employer(pool, at=wib(2026, 2, 1))
    worker = await hired(pool, employer, wage=6_000_000, at=wib(2026, 2, 2))
    async with pool.acquire() as connection:
        waiting, _ = await registered(connection, a_family(), at=wib(2026, 4, 10))
        works = Home(family=worker.family, accounts=(), channel=home.channel)
        waits = Home(family=waiting, accounts=(), channel=home.channel)
    first = home.people[1]
    await moves(pool, home, to_family(other, {first: Relation.OTHER}))

    refused: list[tuple[Home, FamilyMove, type[DomainError]]] = [
        (works, to_family(other, {works.people[0]: Relation.OTHER}), CannotMoveError),
        (waits, to_family(other, {waits.people[0]: Relation.OTHER}), CannotMoveError),
        (home, to_family(works, {home.people[2]: Relation.OTHER}), CannotMoveError),
        (home, to_family(waits, {home.people[2]: Relation.OTHER}), CannotMoveError),
        (home, to_family(other, {first: Relation.OTHER}), InvalidInputError),
        (home, to_family(other, {other.people[0]: Relation.OTHER}), InvalidInputError),
        (home, to_family(other, {home.people[2]: Relation.HEAD}), InvalidInputError),
        (home, to_family(home, {home.people[2]: Relation.OTHER}), InvalidInputError),
        (home, to_family(other, {}), InvalidInputError),
        (
            home,
            FamilyMove(relations={home.people[2]: Relation.CHILD}, reason=PAPER),
            InvalidInputError,
        ),
    ]
    for who, move, error in refused:
        with pytest.raises(error):
            await moves(pool, who, move)


async def test_a_card_number_in_use_is_refused_and_nothing_stays(pool: Pool) -> None:
    home, other = await a_home(pool), await a_home(pool)
    async with pool.acquire() as connection:
        number = await connection.fetchval(
            "SELECT kk_number FROM family WHERE family_id = $1", other.family_id
        )
    move = FamilyMove(
        relations={home.people[1]: Relation.HEAD}, reason=PAPER, kk_number=str(number)
    )

    with pytest.raises(AlreadyRegisteredError):
        await moves(pool, home, move)

    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM family_move") == 0
        assert await connection.fetchval("SELECT count(*) FROM family") == 2


async def test_who_has_left_is_insured_by_nobody_in_the_old_family_again(pool: Pool) -> None:
    home, other = await a_home(pool), await a_home(pool)
    await moves(pool, home, to_family(other, {home.people[1]: Relation.OTHER}))
    at = wib(2026, 5, 3)
    await roll(pool, at)

    for person, error in (
        (home.people[1], InvalidInputError),
        (home.people[2], AlreadyInsuredError),
    ):
        with pytest.raises(error):
            async with pool.acquire() as connection, connection.transaction():
                await open_membership(
                    connection,
                    family_id=home.family_id,
                    segment=Segment.PPU_ENTERPRISE,
                    care_class=CareClass.I,
                    participant_ids=[person],
                    at=at,
                )
