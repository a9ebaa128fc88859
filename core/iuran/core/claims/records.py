"""A claim as it is stored, its history, and the one way to change its state."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import LiteralString, Self

import asyncpg

from iuran.core.care.care_types import CareType
from iuran.core.claims.deadlines import complete_by_silence_on, pay_by
from iuran.core.claims.states import ClaimKind, ClaimState, may_become
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError

SILENCE = "SILENCE"
"""Who acts when nobody does: deadlines."""

SELECT_CLAIM: LiteralString = """
    SELECT family_id, claim_id, participant_id, kind, care_type, is_emergency, facility_code,
           letter_number, visit_number, served_on, expires_on, amount_claimed, state, opened_by,
           submitted_on, complete_on, pay_by, proposal, amount_verified, exclusion, verified_by,
           decided_by
    FROM claim
    WHERE family_id = $1 AND claim_id = $2
"""

SELECT_CLAIM_LOCKED: LiteralString = """
    SELECT family_id, claim_id, participant_id, kind, care_type, is_emergency, facility_code,
           letter_number, visit_number, served_on, expires_on, amount_claimed, state, opened_by,
           submitted_on, complete_on, pay_by, proposal, amount_verified, exclusion, verified_by,
           decided_by
    FROM claim
    WHERE family_id = $1 AND claim_id = $2
    FOR NO KEY UPDATE
"""

UPDATE_CLAIM: LiteralString = """
    UPDATE claim
    SET state = $3, submitted_on = $4, complete_on = $5, pay_by = $6, proposal = $7,
        amount_verified = $8, exclusion = $9, verified_by = $10, decided_by = $11
    WHERE family_id = $1 AND claim_id = $2
"""

INSERT_EVENT: LiteralString = """
    WITH noted AS (
        INSERT INTO claim_event (family_id, claim_id, was, state, proposal, amount_verified, reason,
                                 by_whom, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING family_id, claim_id, was, state, at
    )
    INSERT INTO outbox (family_id, kind, payload, occurred_at)
    SELECT n.family_id, 'claim.moved',
           jsonb_build_object('claim_id', n.claim_id, 'state', n.state, 'day', c.served_on), n.at
    FROM noted AS n
    JOIN claim AS c ON c.family_id = n.family_id AND c.claim_id = n.claim_id
    WHERE c.kind = 'REIMBURSEMENT' AND n.was <> n.state  -- a family's own claim
"""

SELECT_HISTORY: LiteralString = """
    SELECT was, state, proposal, amount_verified, reason, by_whom, at
    FROM claim_event
    WHERE family_id = $1 AND claim_id = $2
    ORDER BY event_id
    LIMIT 500
"""


class ClaimUnknownError(DomainError):
    """The family has no such claim."""

    code = "CLAIM_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the family has no such claim; look it up again")


class ClaimStepError(DomainError):
    """A claim cannot take this step from where it stands."""

    code = "CLAIM_STEP_IMPOSSIBLE"

    def __init__(self, state: ClaimState, to: str) -> None:
        super().__init__(f"a claim that is {state.value} cannot become {to}")
        self.state = state
        self.to = to


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimKey:
    """Which claim: its family and its number in it."""

    family_id: int
    claim_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim; amounts in rupiah, days in WIB. Nothing is paid above `amount_verified`."""

    family_id: int
    claim_id: int
    participant_id: int
    kind: ClaimKind
    care_type: CareType
    is_emergency: bool
    facility_code: str
    letter_number: str | None
    visit_number: str | None
    served_on: date
    expires_on: date
    amount_claimed: Rupiah
    state: ClaimState
    opened_by: str
    submitted_on: date | None
    complete_on: date | None
    pay_by: date | None
    proposal: ClaimState | None
    amount_verified: Rupiah | None
    exclusion: str | None
    verified_by: str | None
    decided_by: str | None

    @property
    def key(self) -> ClaimKey:
        """Which claim it is."""
        return ClaimKey(family_id=self.family_id, claim_id=self.claim_id)

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        values = dict(row.items())
        verified, proposal = row["amount_verified"], row["proposal"]
        values |= {
            "kind": ClaimKind(row["kind"]),
            "care_type": CareType(row["care_type"]),
            "state": ClaimState(row["state"]),
            "proposal": None if proposal is None else ClaimState(proposal),
            "amount_claimed": Rupiah(row["amount_claimed"]),
            "amount_verified": None if verified is None else Rupiah(verified),
        }
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEvent:
    """What happened to a claim: who, when, why, and what it was before."""

    was: ClaimState | None
    state: ClaimState
    proposal: ClaimState | None
    amount_verified: Rupiah | None
    reason: str
    by_whom: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who does something, why, and when."""

    by: str
    reason: str
    at: datetime


def on_date(claim: Claim, today: date) -> Claim:
    """Return a claim as it stands on a WIB date, whether or not the deadline run has come by.

    Submitted and 10 days of silence later it is complete (Peraturan BPJS Kesehatan 7/2018
    art. 30); not submitted, or not completed, within 6 months of the service it is expired [M].
    """
    if claim.state in {ClaimState.DRAFT, ClaimState.INCOMPLETE} and today > claim.expires_on:
        return replace(claim, state=ClaimState.EXPIRED)
    if claim.state is not ClaimState.SUBMITTED or claim.submitted_on is None:
        return claim
    complete_on = complete_by_silence_on(claim.kind, claim.submitted_on)
    if complete_on is None or today <= complete_on:
        return claim
    return completed(claim, complete_on)


def completed(claim: Claim, complete_on: date) -> Claim:
    """Return the claim as complete on a day, with its last day of payment."""
    due = pay_by(claim.kind, claim.care_type, complete_on=complete_on)
    return replace(claim, state=ClaimState.VERIFYING, complete_on=complete_on, pay_by=due)


async def claim_of(connection: Connection, key: ClaimKey, *, today: date) -> Claim:
    """Return a claim as it stands on a WIB date; raises ClaimUnknownError."""
    row = await connection.fetchrow(SELECT_CLAIM, key.family_id, key.claim_id)
    if row is None:
        raise ClaimUnknownError
    return on_date(Claim.of(row), today)


async def locked_claim(connection: Connection, key: ClaimKey, *, at: datetime) -> Claim:
    """Lock a claim, and record first what a deadline has made of it; raises ClaimUnknownError."""
    row = await connection.fetchrow(SELECT_CLAIM_LOCKED, key.family_id, key.claim_id)
    if row is None:
        raise ClaimUnknownError
    stored = Claim.of(row)
    claim = on_date(stored, wib_date(at))
    if claim is not stored:
        await take_step(connection, stored, claim, Act(by=SILENCE, reason="deadline", at=at))
    return claim


async def take_step(connection: Connection, was: Claim, claim: Claim, act: Act) -> Claim:
    """Store what a locked claim became, with who, when, why and what it was.

    Raises ClaimStepError for an impossible step, SecondPersonError when the one who decides took
    part before.
    """
    if not may_become(was.state, claim.state):
        raise ClaimStepError(was.state, claim.state)
    try:
        await _update(connection, claim)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "claim_decided_by_another":
            raise
        raise SecondPersonError(act.by) from error
    await connection.execute(
        INSERT_EVENT,
        claim.family_id,
        claim.claim_id,
        was.state.value,
        claim.state.value,
        claim.proposal,
        claim.amount_verified,
        act.reason,
        act.by,
        act.at,
    )
    return claim


async def _update(connection: Connection, claim: Claim) -> None:
    await connection.execute(
        UPDATE_CLAIM,
        claim.family_id,
        claim.claim_id,
        claim.state.value,
        claim.submitted_on,
        claim.complete_on,
        claim.pay_by,
        claim.proposal,
        claim.amount_verified,
        claim.exclusion,
        claim.verified_by,
        claim.decided_by,
    )


async def history_of(connection: Connection, key: ClaimKey) -> tuple[ClaimEvent, ...]:
    """Return what happened to a claim, the oldest first."""
    return tuple(
        ClaimEvent(
            was=None if row["was"] is None else ClaimState(row["was"]),
            state=ClaimState(row["state"]),
            proposal=None if row["proposal"] is None else ClaimState(row["proposal"]),
            amount_verified=row["amount_verified"],
            reason=row["reason"],
            by_whom=row["by_whom"],
            at=row["at"],
        )
        for row in await connection.fetch(SELECT_HISTORY, key.family_id, key.claim_id)
    )
