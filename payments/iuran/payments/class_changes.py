"""Change of care class: the whole family, after a year, from the 1st of the next month."""

from datetime import date, datetime
from typing import ClassVar, LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import CareClass

STAND: LiteralString = """
    SELECT p.state, p.arrears_months, m.care_class, m.class_since
    FROM payable_of($1, $2, NULL, $3, true) AS p
    JOIN membership AS m ON m.family_id = $1 AND m.membership_id = $2
"""

SET_CLASS: LiteralString = """
    UPDATE membership SET previous_care_class = care_class, care_class = $3, class_since = $4
    WHERE family_id = $1 AND membership_id = $2
"""

INSERT_CHANGE: LiteralString = """
    INSERT INTO class_change (family_id, membership_id, class_before, class_after, first_month,
                              asked_by, asked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


class ClassChangeTooEarlyError(DomainError):
    """The family is less than a year in its class."""

    code: ClassVar[str] = "CLASS_CHANGE_TOO_EARLY"

    def __init__(self, possible_from: date) -> None:
        super().__init__(
            f"a change of class is possible from {possible_from}, a year after the last"
        )
        self.possible_from = possible_from


class ClassChangeInArrearsError(DomainError):
    """A month closed unpaid, or cover has not begun; the bill comes first."""

    code: ClassVar[str] = "CLASS_CHANGE_IN_ARREARS"

    def __init__(self, arrears_months: int) -> None:
        super().__init__(f"pay what is owed first: {arrears_months} months are in arrears")
        self.arrears_months = arrears_months


class SameClassError(DomainError):
    """The family has the class that it asks for."""

    code: ClassVar[str] = "SAME_CLASS"

    def __init__(self, care_class: CareClass) -> None:
        super().__init__(f"the family is in class {care_class.name} already")


async def change_care_class(
    connection: Connection,
    family_id: int,
    membership_id: int,
    *,
    care_class: CareClass,
    asked_by: str,
    at: datetime,
) -> CoverageMonth:
    """Change a whole family's class; return the month from which it holds.

    Peraturan BPJS Kesehatan 6/2018: after one year in the class, without arrears, effective on the
    1st of the next month. Bills of the months before keep their class. Raises
    ClassChangeTooEarlyError, ClassChangeInArrearsError or SameClassError.
    """
    row = await connection.fetchrow(STAND, family_id, membership_id, at)
    if row is None or row["state"] != "ACTIVE" or row["arrears_months"]:
        raise ClassChangeInArrearsError(0 if row is None else row["arrears_months"] or 0)
    today = wib_date(at)
    possible_from = year_in_class_ends(row["class_since"])
    if today < possible_from:
        raise ClassChangeTooEarlyError(possible_from)
    if row["care_class"] == care_class:
        raise SameClassError(care_class)
    month = CoverageMonth.of(today).plus(1)
    await connection.execute(SET_CLASS, family_id, membership_id, int(care_class), month.first_day)
    await connection.execute(
        INSERT_CHANGE,
        family_id,
        membership_id,
        row["care_class"],
        int(care_class),
        month.ordinal,
        asked_by,
        at,
    )
    return month


def year_in_class_ends(since: date) -> date:
    """Return the first WIB date on which a class may change; 29 February counts as 1 March."""
    month = CoverageMonth.of(since).plus(parameter("class_change_months", since))
    try:
        return date(month.year, month.month, since.day)
    except ValueError:
        return month.plus(1).first_day
