"""Problems: expected refusals of mutations, as typed members of their results.

Each DomainError becomes one of these, once; one that has no type of its own is a `Refused`.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, cast

import strawberry

from iuran.core.care.refusals import NotEligibleError
from iuran.core.claims.papers import DocumentsMissingError
from iuran.core.claims.records import ClaimStepError
from iuran.core.complaints.records import ComplaintClosedError
from iuran.core.errors import AlreadyRegisteredError, DomainError, InvalidInputError
from iuran.core.facilities.home import TooSoonToChangeError
from iuran.core.money import Rupiah
from iuran.core.second_person import SecondPersonError
from iuran.graphql.idempotency import IdempotencyKeyReusedError
from iuran.graphql.inputs import camel, path_to
from iuran.graphql.languages import Language
from iuran.graphql.messages import message_of
from iuran.graphql.refusals import NotAllowedError, NotFoundError
from iuran.graphql.types.enums import Refusal, Role
from iuran.payments.class_changes import ClassChangeInArrearsError, ClassChangeTooEarlyError
from iuran.payments.refunds.records import RefundStepError
from iuran.payments.refunds.requests import RefundExceedsCreditError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@strawberry.interface(
    description="Why a mutation changed nothing. Ask for `... on Problem { code message path }` in "
    "each result: it matches every problem, those of later versions too."
)
class Problem:
    """An expected refusal."""

    code: str = strawberry.field(description="Stable, for programs, such as `INVALID_INPUT`.")
    message: str = strawberry.field(
        description="For people, in Indonesian or English by `Accept-Language`."
    )
    path: list[str] = strawberry.field(
        description="Which part of the input it is about: names, and places in lists from 0, such "
        'as `["input", "participants", "1", "nik"]` for the second person.'
    )


@strawberry.type(description="A value does not have the form that it must have.")
class InvalidInput(Problem):
    """A field is wrong."""

    field: str = strawberry.field(description="The field of the input.")


@strawberry.type(
    description="What the input names does not exist, or is not yours to change: both look alike."
)
class NotFound(Problem):
    """Something is not there."""


@strawberry.type(description="Your role may not do this at all, to nothing and nobody.")
class NotAllowed(Problem):
    """The role may not."""

    role: Role = strawberry.field(description="The role of your token.")


@strawberry.type(
    description="The idempotency key stands for another input. Nothing was done; make a new key "
    "for a new wish."
)
class IdempotencyKeyReused(Problem):
    """The key is taken."""


@strawberry.type(description="Another rule stands against it; `code` says which.")
class Refused(Problem):
    """A refusal without a type of its own."""


@strawberry.type(description="A number that must be unique is registered already.")
class AlreadyRegistered(Problem):
    """A number is taken."""

    field: str = strawberry.field(description="Which number.")


@strawberry.type(description="It is too early for this.")
class TooEarly(Problem):
    """A waiting time has not passed."""

    possible_from: date = strawberry.field(description="The first day on which it is possible.")


@strawberry.type(description="Months are open that have to be paid first (tunggakan).")
class InArrears(Problem):
    """There are arrears."""

    arrears_months: int = strawberry.field(description="How many months.")


@strawberry.type(
    description="Another person has to do this: whoever asked or checked may not decide."
)
class SecondPersonNeeded(Problem):
    """Two persons are needed."""


@strawberry.type(description="What this is about is not in a state in which it is possible.")
class StepImpossible(Problem):
    """The step does not fit the state."""

    state: str = strawberry.field(description="The state that it is in.")


@strawberry.type(description="There is less credit than the refund asks for.")
class RefundExceedsCredit(Problem):
    """Too much is asked back."""

    amount: Rupiah = strawberry.field(description="What was asked for.")
    credit: Rupiah = strawberry.field(description="What there is.")


@strawberry.type(description="Documents have to be attached before.")
class DocumentsMissing(Problem):
    """Papers are missing."""

    documents: list[str] = strawberry.field(description="The kinds of documents.")


@strawberry.type(description="The care is not covered.")
class NotEligible(Problem):
    """Care is refused, with every reason."""

    refusals: list[Refusal] = strawberry.field(description="Every reason, not only the first.")


COMMON = (InvalidInput, NotFound, NotAllowed, IdempotencyKeyReused, Refused)
"""What every mutation may answer."""

NOTHING_MORE: Mapping[str, object] = {}
_Maker = Callable[[DomainError], tuple[type[Problem], Mapping[str, object]]]


def _invalid(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    return InvalidInput, {"field": camel(cast("InvalidInputError", error).field)}


def _taken(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    return AlreadyRegistered, {"field": camel(cast("AlreadyRegisteredError", error).field)}


def _too_early(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    early = cast("ClassChangeTooEarlyError | TooSoonToChangeError", error)
    return TooEarly, {"possible_from": early.possible_from}


def _step(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    step = cast("ClaimStepError | ComplaintClosedError | RefundStepError", error)
    return StepImpossible, {"state": step.state.value}


def _not_eligible(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    return NotEligible, {"refusals": list(cast("NotEligibleError", error).eligibility.refusals)}


def _documents(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    return DocumentsMissing, {"documents": sorted(cast("DocumentsMissingError", error).documents)}


def _exceeds(error: DomainError) -> tuple[type[Problem], Mapping[str, object]]:
    too_much = cast("RefundExceedsCreditError", error)
    return RefundExceedsCredit, {"amount": too_much.amount, "credit": too_much.credit}


MAKERS: Mapping[type[DomainError], _Maker] = {
    InvalidInputError: _invalid,
    NotFoundError: lambda _: (NotFound, NOTHING_MORE),
    NotAllowedError: lambda error: (
        NotAllowed,
        {"role": cast("NotAllowedError", error).role},
    ),
    IdempotencyKeyReusedError: lambda _: (IdempotencyKeyReused, NOTHING_MORE),
    AlreadyRegisteredError: _taken,
    ClassChangeTooEarlyError: _too_early,
    TooSoonToChangeError: _too_early,
    ClassChangeInArrearsError: lambda error: (
        InArrears,
        {"arrears_months": cast("ClassChangeInArrearsError", error).arrears_months},
    ),
    SecondPersonError: lambda _: (SecondPersonNeeded, NOTHING_MORE),
    ClaimStepError: _step,
    ComplaintClosedError: _step,
    RefundStepError: _step,
    RefundExceedsCreditError: _exceeds,
    DocumentsMissingError: _documents,
    NotEligibleError: _not_eligible,
}
"""Which type tells of an error; for all others `Refused` does. (What they hold is their own.)"""


def problem_of(
    error: DomainError,
    language: Language,
    *,
    members: tuple[type[Problem], ...],
    given: "DataclassInstance",
) -> Problem:
    """Tell of a refusal as the result of a mutation can: by its own type, or else as `Refused`.

    Its path leads to the field of the input `given` that it is about, if it is about one.
    """
    make = MAKERS.get(type(error))
    kind, values = (Refused, NOTHING_MORE) if make is None else make(error)
    if kind not in members:
        kind, values = Refused, NOTHING_MORE
    path = ["input", *map(camel, _place_of(error, given))]
    told = cast("Callable[..., Problem]", kind)  # the fields of `values` are those of `kind`
    return told(code=error.code, message=message_of(error, language), path=path, **values)


def _place_of(error: DomainError, given: "DataclassInstance") -> tuple[str, ...]:
    if isinstance(error, InvalidInputError | AlreadyRegisteredError):
        return error.path or path_to(camel(error.field), given)
    return ()
