"""Verification of a claim: complete or not, questions, disputes, a proposal, a decision."""

from dataclasses import dataclass, replace
from datetime import date, time

from iuran.core.care.cover import cover_at
from iuran.core.care.letters import fine_standing
from iuran.core.claims.deadlines import complete_by_silence_on
from iuran.core.claims.documents import check_exclusion
from iuran.core.claims.papers import check_documents
from iuran.core.claims.records import (
    Act,
    Claim,
    ClaimKey,
    ClaimStepError,
    completed,
    locked_claim,
    take_step,
)
from iuran.core.claims.states import ClaimKind, ClaimState
from iuran.core.clock import wib_date, wib_instant
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.membership import MembershipState
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError

_END_OF_DAY = time(23, 59, 59)


class NotCoveredError(DomainError):
    """The care of a claim was not covered when it was given."""

    code = "CARE_NOT_COVERED"

    def __init__(self, why: str) -> None:
        super().__init__(f"the care was not covered: {why}; reject the claim")


class TooLateToReturnError(DomainError):
    """The days in which a claim could be called incomplete are over."""

    code = "CLAIM_COMPLETE_BY_SILENCE"

    def __init__(self, last_day: date) -> None:
        super().__init__(f"the claim was complete on {last_day:%Y-%m-%d}; ask a question instead")
        self.last_day = last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the second person says to a proposal."""

    accepts: bool


async def record_complete(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Record that a submitted or incomplete claim is complete; its payment is due from today.

    Raises DocumentsMissingError, ClaimStepError.
    """
    claim = await locked_claim(connection, key, at=act.at)
    if claim.state not in {ClaimState.SUBMITTED, ClaimState.INCOMPLETE}:
        raise ClaimStepError(claim.state, ClaimState.VERIFYING.value)
    await check_documents(connection, claim)
    return await take_step(connection, claim, completed(claim, wib_date(act.at)), act)


async def record_incomplete(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Give a claim back; `act.reason` says what is missing.

    A facility's claim only within 10 days (Peraturan BPJS Kesehatan 7/2018 art. 30); later a
    question leaves it pending. Raises TooLateToReturnError, ClaimStepError.
    """
    claim = await locked_claim(connection, key, at=act.at)
    _check_return(claim, act)
    back = replace(_undecided(claim), state=ClaimState.INCOMPLETE, complete_on=None, pay_by=None)
    return await take_step(connection, claim, back, act)


async def ask(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Leave a claim pending until its question, `act.reason`, is answered."""
    return await _move(connection, key, ClaimState.PENDING, act)


async def dispute(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Disagree with a verification or a rejection; `act.reason` says in what."""
    return await _move(connection, key, ClaimState.DISPUTED, act)


async def resume(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Verify a pending or disputed claim again, with the answer in `act.reason`.

    The days until payment do not stop meanwhile [D].
    """
    claim = await locked_claim(connection, key, at=act.at)
    if claim.state not in {ClaimState.PENDING, ClaimState.DISPUTED}:
        raise ClaimStepError(claim.state, ClaimState.VERIFYING.value)
    return await take_step(connection, claim, replace(claim, state=ClaimState.VERIFYING), act)


async def propose_approval(
    connection: Connection, key: ClaimKey, amount: Rupiah, act: Act
) -> Claim:
    """Propose to pay an amount in rupiah; another person decides.

    Raises ClaimStepError unless the claim is being verified, InvalidInputError for an amount above
    what was claimed, NotCoveredError.
    """
    claim = await _being_verified(connection, key, act)
    if not 0 < amount <= claim.amount_claimed:
        raise InvalidInputError("amount", "verify 1 rupiah up to the amount that was claimed")
    await _check_cover(connection, claim, act)
    proposed = replace(
        claim,
        proposal=ClaimState.APPROVED,
        amount_verified=amount,
        exclusion=None,
        verified_by=act.by,
    )
    return await take_step(connection, claim, proposed, act)


async def propose_rejection(
    connection: Connection, key: ClaimKey, act: Act, *, exclusion: str | None = None
) -> Claim:
    """Propose to pay nothing, perhaps for one of the 21 exclusions; another person decides.

    Raises ClaimStepError unless the claim is being verified, InvalidInputError for an exclusion
    that the law does not know.
    """
    claim = await _being_verified(connection, key, act)
    proposed = replace(
        claim,
        proposal=ClaimState.REJECTED,
        amount_verified=Rupiah(0),
        exclusion=check_exclusion(exclusion),
        verified_by=act.by,
    )
    return await take_step(connection, claim, proposed, act)


async def decide(connection: Connection, key: ClaimKey, decided: Decided, act: Act) -> Claim:
    """Accept a proposal, or send it back to be verified again.

    Raises SecondPersonError for whoever proposed it or opened the claim (held by the database),
    NothingToApproveError without a proposal.
    """
    claim = await locked_claim(connection, key, at=act.at)
    if claim.state is not ClaimState.VERIFYING or claim.proposal is None:
        raise NothingToApproveError("proposal")
    if decided.accepts:
        after = replace(claim, state=claim.proposal, decided_by=act.by)
    else:
        after = _undecided(claim)
    return await take_step(connection, claim, after, act)


def _check_return(claim: Claim, act: Act) -> None:
    if claim.submitted_on is None:
        return
    last_day = complete_by_silence_on(claim.kind, claim.submitted_on)
    if last_day is not None and wib_date(act.at) > last_day:
        raise TooLateToReturnError(last_day)


async def _move(connection: Connection, key: ClaimKey, state: ClaimState, act: Act) -> Claim:
    claim = await locked_claim(connection, key, at=act.at)
    return await take_step(connection, claim, replace(_undecided(claim), state=state), act)


def _undecided(claim: Claim) -> Claim:
    return replace(
        claim,
        proposal=None,
        amount_verified=None,
        exclusion=None,
        verified_by=None,
        decided_by=None,
    )


async def _being_verified(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    claim = await locked_claim(connection, key, at=act.at)
    if claim.state is not ClaimState.VERIFYING:
        raise ClaimStepError(claim.state, "verified")
    return claim


async def _check_cover(connection: Connection, claim: Claim, act: Act) -> None:
    if claim.letter_number is not None:
        standing = await fine_standing(connection, claim.family_id, claim.letter_number)
        if standing.is_covered_at(act.at) is False:
            raise NotCoveredError("the fine of the stay was not paid in time")
    if claim.kind is ClaimKind.REIMBURSEMENT:
        cover = await cover_at(
            connection,
            family_id=claim.family_id,
            participant_id=claim.participant_id,
            at=wib_instant(claim.served_on, _END_OF_DAY),
        )
        if cover is None or cover.state is not MembershipState.ACTIVE:
            raise NotCoveredError(f"no active membership on {claim.served_on:%Y-%m-%d}")
