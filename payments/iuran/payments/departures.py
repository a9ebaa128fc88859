"""Members who leave: by death, or from the family card. Two persons stand for each."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.family_changes import Verified, record_payer
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.months import CoverageMonth

BRING_UP_TO_DATE: LiteralString = """
    SELECT state FROM payable_of($1, $2, NULL, $3, true)
"""

END_ENROLMENT: LiteralString = """
    UPDATE enrolment
    SET last_month = greatest($4, CASE WHEN first_month > $8 THEN first_month - 1
                                       ELSE first_month END),
        left_on = $5, left_cause = $6, change_id = $7
    WHERE family_id = $1 AND membership_id = $2 AND participant_id = $3
      AND (last_month IS NULL OR last_month >= $4) AND left_cause IS NULL
    RETURNING participant_id
"""

CORRECT_BILLS: LiteralString = """
    SELECT correct_bills_after($1, $2, $3, $4, $5, $6, $7)
"""

SELECT_NEXT_PAYER: LiteralString = """
    SELECT p.participant_id
    FROM participant AS p
    JOIN enrolment AS e ON e.family_id = p.family_id AND e.participant_id = p.participant_id
    WHERE p.family_id = $1 AND e.left_cause IS NULL
    ORDER BY p.relation = 'SPOUSE' DESC, p.birth_date, p.participant_id
    LIMIT 1
"""

SET_PAYER: LiteralString = """
    UPDATE family SET payer_participant_id = $3
    WHERE family_id = $1 AND payer_participant_id = $2
    RETURNING payer_participant_id
"""

END_IF_EMPTY: LiteralString = """
    UPDATE membership AS m SET state = 'INACTIVE_SEGMENT_CHANGE'
    WHERE m.family_id = $1 AND m.membership_id = $2 AND m.state IN ('ACTIVE', 'SUSPENDED')
      AND NOT EXISTS (
          SELECT FROM enrolment AS e
          WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id
            AND (e.left_cause IS NULL OR (e.left_cause = 'MOVED' AND e.last_month >= $3)))
    RETURNING m.paid_through
"""

INSERT_END_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, paid_through, effective_at,
                                  recorded_at, cause)
    VALUES ($1, $2, 'INACTIVE_SEGMENT_CHANGE', $3, $4, $4, 'LAST_MEMBER_LEFT')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Who leaves a membership, on which WIB date, and the papers that say so."""

    membership_id: int
    participant_id: int
    left_on: date
    kind: ChangeKind
    reason: str


async def propose_departure(
    connection: Connection, family_id: int, departure: Departure, *, proposed_by: str, at: datetime
) -> int:
    """Record a death (DEATH) or a removal from the card (REMOVAL); return the proposal's number."""
    if departure.left_on > wib_date(at):
        raise InvalidInputError("leftOn", "report it when it has happened")
    proposal = Proposal(
        membership_id=departure.membership_id,
        kind=departure.kind,
        reason=departure.reason,
        before={"participant_id": departure.participant_id, "left_on": None},
        wanted={
            "participant_id": departure.participant_id,
            "left_on": departure.left_on.isoformat(),
        },
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_departure(
    connection: Connection,
    family_id: int,
    change_id: int,
    *,
    kind: ChangeKind,
    approved_by: str,
    at: datetime,
) -> None:
    """Let a departure take effect: billed up to its month, what was paid beyond is credit.

    A month is billed whole; later ones are taken back by negative lines. The payer's role goes to
    the spouse, or else to the oldest [D]; without members the membership ends. Raises what
    `approve` raises.
    """
    proposal = await approve(
        connection, family_id, change_id, kind=kind, approved_by=approved_by, at=at
    )
    await _leave(connection, (family_id, change_id), proposal, at=at)
    verified = Verified(
        reason=proposal.reason, asked_by=proposal.proposed_by, verified_by=approved_by
    )
    left = int(str(proposal.wanted["participant_id"]))
    await hand_over(connection, family_id, left, verified=verified, at=at)
    month = CoverageMonth.of(wib_date(at)).ordinal
    paid_through = await connection.fetchval(END_IF_EMPTY, family_id, proposal.membership_id, month)
    if paid_through is not None:
        await connection.execute(
            INSERT_END_EVENT, family_id, proposal.membership_id, paid_through, at
        )


async def hand_over(
    connection: Connection, family_id: int, left: int, *, verified: Verified, at: datetime
) -> None:
    """Make somebody else the payer if it was the one who left, and keep why."""
    successor = await connection.fetchval(SELECT_NEXT_PAYER, family_id)
    if successor is None or not await connection.fetchval(SET_PAYER, family_id, left, successor):
        return
    await record_payer(connection, family_id, str(left), successor, verified=verified, at=at)


async def _leave(
    connection: Connection, change: tuple[int, int], proposal: Proposal, *, at: datetime
) -> None:
    family_id, change_id = change
    participant_id = int(str(proposal.wanted["participant_id"]))
    left_on = date.fromisoformat(str(proposal.wanted["left_on"]))
    who = (family_id, proposal.membership_id, participant_id, CoverageMonth.of(left_on).ordinal)
    await connection.fetchval(BRING_UP_TO_DATE, family_id, proposal.membership_id, at)
    month = CoverageMonth.of(wib_date(at)).ordinal
    left = await connection.fetchval(
        END_ENROLMENT, *who, left_on, proposal.kind.value, change_id, month
    )
    if left is None:
        raise InvalidInputError("participantId", "this person is not in the membership")
    await connection.execute(CORRECT_BILLS, *who, proposal.kind.value, change_id, at)
