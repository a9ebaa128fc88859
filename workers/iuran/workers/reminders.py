"""Reminders ("pengingat"): what a message is about, and what became of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self, TypedDict

from iuran.core.database.pool import Record
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import Channel, Need

PAID = "PAID"


class Verdict(StrEnum):
    """Whether a message may leave at this moment, and why not."""

    SEND = "SEND"
    PAID = "PAID"
    OPTED_OUT = "OPTED_OUT"
    NOT_SELF_PAID = "NOT_SELF_PAID"
    LATE = "LATE"


class ReminderState(StrEnum):
    """What became of a message."""

    WAITING = "WAITING"
    SENT = "SENT"
    """A relay or provider took it; `reminder_report` says whether it arrived."""
    UNKNOWN = "UNKNOWN"
    """It was handed over and we never learned whether it was taken; it is not sent again."""
    CANCELLED = "CANCELLED"
    """There was no need any more: paid, or nobody to write to. See `reason`."""
    EXPIRED = "EXPIRED"
    """Its time went by before it could be sent."""
    FAILED = "FAILED"
    """It was refused for good, or too often. See `reason`."""


class Details(TypedDict, total=False):
    """What an event told, for the text of its notice; dates and instants as ISO text."""

    membership_id: int
    effective_at: str
    window_last_day: str | None
    step: int
    steps: int
    amount: int
    state: str
    day: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderName:
    """What makes a message the same message."""

    family_id: int
    membership_id: int
    month: CoverageMonth
    event: str
    channel: Channel
    occurrence: int

    @property
    def key(self) -> tuple[int, int, int, str, str, int]:
        """The primary key, as PostgreSQL has it."""
        return (
            self.family_id,
            self.membership_id,
            self.month.ordinal,
            self.event,
            self.channel,
            self.occurrence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedReminder:
    """A message that is ours to send, with everything that its text needs.

    The amount is all that is owed for this and earlier months, in rupiah: what a channel takes.
    """

    name: ReminderName
    claims: int
    failures: int
    language: str
    time_zone: str
    payer_name: str
    address: str | None
    customer_number: str | None
    details: Details
    due_date: date | None
    amount_owed: Rupiah
    arrears_months: int
    needs: Need
    is_legal: bool
    is_urgent: bool
    was_handed: bool

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            name=ReminderName(
                family_id=row["family_id"],
                membership_id=row["membership_id"],
                month=CoverageMonth.of_ordinal(row["coverage_month"]),
                event=row["event"],
                channel=Channel(row["channel"]),
                occurrence=row["occurrence"],
            ),
            claims=row["claims"],
            failures=row["failures"],
            language=row["language"],
            time_zone=row["time_zone"],
            payer_name=row["name"] or "",
            address=row["address"],
            customer_number=row["customer_number"],
            details=row["details"],
            due_date=row["due_date"],
            amount_owed=Rupiah(row["amount_owed"]),
            arrears_months=row["arrears_months"],
            needs=Need(row["needs"]),
            is_legal=row["is_legal"],
            is_urgent=row["urgency"] == 0,
            was_handed=row["was_handed"],
        )

    @property
    def needless_because(self) -> str | None:
        """Why it cannot be sent whatever happens, if so."""
        if self.address is None:
            return "NO_ADDRESS"
        if self.needs is not Need.NOTHING and self.customer_number is None:
            return "NO_VIRTUAL_ACCOUNT"
        return None
