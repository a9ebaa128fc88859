"""Who may move to which family: what is locked, brought up to date and looked at before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString, Self

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.enrolment import AlreadyInsuredError
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter

SELECT_INSURED: LiteralString = """
    SELECT e.participant_id, e.membership_id, s.payer, e.first_month
    FROM enrolment AS e
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    JOIN segment AS s ON s.segment = m.segment
    WHERE e.family_id = $1 AND e.participant_id = ANY ($2::bigint[])
      AND (e.last_month IS NULL OR e.last_month > $3) AND e.left_cause IS NULL
      AND m.state <> 'INACTIVE_SEGMENT_CHANGE'
    ORDER BY e.participant_id, e.membership_id
    LIMIT 200
"""

SELECT_SELF_PAID: LiteralString = """
    SELECT m.membership_id
    FROM membership AS m
    JOIN segment AS s ON s.segment = m.segment AND s.payer = 'FAMILY'
    WHERE m.family_id = $1 AND m.state <> 'INACTIVE_SEGMENT_CHANGE'
    ORDER BY m.membership_id DESC
    LIMIT 1
"""

LOCK_MEMBERSHIPS: LiteralString = """
    SELECT family_id, membership_id, segment, care_class, previous_care_class, class_since, plan_id
    FROM membership
    WHERE (family_id, membership_id) IN (($1::bigint, $2::bigint), ($3::bigint, $4::bigint))
    ORDER BY family_id, membership_id
    FOR NO KEY UPDATE
"""

LOCK_FAMILIES: LiteralString = """
    SELECT family_id FROM family WHERE family_id = ANY ($1::bigint[])
    ORDER BY family_id
    FOR NO KEY UPDATE
"""

BRING_UP_TO_DATE: LiteralString = """
    SELECT state, arrears_months FROM payable_of($1, $2, NULL, $3, true)
"""

SELECT_MANDATE: LiteralString = """
    SELECT p.participant_id
    FROM participant AS p
    JOIN autodebit_mandate AS a
      ON a.family_id = p.family_id AND a.customer_number = right(p.card_number, 11)
     AND a.revoked_at IS NULL
    WHERE p.family_id = $1 AND p.participant_id = ANY ($2::bigint[])
    LIMIT 1
"""


class CannotMoveError(DomainError):
    """Somebody cannot leave his family card now, or the other family cannot take him in."""

    code: ClassVar[str] = "CANNOT_MOVE"

    def __init__(self, why: str) -> None:
        super().__init__(why)


class MoveInArrearsError(DomainError):
    """A month closed unpaid in the family that is left or joined; that comes first [D]."""

    code: ClassVar[str] = "MOVE_IN_ARREARS"

    def __init__(self, family_id: int, months: int) -> None:
        super().__init__(
            f"family {family_id} is {months} months in arrears; pay that first, or in steps (REHAB)"
        )
        self.family_id = family_id
        self.months = months


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A membership that pays for itself, locked: one that is left or joined."""

    family_id: int
    membership_id: int
    segment: str
    care_class: int
    previous_care_class: int | None
    class_since: date
    plan_id: int | None

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(**dict(row.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """The membership that people leave, and the one that they join if it is there already."""

    left: Membership
    joined: Membership | None


async def find_homes(
    connection: Connection,
    family_id: int,
    people: Sequence[int],
    *,
    to_family_id: int | None,
    at: datetime,
) -> Homes:
    """Lock both memberships, bring them up to date and check that people may move between them.

    Memberships are locked in the order of the families and the families behind them, so that two
    moves in opposite directions take turns. Raises what `propose_move` names.
    """
    left_id = await _insured_in(connection, family_id, people, at)
    joined_id = None
    if to_family_id is not None:
        joined_id = await connection.fetchval(SELECT_SELF_PAID, to_family_id)
        if joined_id is None:
            raise CannotMoveError(
                f"family {to_family_id} does not pay for itself; register it or move it first"
            )
    rows = await connection.fetch(
        LOCK_MEMBERSHIPS, family_id, left_id, to_family_id or family_id, joined_id or left_id
    )
    await connection.execute(LOCK_FAMILIES, [family_id, to_family_id or family_id])
    found = {one.family_id: one for one in map(Membership.of, rows)}
    homes = Homes(
        left=found[family_id], joined=None if to_family_id is None else found[to_family_id]
    )
    await _check_left(connection, homes.left, people, at)
    if homes.joined is not None:
        await _check_standing(connection, homes.joined, at, arrears_max=0)
    return homes


async def _check_left(
    connection: Connection, left: Membership, people: Sequence[int], at: datetime
) -> None:
    arrears_max = parameter("family_move_arrears_max", wib_date(at))
    await _check_standing(connection, left, at, arrears_max=arrears_max)
    if await _insured_in(connection, left.family_id, people, at) != left.membership_id:
        raise InvalidInputError("people", "their membership has changed meanwhile; look again")
    holder = await connection.fetchval(SELECT_MANDATE, left.family_id, list(people))
    if holder is not None:
        raise CannotMoveError(
            f"the bank debits the number of participant {holder} for the family that is left; "
            "revoke that mandate first"
        )


async def _insured_in(
    connection: Connection, family_id: int, people: Sequence[int], at: datetime
) -> int:
    """Return the one self-paid membership that all of them are in beyond this month."""
    month = CoverageMonth.of(wib_date(at)).ordinal
    rows = await connection.fetch(SELECT_INSURED, family_id, list(people), month)
    found = {row["participant_id"]: row for row in rows}
    if missing := set(people) - set(found):
        raise InvalidInputError("people", f"participant {min(missing)} is not insured here")
    if len(rows) > len(found):
        raise AlreadyInsuredError(min(found))
    if any(row["payer"] != "FAMILY" for row in rows):
        raise CannotMoveError(
            "an employer or the state pays for one of them: that cover stays as it is, whatever"
            " the family card says; move him when the family pays for him"
        )
    if any(row["first_month"] > month for row in rows):
        raise CannotMoveError("one of them is on the way here; he can move on from the 1st")
    memberships = {row["membership_id"] for row in rows}
    if len(memberships) > 1:
        raise InvalidInputError("people", "they are in different memberships; move them apart")
    return int(memberships.pop())


async def _check_standing(
    connection: Connection, membership: Membership, at: datetime, *, arrears_max: int
) -> None:
    key = (membership.family_id, membership.membership_id)
    if membership.plan_id is not None:
        raise CannotMoveError(
            f"family {membership.family_id} pays its arrears in steps; that ends first"
        )
    stand = await connection.fetchrow(BRING_UP_TO_DATE, *key, at)
    if stand is None or stand["state"] not in {"ACTIVE", "SUSPENDED"}:
        raise CannotMoveError(
            f"family {membership.family_id} has not begun: it makes its first payment first"
        )
    if stand["arrears_months"] > arrears_max:
        raise MoveInArrearsError(membership.family_id, stand["arrears_months"])
