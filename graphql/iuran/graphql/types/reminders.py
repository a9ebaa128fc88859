"""Reminders as the schema shows them: what a family was told, and what it will be."""

from datetime import datetime
from enum import StrEnum

import strawberry

from iuran.core.months import CoverageMonth
from iuran.graphql.compiler.declarations import Many, Source, of_family
from iuran.graphql.types.enums import publish


class ReminderChannel(StrEnum):
    """How a family is written to."""

    EMAIL = "EMAIL"
    WHATSAPP = "WHATSAPP"
    SMS = "SMS"


class ReminderEvent(StrEnum):
    """Of what families are told."""

    DUE_IN_7_DAYS = "DUE_IN_7_DAYS"
    DUE_IN_3_DAYS = "DUE_IN_3_DAYS"
    DUE_IN_1_DAY = "DUE_IN_1_DAY"
    OVERDUE = "OVERDUE"
    MONTH_ENDS_IN_3_DAYS = "MONTH_ENDS_IN_3_DAYS"
    MONTH_ENDS_IN_1_DAY = "MONTH_ENDS_IN_1_DAY"
    STEP_DUE_IN_7_DAYS = "STEP_DUE_IN_7_DAYS"
    STEP_DUE_IN_1_DAY = "STEP_DUE_IN_1_DAY"
    WINDOW_CLOSING = "WINDOW_CLOSING"
    ACTIVATED = "ACTIVATED"
    REACTIVATED = "REACTIVATED"
    SUSPENDED = "SUSPENDED"
    AUTODEBIT_FAILED = "AUTODEBIT_FAILED"
    CLAIM_MOVED = "CLAIM_MOVED"
    COMPLAINT_ANSWERED = "COMPLAINT_ANSWERED"


class ReminderState(StrEnum):
    """Where a reminder stands."""

    WAITING = "WAITING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


publish(
    ReminderChannel,
    "How a family is written to.",
    {
        ReminderChannel.EMAIL: "By e-mail.",
        ReminderChannel.WHATSAPP: "By WhatsApp.",
        ReminderChannel.SMS: "By SMS.",
    },
)
publish(
    ReminderEvent,
    "Of what families are told.",
    {
        ReminderEvent.DUE_IN_7_DAYS: "A bill is due in 7 days.",
        ReminderEvent.DUE_IN_3_DAYS: "A bill is due in 3 days.",
        ReminderEvent.DUE_IN_1_DAY: "A bill is due tomorrow.",
        ReminderEvent.OVERDUE: "A bill is late; care is still covered.",
        ReminderEvent.MONTH_ENDS_IN_3_DAYS: "Cover ends with the month, in 3 days.",
        ReminderEvent.MONTH_ENDS_IN_1_DAY: "Cover ends with the month, tomorrow.",
        ReminderEvent.STEP_DUE_IN_7_DAYS: "A step of an instalment plan is due in 7 days.",
        ReminderEvent.STEP_DUE_IN_1_DAY: "A step of an instalment plan is due tomorrow.",
        ReminderEvent.WINDOW_CLOSING: "The window in which inpatient care is fined ends.",
        ReminderEvent.ACTIVATED: "Cover began.",
        ReminderEvent.REACTIVATED: "Cover came back.",
        ReminderEvent.SUSPENDED: "Cover ended, since a month was not paid.",
        ReminderEvent.AUTODEBIT_FAILED: "A bank could not collect a contribution.",
        ReminderEvent.CLAIM_MOVED: "A claim was looked at, decided or paid.",
        ReminderEvent.COMPLAINT_ANSWERED: "A complaint was answered.",
    },
)
publish(
    ReminderState,
    "Where a reminder stands.",
    {
        ReminderState.WAITING: "Planned, or waiting for the hours in which people are awake.",
        ReminderState.SENT: "Sent.",
        ReminderState.UNKNOWN: "Handed over; whether it arrived is not known.",
        ReminderState.CANCELLED: "Not sent, because it was no longer true, as after a payment.",
        ReminderState.EXPIRED: "Not sent, because it was too late.",
        ReminderState.FAILED: "Could not be delivered.",
    },
)


@strawberry.type(
    description="A message to a family (pengingat): of a bill that is due, of a suspension, of a "
    "claim that moved. One for each channel that was tried."
)
class Reminder:
    """A reminder."""

    event: ReminderEvent = strawberry.field(description="What it tells.")
    channel: ReminderChannel = strawberry.field(description="How it is sent.")
    state: ReminderState = strawberry.field(description="Where it stands.")
    coverage_month: CoverageMonth = strawberry.field(description="The month that it is about.")
    scheduled_at: datetime = strawberry.field(description="When it was planned.")
    due_at: datetime | None = strawberry.field(
        description="When it is to be sent; null once it does not wait any more."
    )
    closed_at: datetime | None = strawberry.field(
        description="When it was sent or given up; null while it waits."
    )
    reason: str | None = strawberry.field(description="Why it was not sent, if it was not.")


REMINDER = Source(
    type_name="Reminder",
    table="reminder AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "event": "{row}.event",
        "channel": "{row}.channel",
        "state": "{row}.state",
        "coverageMonth": "{row}.coverage_month",
        "scheduledAt": "{row}.scheduled_at",
        "dueAt": "(SELECT q.due_at FROM reminder_queue AS q WHERE q.family_id = {row}.family_id "
        "AND q.membership_id = {row}.membership_id AND q.coverage_month = {row}.coverage_month "
        "AND q.event = {row}.event AND q.channel = {row}.channel "
        "AND q.occurrence = {row}.occurrence)",
        "closedAt": "{row}.closed_at",
        "reason": "{row}.reason",
    },
)
REMINDERS_OF_FAMILY = Many(
    target="Reminder",
    where="{row}.family_id = {parent}.family_id",
    order="{row}.scheduled_at DESC, {row}.membership_id, {row}.event, {row}.channel, "
    "{row}.occurrence",
    limit="100",
)
