"""Facilities: registered, and made partners by a contract that two persons stand for."""

from datetime import date

import strawberry

from iuran.core.facilities import contracts, registry
from iuran.core.facilities.registry import FacilityKind, FacilityLevel
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded
from iuran.graphql.types.facilities import Facility
from iuran.graphql.types.fields import declared


@strawberry.input
class FacilityInput(Once):
    """Which facility."""

    facility_code: str = strawberry.field(description="The facility's code of 8 characters (PPK).")


@strawberry.type
class OfFacility(Payload):
    """A payload about a facility."""

    facility_code: strawberry.Private[str]
    facility: Facility | None = declared(
        description="The facility as it is now.",
        relation=One(target="Facility", where="{row}.facility_code = {parent}.facility_code"),
    )


@strawberry.input(description="A facility of care that is not registered yet.")
class RegisterFacilityInput(FacilityInput):
    """A facility."""

    name: str = strawberry.field(description="Its name, at most 255 characters.")
    level: enums.FacilityLevel = strawberry.field(description="Its tier.")
    kind: enums.FacilityKind = strawberry.field(description="What it is.")
    district: str = strawberry.field(description="Its regency or city.")
    province: str = strawberry.field(description="Its province.")
    address: str = strawberry.field(description="Its address.")
    phone: str | None = strawberry.field(default=None, description="Its telephone number.")
    services: list[str] = strawberry.field(
        default_factory=list,
        description="The codes of what it offers, such as `HAEMODIALYSIS`; at most 200.",
    )


@strawberry.type(description="The facility is registered; a contract makes it a partner.")
class RegisterFacilityPayload(OfFacility):
    """A registered facility."""


@strawberry.input(description="The days on which a facility is to be a partner.")
class ProposeFacilityContractInput(FacilityInput):
    """A contract."""

    first_day: date = strawberry.field(description="The first day of it.")
    last_day: date = strawberry.field(description="The last day of it.")
    reason: str = strawberry.field(description="The contract's number, or why it is concluded.")


@strawberry.type(description="The contract is recorded, and waits for a second person.")
class ProposeFacilityContractPayload(OfFacility):
    """A proposed contract."""

    first_day: date = strawberry.field(description="Its first day, for the approval.")


@strawberry.input(description="A contract that another person recorded.")
class ApproveFacilityContractInput(FacilityInput):
    """An approval."""

    first_day: date = strawberry.field(description="The first day of the contract.")


@strawberry.type(description="The facility is a partner on the days of the contract.")
class ApproveFacilityContractPayload(OfFacility):
    """A contract in force."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Register a facility of care (fasilitas kesehatan).",
    problems=(AlreadyRegistered,),
)
async def register_facility(
    acting: Acting, given: RegisterFacilityInput
) -> RegisterFacilityPayload:
    """Register a facility."""
    facility = registry.NewFacility(
        facility_code=given.facility_code,
        name=given.name,
        level=FacilityLevel(given.level),
        kind=FacilityKind(given.kind),
        district=given.district,
        province=given.province,
        address=given.address,
        phone=given.phone,
        services=given.services,
    )
    await registry.register_facility(acting.connection, facility, by=acting.by, at=acting.at)
    return RegisterFacilityPayload(facility_code=given.facility_code)


@mutation(
    Role.BRANCH_OFFICER,
    description="Record a contract that makes a facility a partner (mitra); a second person "
    "approves it.",
    problems=(AlreadyRegistered,),
)
async def propose_facility_contract(
    acting: Acting, given: ProposeFacilityContractInput
) -> ProposeFacilityContractPayload:
    """Propose a contract."""
    contract = contracts.Contract(
        facility_code=given.facility_code,
        first_day=given.first_day,
        last_day=given.last_day,
        reason=given.reason,
    )
    await contracts.propose_contract(acting.connection, contract, by=acting.by, at=acting.at)
    return ProposeFacilityContractPayload(
        facility_code=given.facility_code, first_day=given.first_day
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Put a contract of a facility in force that another person recorded.",
    problems=(SecondPersonNeeded,),
)
async def approve_facility_contract(
    acting: Acting, given: ApproveFacilityContractInput
) -> ApproveFacilityContractPayload:
    """Approve a contract."""
    await contracts.approve_contract(
        acting.connection,
        given.facility_code,
        first_day=given.first_day,
        by=acting.by,
        at=acting.at,
    )
    return ApproveFacilityContractPayload(facility_code=given.facility_code)
