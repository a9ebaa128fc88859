"""Membership: the state in which a family's insurance is, and how it came to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth

SELECT_EVENTS: LiteralString = """
    SELECT membership_id, state, effective_at, recorded_at, cause
    FROM membership_event
    WHERE family_id = $1
    ORDER BY effective_at DESC, event_id DESC
    LIMIT 500
"""

SUSPEND_UNPAID: LiteralString = """
    SELECT suspend_unpaid($1, $2, $3, $4)
"""


class MembershipState(StrEnum):
    """Whether care is covered. Overdue and in arrears are states of bills, not of this."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    INACTIVE_SEGMENT_CHANGE = "INACTIVE_SEGMENT_CHANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipEvent:
    """One change: since when it holds, when we noted it, and why."""

    membership_id: int
    state: MembershipState
    effective_at: datetime
    recorded_at: datetime
    cause: str


def state_in(
    state: MembershipState, paid_through: CoverageMonth | None, month: CoverageMonth
) -> MembershipState:
    """Return the state in a month: unpaid at a month's end suspends from the 1st of the next.

    Perpres 82/2018 art. 42(1). It holds from that instant, whether or not the run has noted it.
    """
    if paid_through is None or state not in {MembershipState.ACTIVE, MembershipState.SUSPENDED}:
        return state
    is_suspended = paid_through < month.plus(-1)
    return MembershipState.SUSPENDED if is_suspended else MembershipState.ACTIVE


async def events_of(connection: Connection, family_id: int) -> tuple[MembershipEvent, ...]:
    """Return what happened to a family's memberships, the newest first."""
    return tuple(
        MembershipEvent(
            membership_id=row["membership_id"],
            state=MembershipState(row["state"]),
            effective_at=row["effective_at"],
            recorded_at=row["recorded_at"],
            cause=row["cause"],
        )
        for row in await connection.fetch(SELECT_EVENTS, family_id)
    )


async def suspend_unpaid(
    connection: Connection,
    *,
    family_from: int,
    family_to: int,
    at: datetime,
    month: CoverageMonth | None = None,
) -> int:
    """Suspend the memberships of a range whose month closed unpaid; return how many.

    A month closed if it lies before `month`, by default that of `at`; whoever makes up for a
    standstill goes month by month, behind what credit paid. Safe to run twice and at the same time.
    Give it a transaction without other locks in it.
    """
    month = month or CoverageMonth.of(wib_date(at))
    return int(await connection.fetchval(SUSPEND_UNPAID, family_from, family_to, month.ordinal, at))
