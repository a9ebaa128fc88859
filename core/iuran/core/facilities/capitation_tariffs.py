"""What is agreed with a first-level facility for each participant and month ("tarif kapitasi")."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.facilities.home import NotFirstLevelError
from iuran.core.facilities.registry import FacilityLevel, facility_of
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.core.regulation.capitation import CapitationRange, capitation_range
from iuran.core.second_person import NothingToApproveError, SecondPersonError

INSERT_TARIFF: LiteralString = """
    INSERT INTO capitation_tariff (facility_code, first_month, amount, reason, recorded_by,
                                   recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

APPROVE_TARIFF: LiteralString = """
    UPDATE capitation_tariff SET approved_by = $3, approved_at = $4
    WHERE facility_code = $1 AND first_month = $2 AND approved_by IS NULL
    RETURNING facility_code
"""


class TariffOutOfRangeError(DomainError):
    """The regulation bounds what can be agreed with this kind of facility."""

    code: ClassVar[str] = "CAPITATION_OUT_OF_RANGE"

    def __init__(self, bounds: CapitationRange) -> None:
        super().__init__(
            f"the capitation of a {bounds.kind} is {formatted(bounds.amount_min)} to "
            f"{formatted(bounds.amount_max)} for each participant ({bounds.legal_basis})"
        )
        self.bounds = bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitationTariff:
    """Rupiah for each registered participant from a month on, until the next tariff."""

    facility_code: str
    first_month: CoverageMonth
    amount: Rupiah
    reason: str


async def propose_tariff(
    connection: Connection, tariff: CapitationTariff, *, by: str, at: datetime
) -> None:
    """Write a tariff; it has no effect before `approve_tariff`.

    Raises TariffOutOfRangeError, NotFirstLevelError, FacilityUnknownError, AlreadyRegisteredError
    for a second tariff from the same month, InvalidInputError for a blank reason or name.
    """
    for field, text in (("reason", tariff.reason), ("by", by)):
        if not text.strip():
            raise InvalidInputError(field, "say who proposes the tariff, and why")
    facility = await facility_of(connection, tariff.facility_code, on=wib_date(at))
    if facility.level is not FacilityLevel.FKTP:
        raise NotFirstLevelError(tariff.facility_code)
    bounds = capitation_range(facility.kind, tariff.first_month)
    if not bounds.amount_min <= tariff.amount <= bounds.amount_max:
        raise TariffOutOfRangeError(bounds)
    try:
        async with connection.transaction():  # a savepoint
            await connection.execute(
                INSERT_TARIFF,
                tariff.facility_code,
                tariff.first_month.ordinal,
                tariff.amount,
                tariff.reason,
                by,
                at,
            )
    except asyncpg.UniqueViolationError as error:
        raise AlreadyRegisteredError("firstMonth") from error
    subject = _subject_of(tariff.facility_code, tariff.first_month)
    await waits(connection, subject, reason=tariff.reason, by=by, at=at, amount=tariff.amount)


async def approve_tariff(
    connection: Connection,
    facility_code: str,
    *,
    first_month: CoverageMonth,
    by: str,
    at: datetime,
) -> None:
    """Put a tariff into force; statements that are paid already keep theirs.

    Raises SecondPersonError for the person who wrote it, NothingToApproveError if none waits.
    """
    try:
        async with connection.transaction():  # a savepoint
            done = await connection.fetchval(
                APPROVE_TARIFF, facility_code, first_month.ordinal, by, at
            )
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "capitation_tariff_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    if done is None:
        raise NothingToApproveError("tariff")
    await waits_no_more(connection, _subject_of(facility_code, first_month))


def _subject_of(facility_code: str, first_month: CoverageMonth) -> Subject:
    return Subject(kind=ApprovalKind.CAPITATION_TARIFF, number=f"{facility_code}/{first_month}")
