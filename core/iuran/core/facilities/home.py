"""The home FKTP ("FKTP terdaftar"): where a participant goes first, and how he changes it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError
from iuran.core.facilities.registry import FacilityLevel, facility_of
from iuran.core.months import CoverageMonth, months_after
from iuran.core.regulation.rates import parameter

LOCK_PARTICIPANT: LiteralString = """
    SELECT participant_id FROM participant
    WHERE family_id = $1 AND participant_id = $2
    FOR NO KEY UPDATE
"""

SELECT_HOME: LiteralString = """
    SELECT facility_code, first_day, reason
    FROM home_facility
    WHERE family_id = $1 AND participant_id = $2 AND first_day <= $3
    ORDER BY first_day DESC, registration_id DESC
    LIMIT 1
"""

SELECT_NEWEST_HOME: LiteralString = """
    SELECT facility_code, first_day, reason
    FROM home_facility
    WHERE family_id = $1 AND participant_id = $2
    ORDER BY first_day DESC, registration_id DESC
    LIMIT 1
"""

INSERT_HOME: LiteralString = """
    INSERT INTO home_facility (family_id, participant_id, facility_code, first_day, reason,
                               recorded_at, recorded_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class ChangeReason(StrEnum):
    """Why a participant is registered where he is. All but the first two need no three months."""

    FIRST_CHOICE = "FIRST_CHOICE"
    OWN_WISH = "OWN_WISH"
    MOVED_HOUSE = "MOVED_HOUSE"
    POSTED = "POSTED"
    REDISTRIBUTION = "REDISTRIBUTION"


EXCEPTIONS = (ChangeReason.MOVED_HOUSE, ChangeReason.POSTED, ChangeReason.REDISTRIBUTION)


class TooSoonToChangeError(DomainError):
    """The participant has not been long enough in his present FKTP."""

    code = "FACILITY_CHANGE_TOO_SOON"

    def __init__(self, possible_from: date) -> None:
        super().__init__(
            f"the FKTP can change from {possible_from:%Y-%m-%d}; sooner only after moving house, "
            "a posting or a redistribution"
        )
        self.possible_from = possible_from


class NotFirstLevelError(DomainError):
    """A home facility has to be a partner of the first level."""

    code = "NOT_A_FIRST_LEVEL_PARTNER"

    def __init__(self, facility_code: str) -> None:
        super().__init__(f"{facility_code} is no FKTP under contract; choose another")
        self.facility_code = facility_code


class ParticipantUnknownError(DomainError):
    """The family has no such participant."""

    code = "PARTICIPANT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("the family has no such participant; look the card up again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A registration at an FKTP and its first day (WIB)."""

    facility_code: str
    first_day: date
    reason: ChangeReason

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            facility_code=row["facility_code"],
            first_day=row["first_day"],
            reason=ChangeReason(row["reason"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeChoice:
    """A participant's wish for an FKTP."""

    family_id: int
    participant_id: int
    facility_code: str
    reason: ChangeReason = ChangeReason.OWN_WISH


def change_possible_from(first_day: date, *, today: date) -> date:
    """Return from which WIB date a participant may leave an FKTP of his own wish.

    Three months in it (Peraturan BPJS Kesehatan 6/2018); a day that the month lacks is its last.
    """
    return months_after(first_day, parameter("facility_change_months", today))


async def home_of(
    connection: Connection, *, family_id: int, participant_id: int, on: date
) -> Home | None:
    """Return the home FKTP of a participant on a WIB date, or None if he never chose."""
    row = await connection.fetchrow(SELECT_HOME, family_id, participant_id, on)
    return None if row is None else Home.of(row)


async def choose_home(connection: Connection, choice: HomeChoice, *, by: str, at: datetime) -> Home:
    """Register a participant at an FKTP; the first time at once [D], later from the next 1st.

    Raises TooSoonToChangeError before three months in the present one (exceptions: moved house,
    posting, redistribution), NotFirstLevelError, FacilityUnknownError, ParticipantUnknownError.
    """
    today = wib_date(at)
    if not await connection.fetchval(LOCK_PARTICIPANT, choice.family_id, choice.participant_id):
        raise ParticipantUnknownError
    facility = await facility_of(connection, choice.facility_code, on=today)
    if facility.level is not FacilityLevel.FKTP or not facility.is_partner:
        raise NotFirstLevelError(choice.facility_code)
    row = await connection.fetchrow(SELECT_NEWEST_HOME, choice.family_id, choice.participant_id)
    home = _first(choice, today) if row is None else _changed(Home.of(row), choice, today)
    await connection.execute(
        INSERT_HOME,
        choice.family_id,
        choice.participant_id,
        home.facility_code,
        home.first_day,
        home.reason.value,
        at,
        by,
    )
    return home


def _first(choice: HomeChoice, today: date) -> Home:
    return Home(
        facility_code=choice.facility_code, first_day=today, reason=ChangeReason.FIRST_CHOICE
    )


def _changed(present: Home, choice: HomeChoice, today: date) -> Home:
    possible_from = change_possible_from(present.first_day, today=today)
    if today < possible_from and choice.reason not in EXCEPTIONS:
        raise TooSoonToChangeError(possible_from)
    return Home(
        facility_code=choice.facility_code,
        first_day=CoverageMonth.of(today).plus(1).first_day,
        reason=_reason_of_change(choice.reason),
    )


def _reason_of_change(stated: ChangeReason) -> ChangeReason:
    return ChangeReason.OWN_WISH if stated is ChangeReason.FIRST_CHOICE else stated
