"""Capitation: tariffs agreed with facilities, and a month's statements approved."""

from datetime import date

import strawberry

from iuran.core.facilities import capitation_tariffs
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.changes import Once, Payload
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.facilities import FacilityInput, OfFacility
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded
from iuran.payments import capitation


@strawberry.input(description="What a facility is to get for each of its people a month.")
class ProposeCapitationTariffInput(FacilityInput):
    """A tariff."""

    first_month: CoverageMonth = strawberry.field(description="From which month on.")
    amount: Rupiah = strawberry.field(
        description="How much for each participant, within the bounds of the regulation."
    )
    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="The tariff is recorded, and waits for a second person.")
class ProposeCapitationTariffPayload(OfFacility):
    """A proposed tariff."""


@strawberry.input(description="A tariff that another person recorded.")
class ApproveCapitationTariffInput(FacilityInput):
    """An approval."""

    first_month: CoverageMonth = strawberry.field(description="The first month of the tariff.")


@strawberry.type(description="The tariff counts from its month on; what is paid stays as it is.")
class ApproveCapitationTariffPayload(OfFacility):
    """A tariff in force."""


@strawberry.input(description="A month whose people are to be counted for capitation.")
class ComputeCapitationInput(Once):
    """A month."""

    month: CoverageMonth = strawberry.field(
        description="The month; it has begun, and the monthly run has come by."
    )


@strawberry.type(
    description="The statements are written, and wait for a second person; what is approved stays."
)
class ComputeCapitationPayload(Payload):
    """A computed month."""

    statements: int = strawberry.field(description="How many are new, or differ from before.")
    pay_by: date = strawberry.field(description="The last day of payment.")


@strawberry.input(description="A month whose capitation was computed by another person.")
class ApproveCapitationInput(Once):
    """An approval."""

    month: CoverageMonth = strawberry.field(description="The month.")


@strawberry.type(description="The statements that waited are posted, and are to be paid.")
class ApproveCapitationPayload(Payload):
    """An approval."""

    facilities: int = strawberry.field(description="How many facilities are paid.")
    amount: Rupiah = strawberry.field(description="What they are paid.")
    late_compensation: Rupiah = strawberry.field(
        description="What of it is for paying after the 15th."
    )


@mutation(
    Role.BRANCH_OFFICER,
    Role.FINANCE_OFFICER,
    description="Record what is agreed with a first-level facility (tarif kapitasi); a second "
    "person approves it.",
    problems=(AlreadyRegistered,),
)
async def propose_capitation_tariff(
    acting: Acting, given: ProposeCapitationTariffInput
) -> ProposeCapitationTariffPayload:
    """Propose a tariff."""
    tariff = capitation_tariffs.CapitationTariff(
        facility_code=given.facility_code,
        first_month=given.first_month,
        amount=given.amount,
        reason=given.reason,
    )
    await capitation_tariffs.propose_tariff(acting.connection, tariff, by=acting.by, at=acting.at)
    return ProposeCapitationTariffPayload(facility_code=given.facility_code)


@mutation(
    Role.FINANCE_OFFICER,
    description="Let a capitation tariff count that another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_capitation_tariff(
    acting: Acting, given: ApproveCapitationTariffInput
) -> ApproveCapitationTariffPayload:
    """Approve a tariff."""
    await capitation_tariffs.approve_tariff(
        acting.connection,
        given.facility_code,
        first_month=given.first_month,
        by=acting.by,
        at=acting.at,
    )
    return ApproveCapitationTariffPayload(facility_code=given.facility_code)


@mutation(
    Role.FINANCE_OFFICER,
    description="Count the people of every first-level facility as a month began, and write what "
    "each gets (kapitasi); a second person approves it. Again it writes only what differs.",
    weight=100,
)
async def compute_capitation(
    acting: Acting, given: ComputeCapitationInput
) -> ComputeCapitationPayload:
    """Compute a month."""
    written = await capitation.compute_capitation(
        acting.connection, given.month, by=acting.by, at=acting.at
    )
    return ComputeCapitationPayload(
        statements=written, pay_by=capitation.capitation_pay_by(given.month)
    )


@mutation(
    Role.FINANCE_OFFICER,
    description="Approve the capitation of a month that another person computed "
    "(`computeCapitation`), and post it.",
    problems=(SecondPersonNeeded,),
)
async def approve_capitation(
    acting: Acting, given: ApproveCapitationInput
) -> ApproveCapitationPayload:
    """Approve a month."""
    done = await capitation.approve_capitation(
        acting.connection, given.month, by=acting.by, at=acting.at
    )
    return ApproveCapitationPayload(
        facilities=done.facilities,
        amount=done.amount,
        late_compensation=done.late_compensation,
    )
