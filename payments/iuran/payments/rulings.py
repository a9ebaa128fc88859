"""Rulings that take a rate back: a month that was billed is billed again at the new figure."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.manual_changes import ChangeKind, Proposal, approve, propose
from iuran.core.months import CoverageMonth

BRING_UP_TO_DATE: LiteralString = """
    SELECT state FROM payable_of($1, $2, NULL, $3, true)
"""

REBILL_MONTH: LiteralString = """
    SELECT rebill_month($1, $2, $3, $4, $5)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The month whose rate was taken back, and the decision that did it."""

    month: CoverageMonth
    reason: str


async def propose_ruling(
    connection: Connection,
    family_id: int,
    membership_id: int,
    ruling: Ruling,
    *,
    proposed_by: str,
    at: datetime,
) -> int:
    """Propose that a month is billed again at the rate that the regulation now has for it."""
    proposal = Proposal(
        membership_id=membership_id,
        kind=ChangeKind.RATE_RULING,
        reason=ruling.reason,
        before={"coverage_month": str(ruling.month)},
        wanted={"coverage_month": str(ruling.month)},
        proposed_by=proposed_by,
        proposed_at=at,
    )
    return await propose(connection, family_id, proposal)


async def approve_ruling(
    connection: Connection, family_id: int, change_id: int, *, approved_by: str, at: datetime
) -> bool:
    """Bill the month again; what was paid beyond the new figure becomes credit.

    MA 7P/HUM/2020 for April 2020: the rate is a row of the regulation, already corrected; other
    months are not touched. Who was billed for the month later, as a newborn, is so again as well.
    A ruling makes no month dearer [D]. False if the bill has the right figure. Raises what
    `approve` raises.
    """
    proposal = await approve(
        connection,
        family_id,
        change_id,
        kind=ChangeKind.RATE_RULING,
        approved_by=approved_by,
        at=at,
    )
    membership_id = proposal.membership_id
    month = CoverageMonth.parse(str(proposal.wanted["coverage_month"]))
    await connection.fetchval(BRING_UP_TO_DATE, family_id, membership_id, at)
    return bool(
        await connection.fetchval(
            REBILL_MONTH, family_id, membership_id, month.ordinal, change_id, at
        )
    )
