"""Employments: who works for whom at what wage, reported by the employer and kept with its author.

A month is insured whole: an employment counts from the month in which it is reported [D]. What was
billed stands; a report changes months that are not billed yet [D].
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, LiteralString, NamedTuple

from iuran.core.clock import wib_date
from iuran.core.contributions.wages import care_class_of
from iuran.core.database.pool import Connection, Record
from iuran.core.employers.registration import Employer, lock_employer
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.segments import AdditionalKind, CareClass, PpuGroup, Segment

GRADES = range(1, 5)
WAGE_MIN, WAGE_MAX = 1_000, 10_000_000_000

SELECT_PENDING: LiteralString = """
    SELECT m.segment, m.state,
           (SELECT coalesce(array_agg(e.participant_id), '{}') FROM enrolment AS e
            WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id) AS people
    FROM membership AS m
    WHERE m.family_id = $1 AND m.membership_id = $2
    FOR NO KEY UPDATE OF m
"""

INSERT_EMPLOYMENT: LiteralString = """
    INSERT INTO employment (family_id, membership_id, participant_id, employer_id, grade,
                            first_month, billed_through)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

INSERT_WAGE: LiteralString = """
    INSERT INTO wage (family_id, membership_id, first_month, amount, reported_by, reported_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

INSERT_ADDITIONAL: LiteralString = """
    INSERT INTO additional_member (family_id, membership_id, participant_id, kind, first_month)
    VALUES ($1, $2, $3, $4, $5)
"""

INSERT_REPORT: LiteralString = """
    INSERT INTO employment_report (family_id, membership_id, kind, reported_by, reason, before,
                                   reported_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

ACTIVATE: LiteralString = """
    UPDATE membership
    SET state = 'ACTIVE', paid_through = $3, care_class = $4, class_since = $5
    WHERE family_id = $1 AND membership_id = $2
"""

INSERT_BEGAN: LiteralString = """
    INSERT INTO membership_event
        (family_id, membership_id, state, paid_through, effective_at, recorded_at, cause)
    VALUES ($1, $2, 'ACTIVE', $3, $4, $4, 'EMPLOYMENT_BEGAN')
"""

SELECT_EMPLOYMENT: LiteralString = """
    SELECT e.family_id, e.membership_id, e.participant_id, e.employer_id, e.grade, e.first_month,
           e.last_month, e.billed_through,
           (SELECT w.amount FROM wage AS w
            WHERE w.family_id = e.family_id AND w.membership_id = e.membership_id
            ORDER BY w.first_month DESC, w.wage_id DESC LIMIT 1) AS wage
    FROM employment AS e
    WHERE e.family_id = $1 AND e.membership_id = $2
"""


class EmploymentKey(NamedTuple):
    """Which employment: the membership that it pays for."""

    family_id: int
    membership_id: int


class NotEmployableError(DomainError):
    """The membership is not a pending one of the employer's segment."""

    code: ClassVar[str] = "NOT_EMPLOYABLE"

    def __init__(self, *, state: str, segment: str) -> None:
        super().__init__(
            f"the membership is {state} in segment {segment}; open a new one in the segment of the "
            "employer"
        )
        self.state = state
        self.segment = segment


class TooManyCoveredError(DomainError):
    """More people than the wage covers: the others are additional members."""

    code: ClassVar[str] = "TOO_MANY_COVERED"

    def __init__(self, *, people: int, people_max: int) -> None:
        super().__init__(
            f"a wage covers {people_max} people, not {people}; name the others as additional"
        )
        self.people = people
        self.people_max = people_max


class EmploymentUnknownError(DomainError):
    """The membership has no employment."""

    code: ClassVar[str] = "EMPLOYMENT_UNKNOWN"

    def __init__(self, membership_id: int) -> None:
        super().__init__(f"membership {membership_id} has no employment; report its begin first")
        self.membership_id = membership_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Who reports something about an employment, and why."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        """Refuse a report without author or reason."""
        if not self.by.strip() or not self.reason.strip():
            raise InvalidInputError("report", "say who reports and why")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEmployment:
    """A worker and his family in a pending PPU membership, to be paid for by an employer.

    `wage` is what counts by law: base and fixed allowances (state: family, office, profession and
    performance allowances as well). `additional` says who is insured beyond a spouse and three
    children, by participant id.
    """

    employer_id: int
    family_id: int
    membership_id: int
    participant_id: int
    wage: Rupiah
    grade: int | None = None
    additional: Mapping[int, AdditionalKind] = field(default_factory=dict[int, AdditionalKind])


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """An employment as it stands; `wage` is the last one reported."""

    family_id: int
    membership_id: int
    participant_id: int
    employer_id: int
    grade: int | None
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    billed_through: CoverageMonth
    wage: Rupiah

    @classmethod
    def of(cls, row: Record) -> "Employment":
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            membership_id=row["membership_id"],
            participant_id=row["participant_id"],
            employer_id=row["employer_id"],
            grade=row["grade"],
            first_month=CoverageMonth.of_ordinal(row["first_month"]),
            last_month=CoverageMonth.if_any(row["last_month"]),
            billed_through=CoverageMonth.of_ordinal(row["billed_through"]),
            wage=Rupiah(row["wage"]),
        )


async def begin_employment(
    connection: Connection, new: NewEmployment, report: Report, *, at: datetime
) -> CareClass:
    """Insure a worker from this month, active at once; return the class of his care.

    Raises EmployerUnknownError, NotEmployableError for a membership that is not pending in the
    employer's segment, TooManyCoveredError beyond five people without additional members, and
    InvalidInputError for a wage, a grade or a person of the wrong kind.
    """
    employer = await lock_employer(connection, new.employer_id)
    month = CoverageMonth.of(wib_date(at))
    check_wage(new.wage)
    await _check_people(connection, new, employer, month)
    if employer.group is not PpuGroup.PRIVATE and new.grade is None:
        raise InvalidInputError("grade", "a state employee has a grade (golongan) of 1 to 4")
    if new.grade is not None and new.grade not in GRADES:
        raise InvalidInputError("grade", "a grade (golongan) is 1 to 4")
    care_class = care_class_of(group=employer.group, wage=new.wage, grade=new.grade, month=month)
    await _insert(connection, new, report, month, at)
    key = EmploymentKey(new.family_id, new.membership_id)
    paid_through = month.plus(-1).ordinal
    await connection.execute(ACTIVATE, *key, paid_through, int(care_class), month.first_day)
    await connection.execute(INSERT_BEGAN, *key, paid_through, at)
    return care_class


async def employment_of(connection: Connection, key: EmploymentKey) -> Employment:
    """Return the employment of a membership; raises EmploymentUnknownError."""
    row = await connection.fetchrow(SELECT_EMPLOYMENT, *key)
    if row is None:
        raise EmploymentUnknownError(key.membership_id)
    return Employment.of(row)


def check_wage(wage: Rupiah) -> None:
    """Refuse a wage that cannot be one of a month, in rupiah; raises InvalidInputError."""
    if not WAGE_MIN <= wage <= WAGE_MAX:
        raise InvalidInputError("wage", f"write a monthly wage of {WAGE_MIN} to {WAGE_MAX} rupiah")


async def record_report(
    connection: Connection,
    key: EmploymentKey,
    kind: str,
    report: Report,
    before: Mapping[str, object],
    at: datetime,
) -> None:
    """Keep who reported what about an employment, and how it was."""
    await connection.execute(INSERT_REPORT, *key, kind, report.by, report.reason, dict(before), at)


async def _check_people(
    connection: Connection, new: NewEmployment, employer: Employer, month: CoverageMonth
) -> None:
    row = await connection.fetchrow(SELECT_PENDING, new.family_id, new.membership_id)
    if row is None:
        raise EmploymentUnknownError(new.membership_id)
    segment = Segment(row["segment"])
    if row["state"] != "PENDING" or segment is not employer.group.segment:
        raise NotEmployableError(state=row["state"], segment=segment)
    people: set[int] = set(row["people"])
    if not {new.participant_id, *new.additional} <= people or new.participant_id in new.additional:
        raise InvalidInputError("participants", "worker and additional members are enrolled people")
    people_max = parameter("ppu_covered_people_max", month.first_day)
    if len(people) - len(new.additional) > people_max:
        raise TooManyCoveredError(people=len(people), people_max=people_max)


async def _insert(
    connection: Connection,
    new: NewEmployment,
    report: Report,
    month: CoverageMonth,
    at: datetime,
) -> None:
    key = EmploymentKey(new.family_id, new.membership_id)
    await connection.execute(
        INSERT_EMPLOYMENT,
        *key,
        new.participant_id,
        new.employer_id,
        new.grade,
        month.ordinal,
        month.plus(-1).ordinal,
    )
    await connection.execute(INSERT_WAGE, *key, month.ordinal, new.wage, report.by, at)
    await connection.executemany(
        INSERT_ADDITIONAL,
        [(*key, one, kind.value, month.ordinal) for one, kind in new.additional.items()],
    )
    await record_report(connection, key, "BEGAN", report, {}, at)
