"""The way of a registration: tracked steps, each with a deadline of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError
from iuran.core.regulation.rates import parameter
from iuran.core.working_days import working_days_after

INSERT_STEP: LiteralString = """
    INSERT INTO registration_step (family_id, membership_id, step, note, done_by, done_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (family_id, membership_id, step) DO NOTHING
    RETURNING step
"""

SELECT_STEPS: LiteralString = """
    SELECT step, done_at FROM registration_step
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneStep:
    """A step that a person did."""

    step: RegistrationStep
    note: str
    done_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """When a step was done, and the WIB dates between which it is to be, where there are any."""

    step: RegistrationStep
    done_at: datetime | None
    possible_from: date | None
    deadline: date | None

    def late(self, on: date) -> bool:
        """Whether the deadline has passed without the step."""
        return self.done_at is None and self.deadline is not None and on > self.deadline


async def record_step(
    connection: Connection, family_id: int, membership_id: int, done: DoneStep, *, at: datetime
) -> None:
    """Record a step that a person did; raises AlreadyRegisteredError if it was done before."""
    recorded = await connection.fetchval(
        INSERT_STEP, family_id, membership_id, done.step.value, done.note, done.done_by, at
    )
    if recorded is None:
        raise AlreadyRegisteredError("step")


async def registration_progress(
    connection: Connection, family_id: int, membership_id: int
) -> tuple[StepProgress, ...]:
    """Return all steps with their dates.

    Three periods that are often mixed up: the first payment 14 to 30 days after the virtual account
    (law), processing within 14 working days of documents and payment, and the card within 14 days
    of the payment (public guides).
    """
    rows = await connection.fetch(SELECT_STEPS, family_id, membership_id)
    done = {RegistrationStep(row["step"]): row["done_at"] for row in rows}
    done[RegistrationStep.VIRTUAL_ACCOUNT] = await connection.fetchval(
        SELECT_REGISTERED, family_id, membership_id
    )
    done[RegistrationStep.FIRST_PAYMENT] = await connection.fetchval(
        SELECT_FIRST_PAYMENT, family_id, membership_id
    )
    return tuple(_progress(step, done) for step in RegistrationStep)


def _progress(
    step: RegistrationStep, done: Mapping[RegistrationStep, datetime | None]
) -> StepProgress:
    possible_from = deadline = None
    issued = done.get(RegistrationStep.VIRTUAL_ACCOUNT)
    paid = done.get(RegistrationStep.FIRST_PAYMENT)
    if step is RegistrationStep.FIRST_PAYMENT and issued is not None:
        day = wib_date(issued)
        possible_from = day + timedelta(days=parameter("first_payment_earliest_days", day))
        deadline = day + timedelta(days=parameter("first_payment_latest_days", day))
    elif step is RegistrationStep.E_ID and paid is not None:
        papers = done.get(RegistrationStep.DOCUMENTS) or paid
        day = wib_date(max(paid, papers))
        deadline = working_days_after(day, parameter("processing_working_days_max", day))
    elif step is RegistrationStep.CARD and paid is not None:
        day = wib_date(paid)
        deadline = day + timedelta(days=parameter("card_issue_days_max", day))
    return StepProgress(
        step=step, done_at=done.get(step), possible_from=possible_from, deadline=deadline
    )
