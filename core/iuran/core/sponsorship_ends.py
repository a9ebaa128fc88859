"""Taking somebody off a government's list: one person proposes, another approves."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.governments import NotSponsoredError, Removal, end_sponsorship
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.months import CoverageMonth

SELECT_RUNNING: LiteralString = """
    SELECT s.segment, p.region
    FROM sponsorship AS p
    JOIN membership AS s ON s.family_id = p.family_id AND s.membership_id = p.membership_id
    WHERE p.family_id = $1 AND p.membership_id = $2 AND p.last_month IS NULL
      AND s.state = 'ACTIVE'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SponsorshipEnd:
    """A membership that a government ceases to pay for behind a month, and why."""

    membership_id: int
    last_month: CoverageMonth
    reason: str


async def propose_end(
    connection: Connection, family_id: int, end: SponsorshipEnd, *, proposed_by: str, at: datetime
) -> int:
    """Propose that a government pays through this month or a later one; return the number.

    Raises NotSponsoredError for a membership without a sponsorship that goes on, InvalidInputError
    for a month that has closed.
    """
    running = await connection.fetchrow(SELECT_RUNNING, family_id, end.membership_id)
    if running is None:
        raise NotSponsoredError
    if end.last_month < CoverageMonth.of(wib_date(at)):
        raise InvalidInputError("lastMonth", "a sponsorship ends with this month or a later one")
    proposal = Proposal(
        membership_id=end.membership_id,
        kind=ChangeKind.SPONSORSHIP_END,
        reason=end.reason,
        before=dict(running),
        wanted={"last_month": str(end.last_month)},
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_end(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> CoverageMonth:
    """Let a sponsorship end with the month that was proposed; return it.

    The state moved them: no debt, and no fine window [D]. Who is to pay for himself from the next
    month on asks with `move_to_self_paid`. Raises what `approve` and `end_sponsorship` raise; a
    proposal whose month has closed meanwhile has to be made anew.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.SPONSORSHIP_END,
        approved_by=approved_by,
        at=at,
    )
    removal = Removal(
        family_id=family_id,
        membership_id=proposal.membership_id,
        last_month=CoverageMonth.parse(str(proposal.wanted["last_month"])),
        reason=proposal.reason,
        proposed_by=proposal.proposed_by,
        approved_by=approved_by,
    )
    await end_sponsorship(connection, removal, at=at)
    return removal.last_month
