"""Employers: registered with a number of their own to pay to."""

import strawberry

from iuran.core.employers.registration import NewEmployer
from iuran.core.segments import PpuGroup
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.types.employers import Employer, EmployerGroup
from iuran.graphql.types.fields import declared
from iuran.payments.employers import open_employer_account


@strawberry.input(description="An employer who is not registered yet.")
class RegisterEmployerInput(Once):
    """An employer."""

    name: str = strawberry.field(description="Its name, at most 255 characters.")
    group: EmployerGroup = strawberry.field(description="Whose workers they are.")
    region: str = strawberry.field(
        description="The regency or city whose minimum wage counts: 4 digits."
    )


@strawberry.type(description="The employer is registered, and has a number to pay to.")
class RegisterEmployerPayload(Payload):
    """A registered employer."""

    employer_key: strawberry.Private[int]
    employer: Employer | None = declared(
        description="The employer.",
        relation=One(target="Employer", where="{row}.employer_id = {parent}.employer_key"),
    )


@mutation(
    Role.BRANCH_OFFICER,
    description="Register an employer (badan usaha); its workers are reported by itself.",
)
async def register_employer(
    acting: Acting, given: RegisterEmployerInput
) -> RegisterEmployerPayload:
    """Register an employer."""
    employer = NewEmployer(
        name=given.name, group=PpuGroup(EmployerGroup(given.group)), region=given.region
    )
    registered, _ = await open_employer_account(acting.connection, employer, at=acting.at)
    return RegisterEmployerPayload(employer_key=registered.employer_id)
