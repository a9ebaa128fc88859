"""Moves to another family card: marriage, divorce, a household of one's own ("pisah KK").

From the 1st of the next month somebody leaves the bills of one family and joins those of another;
until then he is covered where he was. Two persons stand for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.families import SET_PAYER, Relation
from iuran.core.family_changes import Verified
from iuran.core.family_moves import Person, bring_people
from iuran.core.identifiers import check_kk_number, customer_number_of
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.membership_history import was_covered
from iuran.core.months import CoverageMonth
from iuran.payments.departures import CORRECT_BILLS, hand_over
from iuran.payments.family_move_rules import Membership, find_homes
from iuran.payments.family_splits import found_family

END_ENROLMENT: LiteralString = """
    UPDATE enrolment SET last_month = $4, left_on = $5, left_cause = 'MOVED', change_id = $6
    WHERE family_id = $1 AND membership_id = $2 AND participant_id = $3 AND left_cause IS NULL
"""

INSERT_ENROLMENT: LiteralString = """
    INSERT INTO enrolment (family_id, membership_id, participant_id, first_month, awaits_month,
                           enrolled_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

UPSERT_ACCOUNT: LiteralString = """
    INSERT INTO virtual_account (family_id, customer_number, membership_id, participant_id,
                                 issued_on)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (family_id, customer_number) DO UPDATE
    SET membership_id = excluded.membership_id, participant_id = excluded.participant_id,
        issued_on = excluded.issued_on
"""

INSERT_MOVE: LiteralString = """
    INSERT INTO family_move (family_id, participant_id, direction, membership_id, other_family_id,
                             other_participant_id, other_membership_id, first_month, change_id,
                             moved_at)
    VALUES ($1, $2, 'OUT', $3, $4, $5, $6, $7, $8, $9),
           ($4, $5, 'IN', $6, $1, $2, $3, $7, NULL, $9)
"""

INSERT_DUE: LiteralString = """
    INSERT INTO family_move_due (family_id, participant_id, first_month) VALUES ($1, $2, $3)
"""

CARRY_OUT_MOVES: LiteralString = """
    SELECT carry_out_moves($1, $2, $3, $4)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyMove:
    """Who goes, what each is to the family he joins, and the paper that says so.

    Either to a family that is registered (`to_family_id`) or to a card of their own (`kk_number`),
    which names one of them HEAD.
    """

    relations: Mapping[int, Relation]
    reason: str
    to_family_id: int | None = None
    kk_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPeople:
    """Where they belong from a month on; the people by the participant that they were before."""

    family_id: int
    membership_id: int
    first_month: CoverageMonth
    people: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passage:
    """From where to where, from which month on, and the approval that it rests on."""

    left: Membership
    joined: Membership
    month: CoverageMonth
    change_id: int
    at: datetime


async def propose_move(
    connection: Connection, family_id: int, move: FamilyMove, *, proposed_by: str, at: datetime
) -> int:
    """Propose that people of a family move; return the number of the proposal.

    What is owed stays with the family that they leave. Raises InvalidInputError for people who are
    not insured there or relations that do not fit, CannotMoveError, MoveInArrearsError,
    AlreadyInsuredError for who is insured by somebody else besides.
    """
    _check(move, family_id)
    homes = await find_homes(
        connection, family_id, list(move.relations), to_family_id=move.to_family_id, at=at
    )
    proposal = Proposal(
        membership_id=homes.left.membership_id,
        kind=ChangeKind.FAMILY_MOVE,
        reason=move.reason,
        before={"family_id": family_id},
        wanted={
            "people": ",".join(f"{one}:{relation}" for one, relation in move.relations.items()),
            "to_family_id": move.to_family_id,
            "kk_number": move.kk_number,
        },
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_move(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> MovedPeople:
    """Let people move from the 1st of the next month on.

    Their class is that of the family they join; on a card of their own they keep what they had,
    with no first payment to wait for. Whoever was not covered is so with the first bill paid there.
    NIK, card and virtual account lead to the new family once its first month has been rolled.
    Raises what `propose_move` and `approve` raise, AlreadyRegisteredError for a card number in use.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.FAMILY_MOVE,
        approved_by=approved_by,
        at=at,
    )
    move = _read(proposal)
    homes = await find_homes(
        connection, family_id, list(move.relations), to_family_id=move.to_family_id, at=at
    )
    joined = homes.joined or await found_family(connection, homes.left, str(move.kk_number), at=at)
    month = CoverageMonth.of(wib_date(at)).plus(1)
    passage = _Passage(left=homes.left, joined=joined, month=month, change_id=change_id, at=at)
    moved = await _carry_over(connection, move, passage)
    if homes.joined is None:
        head = next(one for one, role in move.relations.items() if role is Relation.HEAD)
        await connection.execute(SET_PAYER, joined.family_id, moved.people[head])
    verified = Verified(reason=move.reason, asked_by=proposal.proposed_by, verified_by=approved_by)
    for one in moved.people:
        await hand_over(connection, family_id, one, verified=verified, at=at)
    return moved


async def carry_out_moves(
    connection: Connection,
    *,
    family_from: int,
    family_to: int,
    month: CoverageMonth,
    at: datetime,
) -> int:
    """Turn the numbers of those who left a range of families for a month; return how many.

    Running it again finds nothing. Give it a transaction without other locks in it.
    """
    return int(
        await connection.fetchval(CARRY_OUT_MOVES, family_from, family_to, month.ordinal, at)
    )


def _check(move: FamilyMove, family_id: int) -> None:
    heads = [one for one, relation in move.relations.items() if relation is Relation.HEAD]
    if (move.to_family_id is None) is (move.kk_number is None):
        raise InvalidInputError("to", "name a registered family or a new family card, one of them")
    if not move.relations:
        raise InvalidInputError("people", "name who moves")
    if move.to_family_id == family_id:
        raise InvalidInputError("toFamilyId", "they are of this family already")
    if move.kk_number is not None:
        check_kk_number(move.kk_number)
        if len(heads) != 1:
            raise InvalidInputError("people", "name exactly one head of the new family")
    elif heads:
        raise InvalidInputError("people", "the family that they join has a head")


def _read(proposal: Proposal) -> FamilyMove:
    pairs = (part.split(":") for part in str(proposal.wanted["people"]).split(","))
    to, kk_number = proposal.wanted["to_family_id"], proposal.wanted["kk_number"]
    return FamilyMove(
        relations={int(one): Relation(relation) for one, relation in pairs},
        reason=proposal.reason,
        to_family_id=None if to is None else int(to),
        kk_number=None if kk_number is None else str(kk_number),
    )


async def _carry_over(connection: Connection, move: FamilyMove, passage: _Passage) -> MovedPeople:
    """Make everybody a participant of the family that is joined, and end him in the one he left."""
    people = {
        Person(family_id=passage.left.family_id, participant_id=one): relation
        for one, relation in move.relations.items()
    }
    arrived = await bring_people(
        connection,
        people,
        to_family_id=passage.joined.family_id,
        first_day=passage.month.first_day,
        at=passage.at,
    )
    for person, (new, card_number) in arrived.items():
        await _enrol(connection, person, new, passage)
        await _leave(connection, person.participant_id, passage)
        await _keep(connection, person, new, card_number, passage)
    return MovedPeople(
        family_id=passage.joined.family_id,
        membership_id=passage.joined.membership_id,
        first_month=passage.month,
        people={one.participant_id: new.participant_id for one, (new, _) in arrived.items()},
    )


async def _enrol(connection: Connection, person: Person, new: Person, passage: _Passage) -> None:
    month, at = passage.month.ordinal, passage.at
    is_covered = await was_covered(connection, person.family_id, person.participant_id, at=at)
    await connection.execute(
        INSERT_ENROLMENT,
        new.family_id,
        passage.joined.membership_id,
        new.participant_id,
        month,
        None if is_covered else month,
        at,
    )


async def _leave(connection: Connection, participant_id: int, passage: _Passage) -> None:
    left, last, change_id = passage.left, passage.month.plus(-1), passage.change_id
    key = (left.family_id, left.membership_id, participant_id, last.ordinal)
    await connection.execute(END_ENROLMENT, *key, last.last_day, change_id)
    await connection.execute(CORRECT_BILLS, *key, "MOVED", change_id, passage.at)


async def _keep(
    connection: Connection, person: Person, new: Person, card_number: str, passage: _Passage
) -> None:
    """Keep where he went and came from, and his number to pay to."""
    left, joined, month = passage.left, passage.joined, passage.month.ordinal
    await connection.execute(
        UPSERT_ACCOUNT,
        new.family_id,
        customer_number_of(card_number),
        joined.membership_id,
        new.participant_id,
        wib_date(passage.at),
    )
    former = (person.family_id, person.participant_id)
    await connection.execute(
        INSERT_MOVE,
        *(*former, left.membership_id),
        *(new.family_id, new.participant_id, joined.membership_id),
        month,
        passage.change_id,
        passage.at,
    )
    await connection.execute(INSERT_DUE, *former, month)
