"""Members who come later: newborns, and people who join the family card."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, LiteralString

from iuran.core.children import NewbornRule, newborn_rule
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.families import NewParticipant, RegisteredParticipant, register_participant
from iuran.core.months import CoverageMonth
from iuran.payments.virtual_accounts import VirtualAccount, issue_account

BRING_UP_TO_DATE: LiteralString = """
    SELECT state FROM payable_of($1, $2, NULL, $3, true)
"""

INSERT_ENROLMENT: LiteralString = """
    INSERT INTO enrolment (family_id, membership_id, participant_id, first_month, awaits_month,
                           covered_back_to, enrolled_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

BILL_NEW_MEMBER: LiteralString = """
    SELECT bill_new_member($1, $2, $3, $4, $5)
"""


class MembershipEndedError(DomainError):
    """The membership is inactive by change; nobody joins it."""

    code: ClassVar[str] = "MEMBERSHIP_ENDED"

    def __init__(self) -> None:
        super().__init__("this membership is inactive by change; open a new one for the family")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedMember:
    """A member who came later; covered once the bill that now holds his lines is paid."""

    participant: RegisteredParticipant
    account: VirtualAccount
    first_month: CoverageMonth


async def add_newborn(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    child: NewParticipant,
    at: datetime,
) -> tuple[AddedMember, NewbornRule]:
    """Add a newborn; his months since birth come into the current month's bill.

    Perpres 82/2018 art. 16: in time (28 days) he is covered from birth once that bill is paid,
    later only from the payment. The family is not in arrears by it, and no window opens.
    Raises what `register_participant` raises, and MembershipEndedError.
    """
    rule = newborn_rule(child.birth_date, registered_on=wib_date(at))
    if child.birth_date > wib_date(at):
        raise InvalidInputError("birthDate", "a child is registered after birth")
    added = await _add(
        connection,
        (family_id, membership_id),
        child,
        first_month=rule.first_month,
        covered_back_to=child.birth_date if rule.in_time else None,
        at=at,
    )
    return added, rule


async def add_member(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    person: NewParticipant,
    at: datetime,
) -> AddedMember:
    """Add somebody who joined the family card: billed from this month, covered when paid [D].

    Raises what `register_participant` raises, and MembershipEndedError.
    """
    return await _add(
        connection,
        (family_id, membership_id),
        person,
        first_month=CoverageMonth.of(wib_date(at)),
        covered_back_to=None,
        at=at,
    )


async def _add(
    connection: Connection,
    membership: tuple[int, int],
    person: NewParticipant,
    *,
    first_month: CoverageMonth,
    covered_back_to: date | None,
    at: datetime,
) -> AddedMember:
    family_id, membership_id = membership
    state = await connection.fetchval(BRING_UP_TO_DATE, family_id, membership_id, at)
    if state == "INACTIVE_SEGMENT_CHANGE":
        raise MembershipEndedError
    today = wib_date(at)
    participant = await register_participant(connection, family_id, person, at=at)
    awaits = None if state == "PENDING" else CoverageMonth.of(today).ordinal
    await connection.execute(
        INSERT_ENROLMENT,
        family_id,
        membership_id,
        participant.participant_id,
        first_month.ordinal,
        awaits,
        covered_back_to,
        at,
    )
    if awaits is not None:
        await connection.execute(
            BILL_NEW_MEMBER,
            family_id,
            membership_id,
            participant.participant_id,
            first_month.ordinal,
            at,
        )
    account = await issue_account(
        connection, family_id, membership_id, participant=participant, issued_on=today
    )
    return AddedMember(participant=participant, account=account, first_month=first_month)
