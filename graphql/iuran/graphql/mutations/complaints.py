"""Complaints and ratings."""

from typing import TypedDict

import strawberry

from iuran.core.complaints import handling, satisfaction
from iuran.core.complaints.records import (
    ComplaintCategory,
    ComplaintChannel,
    ComplaintKey,
    ComplaintUnknownError,
    NewComplaint,
)
from iuran.core.complaints.satisfaction import SatisfactionSubject
from iuran.graphql.changes import Once, Payload
from iuran.graphql.compiler.declarations import One
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from iuran.graphql.mutations import enums
from iuran.graphql.mutations.acting import Acting, key_given
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import StepImpossible
from iuran.graphql.types.complaints import Complaint
from iuran.graphql.types.fields import declared

COMPLAINT = "Complaint"
BUCKET_MAX = 32_767


@strawberry.input(description="A complaint.")
class OpenComplaintInput(Once):
    """A complaint."""

    channel: enums.ComplaintChannel = strawberry.field(description="How it came in.")
    category: enums.ComplaintCategory = strawberry.field(description="What it is about.")
    reporter_name: str = strawberry.field(description="Who complains.")
    reporter_contact: str = strawberry.field(description="Where he is reached with the answer.")
    text: str = strawberry.field(description="What he says; at most 4,000 characters.")
    family_id: strawberry.ID | None = strawberry.field(
        default=None, description="His family; for a participant it is his own anyway."
    )


@strawberry.type
class OfComplaint(Payload):
    """A payload about a complaint."""

    complaint_id: strawberry.ID = strawberry.field(description="The complaint.")
    bucket: strawberry.Private[int]
    complaint_key: strawberry.Private[int]
    complaint: Complaint | None = declared(
        description="The complaint as it is now; null for who complained for nobody's family.",
        relation=One(
            target="Complaint",
            where="{row}.bucket = {parent}.bucket AND {row}.complaint_id = {parent}.complaint_key",
        ),
    )


class ComplaintAnswered(TypedDict):
    """What every payload about a complaint is made of."""

    complaint_id: strawberry.ID
    bucket: int
    complaint_key: int


def _of_complaint(key: ComplaintKey) -> ComplaintAnswered:
    return {
        "complaint_id": id_of(COMPLAINT, key.bucket, key.complaint_id),
        "bucket": key.bucket,
        "complaint_key": key.complaint_id,
    }


@strawberry.type(description="The complaint is taken in; it is answered within 5 working days.")
class OpenComplaintPayload(OfComplaint):
    """A complaint that was taken in."""


@mutation(
    Role.PARTICIPANT,
    Role.FACILITY,
    Role.EMPLOYER,
    Role.BRANCH_OFFICER,
    description="Take a complaint in.",
)
async def open_complaint(acting: Acting, given: OpenComplaintInput) -> OpenComplaintPayload:
    """Take a complaint in."""
    family_id = acting.scope.family_id
    if given.family_id is not None:
        family_id = await acting.family(given.family_id)
    complaint = NewComplaint(
        channel=ComplaintChannel(given.channel),
        category=ComplaintCategory(given.category),
        reporter_name=given.reporter_name,
        reporter_contact=given.reporter_contact,
        text=given.text,
        family_id=family_id,
    )
    key = await handling.receive(acting.connection, complaint, by=acting.by, at=acting.at)
    return OpenComplaintPayload(**_of_complaint(key))


@strawberry.input(description="Who is to answer a complaint.")
class AssignComplaintInput(Once):
    """An assignment."""

    complaint_id: strawberry.ID = strawberry.field(description="The complaint.")
    to: str = strawberry.field(description="The subject of who is to answer it.")


@strawberry.type(description="Somebody is to answer it.")
class AssignComplaintPayload(OfComplaint):
    """An assignment."""


@strawberry.input(description="The answer to a complaint.")
class AnswerComplaintInput(Once):
    """An answer."""

    complaint_id: strawberry.ID = strawberry.field(description="The complaint.")
    text: str = strawberry.field(description="The answer; at most 4,000 characters.")


@strawberry.type(description="The complaint is answered.")
class AnswerComplaintPayload(OfComplaint):
    """An answer."""


@mutation(
    Role.BRANCH_OFFICER,
    description="Give a complaint to somebody, or to somebody else.",
    problems=(StepImpossible,),
)
async def assign_complaint(acting: Acting, given: AssignComplaintInput) -> AssignComplaintPayload:
    """Assign a complaint."""
    key = _key(given.complaint_id)
    await handling.assign(acting.connection, key, to=given.to, by=acting.by, at=acting.at)
    return AssignComplaintPayload(**_of_complaint(key))


@mutation(
    Role.BRANCH_OFFICER,
    description="Answer an assigned complaint, once.",
    problems=(StepImpossible,),
)
async def answer_complaint(acting: Acting, given: AnswerComplaintInput) -> AnswerComplaintPayload:
    """Answer a complaint."""
    key = _key(given.complaint_id)
    await handling.answer(acting.connection, key, given.text, by=acting.by, at=acting.at)
    return AnswerComplaintPayload(**_of_complaint(key))


def _key(text: str) -> ComplaintKey:
    bucket, complaint_id = key_given(text, COMPLAINT, parts=2, field="complaint_id")
    if bucket > BUCKET_MAX:
        raise ComplaintUnknownError
    return ComplaintKey(bucket=bucket, complaint_id=complaint_id)


@strawberry.input(description="How content somebody is.")
class RateServiceInput(Once):
    """A rating."""

    subject: enums.SatisfactionSubject = strawberry.field(description="What is rated.")
    score: int = strawberry.field(description="1 (bad) to 5 (good).")


@strawberry.type(description="The rating is kept, without who gave it.")
class RateServicePayload(Payload):
    """A rating."""


@mutation(
    Role.PARTICIPANT,
    Role.BRANCH_OFFICER,
    description="Say how content somebody was; the rating does not say who.",
)
async def rate_service(acting: Acting, given: RateServiceInput) -> RateServicePayload:
    """Keep a rating."""
    await satisfaction.rate(
        acting.connection, SatisfactionSubject(given.subject), score=given.score, at=acting.at
    )
    return RateServicePayload()
