"""Letters of eligibility (SEP): a hospital may treat, and the fine of the stay is fixed."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import asyncpg

from iuran.core.care.care_types import CareType
from iuran.core.care.circumstances import circumstances_of, of_person_then
from iuran.core.care.cover import Cover
from iuran.core.care.eligibility import CareRequest, Eligibility, judge
from iuran.core.care.numbers import PaperKind, next_care_number
from iuran.core.care.refusals import NotEligibleError
from iuran.core.care.stay_fines import StayFine, pay_by
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.money import Rupiah

INSERT_LETTER: LiteralString = """
    INSERT INTO eligibility_letter (family_id, letter_number, participant_id, membership_id,
                                    facility_code, care_type, care_class, is_emergency,
                                    referral_number, diagnosis_code, starts_at, starts_on,
                                    issued_at, issued_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""

INSERT_STAY_FINE: LiteralString = """
    INSERT INTO stay_fine (family_id, letter_number, debtor, amount, months, exemption,
                           window_first_day, window_last_day, fine_rate_from, estimated_tariff,
                           pay_by, assessed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

INSERT_DISCHARGE: LiteralString = """
    INSERT INTO discharge (family_id, letter_number, discharged_at, recorded_at, recorded_by)
    SELECT family_id, letter_number, $3, $4, $5
    FROM eligibility_letter
    WHERE family_id = $1 AND letter_number = $2 AND starts_at <= $3
    RETURNING letter_number
"""

SELECT_FINE: LiteralString = """
    SELECT f.debtor, CASE WHEN f.relieved_at IS NULL THEN f.amount ELSE 0 END AS amount,
           f.exemption, f.paid_at,
           least(f.pay_by, d.discharged_at) AS pay_by
    FROM stay_fine AS f
    LEFT JOIN discharge AS d ON d.family_id = f.family_id AND d.letter_number = f.letter_number
    WHERE f.family_id = $1 AND f.letter_number = $2
"""


class LetterUnknownError(DomainError):
    """The family has no such letter, or the stay began later than what is said of it."""

    code = "LETTER_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the family has no such letter of eligibility at that time")


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityLetter:
    """A letter that was issued, and what was found when it was."""

    letter_number: str
    eligibility: Eligibility
    pay_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FineStanding:
    """How the fine of a stay stands; `pay_by` is the earlier of the deadline and the discharge.

    Zero is the amount of one that the stay was relieved of.
    """

    debtor: str
    amount: Rupiah
    exemption: str | None
    pay_by: datetime
    paid_at: datetime | None

    def is_covered_at(self, at: datetime) -> bool | None:
        """Whether the stay is covered; None while there is time left to pay the fine."""
        if self.amount == 0 or self.paid_at is not None:
            return True
        return None if at <= self.pay_by else False


async def issue_letter(
    connection: Connection, request: CareRequest, *, diagnosis_code: str, by: str, at: datetime
) -> EligibilityLetter:
    """Issue a letter of eligibility (SEP) for care that starts at `request.starts_at`.

    The fine of an advanced inpatient stay is fixed with it, to be paid before the stay is covered.
    Raises NotEligibleError, FacilityUnknownError, InvalidInputError (first-level care, care to
    come, a stay without an estimated tariff, a diagnosis of the wrong form).
    """
    _check(request, at)
    request = await of_person_then(connection, request)
    found = await circumstances_of(connection, request)
    eligibility = judge(request, found)
    if found.cover is None or eligibility.fine is None or not eligibility.is_eligible:
        raise NotEligibleError(eligibility)
    number = await next_care_number(
        connection,
        PaperKind.LETTER,
        family_id=request.family_id,
        facility_code=request.facility_code,
        on=request.starts_on,
    )
    await _insert(connection, _LetterRow(number, request, found.cover, diagnosis_code, by), at)
    letter = EligibilityLetter(
        letter_number=number, eligibility=eligibility, pay_by=pay_by(request.starts_at)
    )
    await _insert_fine(connection, request, letter, eligibility.fine, at)
    return letter


def _check(request: CareRequest, at: datetime) -> None:
    if not request.care_type.is_advanced:
        raise InvalidInputError("careType", "a letter of eligibility is for advanced care")
    if request.starts_at > at:
        raise InvalidInputError("startsAt", "a letter is issued when the care begins, not before")
    if request.care_type is CareType.RITL and request.estimated_tariff <= 0:
        raise InvalidInputError("estimatedTariff", "estimate the package tariff of the stay")


@dataclass(frozen=True, slots=True)
class _LetterRow:
    number: str
    request: CareRequest
    cover: Cover
    diagnosis_code: str
    by: str


async def _insert(connection: Connection, row: _LetterRow, at: datetime) -> None:
    request = row.request
    try:
        await connection.execute(
            INSERT_LETTER,
            request.family_id,
            row.number,
            request.participant_id,
            row.cover.membership_id,
            request.facility_code,
            request.care_type.value,
            int(row.cover.care_class),
            request.is_emergency,
            None if request.is_emergency else request.referral_number,
            row.diagnosis_code,
            request.starts_at,
            request.starts_on,
            at,
            row.by,
        )
    except asyncpg.CheckViolationError as error:
        raise InvalidInputError("diagnosisCode", "write a code of ICD-10 such as E11.9") from error


async def _insert_fine(
    connection: Connection,
    request: CareRequest,
    letter: EligibilityLetter,
    found: StayFine,
    at: datetime,
) -> None:
    await connection.execute(
        INSERT_STAY_FINE,
        request.family_id,
        letter.letter_number,
        found.debtor.value,
        found.fine.amount,
        found.fine.months,
        None if found.exemption is None else found.exemption.value,
        None if found.window is None else found.window.first_day,
        None if found.window is None else found.window.last_day,
        None if found.fine.rate is None else found.fine.rate.effective_from,
        request.estimated_tariff,
        letter.pay_by,
        at,
    )


async def discharge(
    connection: Connection,
    family_id: int,
    letter_number: str,
    *,
    discharged_at: datetime,
    by: str,
    at: datetime,
) -> None:
    """Record the end of a stay; a fine cannot be paid after it.

    Raises LetterUnknownError, also for an end before the beginning, AlreadyRegisteredError.
    """
    try:
        done = await connection.fetchval(
            INSERT_DISCHARGE, family_id, letter_number, discharged_at, at, by
        )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("discharge") from error
    if done is None:
        raise LetterUnknownError


async def fine_standing(connection: Connection, family_id: int, letter_number: str) -> FineStanding:
    """Return how the fine of a stay stands; raises LetterUnknownError."""
    row = await connection.fetchrow(SELECT_FINE, family_id, letter_number)
    if row is None:
        raise LetterUnknownError
    return FineStanding(
        debtor=row["debtor"],
        amount=Rupiah(row["amount"]),
        exemption=row["exemption"],
        pay_by=row["pay_by"],
        paid_at=row["paid_at"],
    )
