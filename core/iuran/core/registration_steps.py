"""The way of a registration: tracked steps, each with a deadline of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import LiteralString

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.regulation.rates import parameter
from iuran.core.working_days import working_days_after

INSERT_STEP: LiteralString = """
    INSERT INTO registration_step (family_id, membership_id, step, note, done_by, done_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (family_id, membership_id, step) DO NOTHING
    RETURNING step
"""

SELECT_STEPS: LiteralString = """
    SELECT step, note, done_by, done_at FROM registration_step
    WHERE family_id = $1 AND membership_id = $2
    LIMIT 20
"""

SELECT_FIRST_PAYMENT: LiteralString = """
    SELECT min(effective_at) FROM membership_event
    WHERE family_id = $1 AND membership_id = $2 AND cause = 'FIRST_PAYMENT'
"""

SELECT_REGISTERED: LiteralString = """
    SELECT min(recorded_at) FROM membership_event
    WHERE family_id = $1 AND membership_id = $2 AND cause = 'REGISTRATION'
"""

SELECT_MEMBERSHIPS: LiteralString = """
    SELECT membership_id FROM membership WHERE family_id = $1
    ORDER BY membership_id DESC
    LIMIT 20
"""

TEXT_LENGTH_MAX = 200
DOCUMENTS = (
    "family card (KK)",
    "identity card (KTP) of each adult",
    "copy of the bank book",
    "marriage book, if there is one",
    "birth papers or passport of minors",
    "tax number (NPWP), if there is one",
    "three photos 3x4",
)
"""What the public guides ask for; the photos and the bank book are of the payer."""


class RegistrationStep(StrEnum):
    """The steps in their order. The virtual account and the first payment come by themselves."""

    FORM = "FORM"
    DOCUMENTS = "DOCUMENTS"
    VERIFICATION = "VERIFICATION"
    VIRTUAL_ACCOUNT = "VIRTUAL_ACCOUNT"
    FIRST_PAYMENT = "FIRST_PAYMENT"
    E_ID = "E_ID"
    CARD = "CARD"


BY_THEMSELVES = {RegistrationStep.VIRTUAL_ACCOUNT, RegistrationStep.FIRST_PAYMENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """A step that a person did."""

    step: RegistrationStep
    note: str
    done_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """When a step was done, and the WIB dates between which it is to be, where there are any.

    `done_by` and `note` are of steps that a person did.
    """

    step: RegistrationStep
    done_at: datetime | None
    possible_from: date | None
    deadline: date | None
    done_by: str | None = None
    note: str | None = None

    def late(self, on: date) -> bool:
        """Whether the deadline has passed without the step."""
        return self.done_at is None and self.deadline is not None and on > self.deadline


async def record_step(
    connection: Connection, family_id: int, membership_id: int, done: DoneStep, *, at: datetime
) -> None:
    """Record a step that a person did; raises AlreadyRegisteredError if it was done before.

    Raises InvalidInputError for a step that comes by itself, a text of the wrong length, and a
    membership that the family does not have.
    """
    _check(done)
    try:
        recorded = await connection.fetchval(
            INSERT_STEP, family_id, membership_id, done.step.value, done.note, done.done_by, at
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise InvalidInputError(
            "membership", f"family {family_id} has no membership {membership_id}"
        ) from error
    if recorded is None:
        raise AlreadyRegisteredError(f"step {done.step}")


def _check(done: DoneStep) -> None:
    if done.step in BY_THEMSELVES:
        raise InvalidInputError("step", f"{done.step} comes by itself; record another one")
    for field, text in (("note", done.note), ("doneBy", done.done_by)):
        if not text.strip() or len(text) > TEXT_LENGTH_MAX:
            raise InvalidInputError(field, f"write 1 to {TEXT_LENGTH_MAX} letters")


async def memberships_of(connection: Connection, family_id: int) -> tuple[int, ...]:
    """Return the numbers of a family's memberships, the newest first."""
    rows = await connection.fetch(SELECT_MEMBERSHIPS, family_id)
    return tuple(int(row["membership_id"]) for row in rows)


async def registration_progress(
    connection: Connection, family_id: int, membership_id: int
) -> tuple[StepProgress, ...]:
    """Return all steps with their dates.

    Three periods that are often mixed up: the first payment 14 to 30 days after the virtual account
    (law), processing within 14 working days of documents and payment, and the card within 14 days
    of the payment (public guides).
    """
    rows = await connection.fetch(SELECT_STEPS, family_id, membership_id)
    people = {RegistrationStep(row["step"]): row for row in rows}
    done: dict[RegistrationStep, datetime | None] = {
        step: row["done_at"] for step, row in people.items()
    }
    done[RegistrationStep.VIRTUAL_ACCOUNT] = await connection.fetchval(
        SELECT_REGISTERED, family_id, membership_id
    )
    done[RegistrationStep.FIRST_PAYMENT] = await connection.fetchval(
        SELECT_FIRST_PAYMENT, family_id, membership_id
    )
    return tuple(_progress(step, done, people.get(step)) for step in RegistrationStep)


def _progress(
    step: RegistrationStep,
    done: Mapping[RegistrationStep, datetime | None],
    row: Record | None,
) -> StepProgress:
    possible_from, deadline = days_of_step(
        step,
        issued_at=done.get(RegistrationStep.VIRTUAL_ACCOUNT),
        papers_at=done.get(RegistrationStep.DOCUMENTS),
        paid_at=done.get(RegistrationStep.FIRST_PAYMENT),
    )
    return StepProgress(
        step=step,
        done_at=done.get(step),
        possible_from=possible_from,
        deadline=deadline,
        done_by=None if row is None else row["done_by"],
        note=None if row is None else row["note"],
    )


def days_of_step(
    step: RegistrationStep,
    *,
    issued_at: datetime | None,
    papers_at: datetime | None,
    paid_at: datetime | None,
) -> tuple[date | None, date | None]:
    """Return the WIB dates from and until which a step is to be done, where there are any.

    `issued_at` is when the virtual account was given out, `papers_at` when the documents were
    there, `paid_at` when the first payment was made.
    """
    possible_from = deadline = None
    if step is RegistrationStep.FIRST_PAYMENT and issued_at is not None:
        day = wib_date(issued_at)
        possible_from = day + timedelta(days=parameter("first_payment_earliest_days", day))
        deadline = day + timedelta(days=parameter("first_payment_latest_days", day))
    elif step is RegistrationStep.E_ID and paid_at is not None:
        day = wib_date(max(paid_at, papers_at or paid_at))
        deadline = working_days_after(day, parameter("processing_working_days_max", day))
    elif step is RegistrationStep.CARD and paid_at is not None:
        day = wib_date(paid_at)
        deadline = day + timedelta(days=parameter("card_issue_days_max", day))
    return possible_from, deadline
