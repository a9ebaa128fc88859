"""Letters of the social office that a family cannot pay: recorded, and approved by another."""

from datetime import date

import strawberry

from iuran.core.care import certificates
from iuran.graphql.changes import Once
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.mutations.payloads import OfFamily
from iuran.graphql.problems import AlreadyRegistered, SecondPersonNeeded


@strawberry.input
class CertificateInput(Once):
    """Which letter."""

    family_id: strawberry.ID = strawberry.field(description="The family.")
    certificate_number: str = strawberry.field(description="The number of the letter.")


@strawberry.input(description="A letter of inability (surat keterangan tidak mampu).")
class RecordInabilityCertificateInput(CertificateInput):
    """A letter."""

    issued_by: str = strawberry.field(description="The office that issued it.")
    first_day: date = strawberry.field(description="The first day for which it speaks.")
    last_day: date = strawberry.field(description="The last day for which it speaks.")


@strawberry.type(description="The letter is recorded, and waits for a second person.")
class RecordInabilityCertificatePayload(OfFamily):
    """A letter."""


@strawberry.input(description="A letter of inability that another person recorded.")
class ApproveInabilityCertificateInput(CertificateInput):
    """A letter."""


@strawberry.type(description="The letter counts: stays in class III within its days are not fined.")
class ApproveInabilityCertificatePayload(OfFamily):
    """A letter."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Record a letter of the social office (Dinas Sosial) that a family cannot pay; a "
    "second person approves it.",
    problems=(AlreadyRegistered,),
)
async def record_inability_certificate(
    acting: Acting, given: RecordInabilityCertificateInput
) -> RecordInabilityCertificatePayload:
    """Record a letter."""
    family_id = await acting.family(given.family_id)
    certificate = certificates.InabilityCertificate(
        family_id=family_id,
        certificate_number=given.certificate_number,
        issued_by=given.issued_by,
        first_day=given.first_day,
        last_day=given.last_day,
    )
    await certificates.record_certificate(
        acting.connection, certificate, by=acting.by, at=acting.at
    )
    return RecordInabilityCertificatePayload(family_id=family_id)


@mutation(
    Role.BRANCH_OFFICER,
    description="Let a recorded letter of inability count.",
    problems=(SecondPersonNeeded,),
)
async def approve_inability_certificate(
    acting: Acting, given: ApproveInabilityCertificateInput
) -> ApproveInabilityCertificatePayload:
    """Approve a letter."""
    family_id = await acting.family(given.family_id)
    await certificates.approve_certificate(
        acting.connection, family_id, given.certificate_number, by=acting.by, at=acting.at
    )
    return ApproveInabilityCertificatePayload(family_id=family_id)
