"""What an employer reports of its workers."""

from typing import LiteralString, TypedDict

import strawberry

from iuran.core.employers import employment, reports
from iuran.core.employers.employment import EmploymentKey, NewEmployment, Report
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.refusals import NotFoundError
from iuran.graphql.types.employments import Employment
from iuran.graphql.types.fields import declared
from iuran.graphql.types.scalars import CardNumber, PopulationNumber

FIND_WORKER: LiteralString = """
    SELECT p.family_id, p.participant_id, e.membership_id
    FROM participant_card AS c
    JOIN participant AS p ON p.family_id = c.family_id AND p.participant_id = c.participant_id
    JOIN enrolment AS e ON e.family_id = p.family_id AND e.participant_id = p.participant_id
    JOIN membership AS m ON m.family_id = e.family_id AND m.membership_id = e.membership_id
    WHERE c.card_number = $1 AND p.nik = $2 AND m.state = 'PENDING'
      AND m.segment IN ('PPU_ENTERPRISE', 'PPU_STATE')
    ORDER BY e.membership_id DESC
    LIMIT 1
"""

SELECT_EMPLOYMENT: LiteralString = """
    SELECT e.employer_id
    FROM employment AS e
    WHERE e.family_id = $1 AND e.membership_id = $2 AND e.employer_id = $3
"""


@strawberry.input(description="A worker whom his employer insures from this month.")
class ReportWorkerInput(Once):
    """A worker."""

    card_number: CardNumber = strawberry.field(description="The worker's card number.")
    nik: PopulationNumber = strawberry.field(description="His population number (NIK).")
    wage: Rupiah = strawberry.field(description="His wage a month.")
    grade: int | None = strawberry.field(
        default=None, description="His grade (1 to 4), of employees of the state only."
    )
    reason: str = strawberry.field(description="What it is based on, such as a contract.")


@strawberry.type
class OfEmployment(Payload):
    """A payload about an employment."""

    employment_id: strawberry.ID = strawberry.field(description="The employment.")
    family_id: strawberry.Private[int]
    membership_key: strawberry.Private[int]
    employment: Employment | None = declared(
        description="The employment as it is now.",
        relation=One(
            target="Employment",
            where="{row}.family_id = {parent}.family_id "
            "AND {row}.membership_id = {parent}.membership_key",
        ),
    )


class EmploymentAnswered(TypedDict):
    """What every payload about an employment is made of."""

    employment_id: strawberry.ID
    family_id: int
    membership_key: int


def of_employment(key: EmploymentKey) -> EmploymentAnswered:
    """Say of which employment a payload is."""
    return {
        "employment_id": id_of("Employment", key.family_id, key.membership_id),
        "family_id": key.family_id,
        "membership_key": key.membership_id,
    }


@strawberry.type(description="The worker is insured by his employer, active at once.")
class ReportWorkerPayload(OfEmployment):
    """A worker."""


@mutation(
    Role.EMPLOYER,
    description="Report a worker whose registration waits for you. Card and NIK have to be of one "
    "person.",
)
async def report_worker(acting: Acting, given: ReportWorkerInput) -> ReportWorkerPayload:
    """Begin an employment."""
    employer_id = _employer(acting)
    row = await acting.connection.fetchrow(FIND_WORKER, given.card_number, given.nik)
    if row is None:
        raise NotFoundError("worker")
    new = NewEmployment(
        employer_id=employer_id,
        family_id=row["family_id"],
        membership_id=row["membership_id"],
        participant_id=row["participant_id"],
        wage=given.wage,
        grade=given.grade,
    )
    report = Report(by=acting.by, reason=given.reason)
    await employment.begin_employment(acting.connection, new, report, at=acting.at)
    key = EmploymentKey(family_id=row["family_id"], membership_id=row["membership_id"])
    return ReportWorkerPayload(**of_employment(key))


@strawberry.input
class EmploymentInput(Once):
    """Which employment."""

    employment_id: strawberry.ID = strawberry.field(description="The employment.")
    reason: str = strawberry.field(description="What it is based on.")


@strawberry.input(description="Another wage.")
class ReportWageInput(EmploymentInput):
    """A wage."""

    first_month: CoverageMonth = strawberry.field(
        description="The first month of it, which must not be billed yet."
    )
    wage: Rupiah = strawberry.field(description="The wage a month.")


@strawberry.type(description="The wage counts from that month's bill on.")
class ReportWagePayload(OfEmployment):
    """A wage."""


@strawberry.input(description="The end of an employment.")
class EndEmploymentInput(EmploymentInput):
    """An end."""

    last_month: CoverageMonth = strawberry.field(description="The last month that is billed.")


@strawberry.type(description="The employment ends with that month.")
class EndEmploymentPayload(OfEmployment):
    """An end."""


@mutation(Role.EMPLOYER, description="Report another wage of one of your workers.")
async def report_wage(acting: Acting, given: ReportWageInput) -> ReportWagePayload:
    """Change a wage."""
    key = await employment_given(acting, given)
    change = reports.WageChange(first_month=given.first_month, wage=given.wage)
    report = Report(by=acting.by, reason=given.reason)
    await reports.report_wage(acting.connection, key, change, report, at=acting.at)
    return ReportWagePayload(**of_employment(key))


@mutation(Role.EMPLOYER, description="Report that one of your workers leaves.")
async def end_employment(acting: Acting, given: EndEmploymentInput) -> EndEmploymentPayload:
    """End an employment."""
    key = await employment_given(acting, given)
    report = Report(by=acting.by, reason=given.reason)
    await reports.end_employment(acting.connection, key, given.last_month, report, at=acting.at)
    return EndEmploymentPayload(**of_employment(key))


def _employer(acting: Acting) -> int:
    if acting.viewer.employer_id is None:
        raise NotFoundError("employer")
    return acting.viewer.employer_id


async def employment_given(acting: Acting, given: EmploymentInput) -> EmploymentKey:
    """Return the key of an employment: an employer's own, or for an officer any."""
    family_id, membership_id = key_given(
        given.employment_id, "Employment", parts=2, field="employment_id"
    )
    if acting.viewer.role is Role.EMPLOYER:
        own = await acting.connection.fetchval(
            SELECT_EMPLOYMENT, family_id, membership_id, _employer(acting)
        )
        if own is None:
            raise NotFoundError("employment")
    else:
        await acting.membership(id_of("Membership", family_id, membership_id))
    return EmploymentKey(family_id=family_id, membership_id=membership_id)
