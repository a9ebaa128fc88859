"""Workers who were laid off (PHK): six months of benefits, proved and approved."""

import strawberry

from iuran.core.employers import layoffs
from iuran.core.employers.employment import EmploymentKey, Report
from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.employment import (
    EmploymentInput,
    OfEmployment,
    employment_given,
    of_employment,
)
from iuran.graphql.mutations.payloads import OfMembership
from iuran.graphql.mutations.proposals import PROPOSAL, ApproveInput, proposal_given
from iuran.graphql.problems import SecondPersonNeeded


@strawberry.input(description="A layoff, with the papers that prove it.")
class ReportLayoffInput(EmploymentInput):
    """A layoff."""

    papers: list[str] = strawberry.field(
        description="What was brought, such as `COURT_RULING`; a whole set is needed, and a "
        "problem names the sets. A resignation does not count."
    )


@strawberry.type(description="The layoff is recorded, and waits for a second person.")
class ReportLayoffPayload(OfEmployment):
    """A proposed layoff."""

    proposal_id: strawberry.ID = strawberry.field(
        description="What the second person approves; nothing has changed yet."
    )


@strawberry.input(description="A layoff that another person recorded.")
class ApproveLayoffInput(ApproveInput):
    """An approval."""


@strawberry.type(description="The family keeps its benefits for six months, without contribution.")
class ApproveLayoffPayload(OfMembership):
    """A layoff that took effect."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance of those months.")


@strawberry.input(description="The end of benefits after a layoff, before the six months are over.")
class EndLayoffInput(Once):
    """An end."""

    membership_id: strawberry.ID = strawberry.field(description="The insurance after the layoff.")
    last_month: CoverageMonth = strawberry.field(description="The last month of it.")
    reason: str = strawberry.field(description="Why, such as who insures the family then.")


@strawberry.type(description="The benefits end with that month.")
class EndLayoffPayload(OfMembership):
    """An end."""


@mutation(
    Role.EMPLOYER,
    Role.BRANCH_OFFICER,
    description="Record that a worker whose employment ended was laid off (PHK); a second person "
    "approves it. An employer does this for its own workers.",
)
async def report_layoff(acting: Acting, given: ReportLayoffInput) -> ReportLayoffPayload:
    """Propose the six months."""
    key = await employment_given(acting, given)
    report = Report(by=acting.by, reason=given.reason)
    change_id = await layoffs.propose_layoff(
        acting.connection, key, given.papers, report, acting.at
    )
    return ReportLayoffPayload(
        **of_employment(key), proposal_id=id_of(PROPOSAL, key.family_id, change_id)
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Give a laid-off worker and his family their six months.",
    problems=(SecondPersonNeeded,),
)
async def approve_layoff(acting: Acting, given: ApproveLayoffInput) -> ApproveLayoffPayload:
    """Approve a layoff."""
    family_id, change_id = await proposal_given(acting, given.proposal_id)
    membership_id = await layoffs.approve_layoff(
        acting.connection, family_id, change_id, approved_by=acting.by, at=acting.at
    )
    return ApproveLayoffPayload(
        family_id=family_id,
        membership_key=membership_id,
        membership_id=id_of("Membership", family_id, membership_id),
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="End the benefits after a layoff, because somebody else insures the family.",
)
async def end_layoff(acting: Acting, given: EndLayoffInput) -> EndLayoffPayload:
    """End the six months."""
    family_id, membership_id = await acting.membership(given.membership_id)
    await layoffs.end_layoff(
        acting.connection,
        EmploymentKey(family_id=family_id, membership_id=membership_id),
        given.last_month,
        Report(by=acting.by, reason=given.reason),
        at=acting.at,
    )
    return EndLayoffPayload(family_id=family_id, membership_key=membership_id)
