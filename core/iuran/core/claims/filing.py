"""Filing a claim: open a draft, add documents, submit it in time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import LiteralString

import asyncpg

from iuran.core.care.care_types import CareType
from iuran.core.claims.deadlines import expires_on
from iuran.core.claims.records import (
    INSERT_EVENT,
    Act,
    Claim,
    ClaimKey,
    locked_claim,
    take_step,
)
from iuran.core.claims.states import ClaimKind, ClaimState
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.facilities.registry import check_facility_code
from iuran.core.money import Rupiah

INSERT_CLAIM: LiteralString = """
    INSERT INTO claim (family_id, participant_id, kind, care_type, is_emergency, facility_code,
                       letter_number, visit_number, served_on, expires_on, amount_claimed,
                       opened_by, opened_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    RETURNING family_id, claim_id
"""

SELECT_LETTER: LiteralString = """
    SELECT participant_id, facility_code, care_type, is_emergency, starts_on, true AS is_away
    FROM eligibility_letter
    WHERE family_id = $1 AND letter_number = $2
"""

SELECT_VISIT: LiteralString = """
    SELECT participant_id, facility_code, care_type, is_emergency, visited_on AS starts_on,
           is_away
    FROM facility_visit
    WHERE family_id = $1 AND visit_number = $2
"""


class PaperUnknownError(DomainError):
    """The letter of eligibility or the visit is not known in this family."""

    code = "CARE_NUMBER_UNKNOWN"

    def __init__(self, care_number: str) -> None:
        super().__init__(f"the family has no letter or visit {care_number}")
        self.care_number = care_number


class ServedLaterError(DomainError):
    """A claim is for care that was given, not for care to come or before its letter."""

    code = "CARE_NOT_GIVEN_YET"

    def __init__(self, served_on: date) -> None:
        super().__init__(f"{served_on:%Y-%m-%d} is no day on which the care can have been given")
        self.served_on = served_on


class CoveredByCapitationError(DomainError):
    """Outpatient care of people registered with the facility is what capitation pays for."""

    code = "COVERED_BY_CAPITATION"

    def __init__(self, care_number: str) -> None:
        super().__init__(
            f"{care_number} is outpatient care at the patient's own FKTP, which its capitation "
            "pays for; claim inpatient care, or care of those registered elsewhere"
        )
        self.care_number = care_number


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFacilityClaim:
    """A facility's claim for care under a letter of eligibility or a visit, in rupiah."""

    family_id: int
    care_number: str
    served_on: date
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReimbursement:
    """A participant's claim for care that he paid himself, in rupiah."""

    family_id: int
    participant_id: int
    facility_code: str
    care_type: CareType
    served_on: date
    amount: Rupiah
    is_emergency: bool = False
    letter_number: str | None = None


async def open_facility_claim(
    connection: Connection, claim: NewFacilityClaim, *, by: str, at: datetime
) -> ClaimKey:
    """Open the draft of a facility's claim; return its key.

    The paper says who was treated, where and how. Raises PaperUnknownError, ServedLaterError,
    AlreadyRegisteredError when the care is claimed already, CoveredByCapitationError for what is
    no non-capitation care.
    """
    letter = await connection.fetchrow(SELECT_LETTER, claim.family_id, claim.care_number)
    paper = letter or await connection.fetchrow(SELECT_VISIT, claim.family_id, claim.care_number)
    if paper is None:
        raise PaperUnknownError(claim.care_number)
    if paper["care_type"] == CareType.RJTP and not paper["is_away"]:
        raise CoveredByCapitationError(claim.care_number)
    if claim.served_on < paper["starts_on"]:
        raise ServedLaterError(claim.served_on)
    _check(claim.served_on, claim.amount, at)
    return await _insert(
        connection,
        (
            claim.family_id,
            paper["participant_id"],
            ClaimKind.FACILITY.value,
            paper["care_type"],
            paper["is_emergency"],
            paper["facility_code"],
            claim.care_number if letter else None,
            None if letter else claim.care_number,
            claim.served_on,
            expires_on(claim.served_on),
            claim.amount,
        ),
        by,
        at,
    )


async def open_reimbursement(
    connection: Connection, claim: NewReimbursement, *, by: str, at: datetime
) -> ClaimKey:
    """Open the draft of a participant's own claim; return its key.

    Raises ServedLaterError, AlreadyRegisteredError when the letter is claimed already, and
    InvalidInputError.
    """
    check_facility_code(claim.facility_code)
    _check(claim.served_on, claim.amount, at)
    return await _insert(
        connection,
        (
            claim.family_id,
            claim.participant_id,
            ClaimKind.REIMBURSEMENT.value,
            claim.care_type.value,
            claim.is_emergency,
            claim.facility_code,
            claim.letter_number,
            None,
            claim.served_on,
            expires_on(claim.served_on),
            claim.amount,
        ),
        by,
        at,
    )


def _check(served_on: date, amount: Rupiah, at: datetime) -> None:
    if amount <= 0:
        raise InvalidInputError("amount", "claim more than zero rupiah")
    if served_on > wib_date(at):
        raise ServedLaterError(served_on)


async def _insert(
    connection: Connection, values: Sequence[object], by: str, at: datetime
) -> ClaimKey:
    try:
        row = await connection.fetchrow(INSERT_CLAIM, *values, by, at)
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("claim") from error
    except asyncpg.ForeignKeyViolationError as error:
        # Only a participant's claim states its letter unread; a facility's was found by it.
        raise InvalidInputError("letterNumber", "the participant has no such letter") from error
    assert row is not None  # noqa: S101 - INSERT ... RETURNING yields its row
    key = ClaimKey(family_id=row["family_id"], claim_id=row["claim_id"])
    draft = ClaimState.DRAFT.value
    await connection.execute(
        INSERT_EVENT, key.family_id, key.claim_id, None, draft, None, None, "opened", by, at
    )
    return key


async def submit(connection: Connection, key: ClaimKey, act: Act) -> Claim:
    """Submit a draft; the verifier has to say within 10 days what is missing.

    Raises ClaimStepError, also after the six months, and ClaimUnknownError.
    """
    claim = await locked_claim(connection, key, at=act.at)
    submitted = replace(claim, state=ClaimState.SUBMITTED, submitted_on=wib_date(act.at))
    return await take_step(connection, claim, submitted, act)
