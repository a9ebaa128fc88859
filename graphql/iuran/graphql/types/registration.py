"""The steps of a registration as the schema shows them."""

from datetime import date, datetime
from typing import Final

import strawberry

from iuran.core.registration_steps import RegistrationStep, days_of_step
from iuran.graphql.compiler.declarations import Computed, Fragment, Many, Source, of_family
from iuran.graphql.reads.reading import Question
from iuran.graphql.types.enums import publish

publish(
    RegistrationStep,
    "A step of a registration.",
    {
        RegistrationStep.FORM: "The form is filled in.",
        RegistrationStep.DOCUMENTS: "The documents are there.",
        RegistrationStep.VERIFICATION: "Somebody compared them with the form.",
        RegistrationStep.VIRTUAL_ACCOUNT: "The virtual account is given out; it comes by itself.",
        RegistrationStep.FIRST_PAYMENT: "The first payment is made; it comes by itself.",
        RegistrationStep.E_ID: "The electronic identity (KIS digital) is issued.",
        RegistrationStep.CARD: "The card is handed over.",
    },
)


@strawberry.type(description="A step of a registration, and the days between which it is to be.")
class RegistrationProgress:
    """A step."""

    step: RegistrationStep = strawberry.field(description="Which step.")
    done_at: datetime | None = strawberry.field(description="When; null if it is still to do.")
    done_by: str | None = strawberry.field(description="Who did it, if somebody did.")
    note: str | None = strawberry.field(description="The paper, or what was seen.")
    possible_from: date | None = strawberry.field(
        description="The first day on which it is possible, if there is one."
    )
    deadline: date | None = strawberry.field(description="The last day for it, if there is one.")
    is_late: bool = strawberry.field(description="Whether that day has passed without it.")


def _possible_from(
    _: Question,
    step: str,
    issued: datetime | None,
    papers: datetime | None,
    paid: datetime | None,
) -> date | None:
    first, _last = days_of_step(
        RegistrationStep(step), issued_at=issued, papers_at=papers, paid_at=paid
    )
    return first


def _deadline(
    _: Question,
    step: str,
    issued: datetime | None,
    papers: datetime | None,
    paid: datetime | None,
) -> date | None:
    _first, last = days_of_step(
        RegistrationStep(step), issued_at=issued, papers_at=papers, paid_at=paid
    )
    return last


def _is_late(
    question: Question,
    step: str,
    issued: datetime | None,
    papers: datetime | None,
    paid: datetime | None,
    done: datetime | None,
) -> bool:
    deadline = _deadline(question, step, issued, papers, paid)
    return done is None and deadline is not None and question.today > deadline


_ISSUED: Final[Fragment] = (
    "(SELECT min(v.recorded_at) FROM membership_event AS v WHERE v.family_id = {row}.family_id "
    "AND v.membership_id = {row}.membership_id AND v.cause = 'REGISTRATION')"
)
_PAID: Final[Fragment] = (
    "(SELECT min(v.effective_at) FROM membership_event AS v WHERE v.family_id = {row}.family_id "
    "AND v.membership_id = {row}.membership_id AND v.cause = 'FIRST_PAYMENT')"
)
_PAPERS: Final[Fragment] = (
    "(SELECT d.done_at FROM registration_step AS d WHERE d.family_id = {row}.family_id "
    "AND d.membership_id = {row}.membership_id AND d.step = 'DOCUMENTS')"
)
_DONE: Final[Fragment] = (
    "CASE {row}s.step WHEN 'VIRTUAL_ACCOUNT' THEN "
    + _ISSUED
    + " WHEN 'FIRST_PAYMENT' THEN "
    + _PAID
    + " ELSE {row}d.done_at END"
)
_NEEDS: Final = ("{row}s.step", _ISSUED, _PAPERS, _PAID)

REGISTRATION_PROGRESS = Source(
    type_name="RegistrationProgress",
    table="membership AS {row} CROSS JOIN (VALUES (1, 'FORM'), (2, 'DOCUMENTS'), "
    "(3, 'VERIFICATION'), (4, 'VIRTUAL_ACCOUNT'), (5, 'FIRST_PAYMENT'), (6, 'E_ID'), (7, 'CARD')) "
    "AS {row}s (place, step) LEFT JOIN registration_step AS {row}d "
    "ON {row}d.family_id = {row}.family_id AND {row}d.membership_id = {row}.membership_id "
    "AND {row}d.step = {row}s.step",
    access=of_family("{row}.family_id"),
    fields={
        "step": "{row}s.step",
        "doneAt": _DONE,
        "doneBy": "{row}d.done_by",
        "note": "{row}d.note",
        "possibleFrom": Computed(of=_possible_from, needs=_NEEDS),
        "deadline": Computed(of=_deadline, needs=_NEEDS),
        "isLate": Computed(of=_is_late, needs=(*_NEEDS, _DONE)),
    },
)
STEPS_OF_MEMBERSHIP = Many(
    target="RegistrationProgress",
    where="{row}.family_id = {parent}.family_id AND {row}.membership_id = {parent}.membership_id",
    order="{row}s.place",
    limit="7",
)
