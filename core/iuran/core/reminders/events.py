"""What families can be told. Each event has texts, so it is code; when it is told is data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Channel(StrEnum):
    """The ways to somebody; each needs an address of its own kind."""

    EMAIL = "EMAIL"
    WHATSAPP = "WHATSAPP"
    SMS = "SMS"


class Anchor(StrEnum):
    """From which day an event's days are counted, or that it follows something that happened."""

    DUE_DATE = "DUE_DATE"
    MONTH_END = "MONTH_END"
    STEP_END = "STEP_END"
    """The last day of the month in which a step of an instalment plan is to be paid."""
    WINDOW_END = "WINDOW_END"
    """The last day of the 45 days in which a stay in hospital can be fined."""
    OUTBOX = "OUTBOX"


class Need(StrEnum):
    """What must still be so when a message goes out."""

    NOTHING = "NOTHING"
    OPEN_BILL = "OPEN_BILL"
    OPEN_STEP = "OPEN_STEP"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """What an event is. Legal notices go out despite an opt-out, and again if in doubt."""

    anchor: Anchor
    needs: Need
    template: str
    follows: str | None = None
    """The kind of the event in the outbox that it tells of."""
    is_legal: bool = False
    at_any_hour: bool = False


EVENTS: Mapping[str, EventKind] = {
    "DUE_IN_7_DAYS": EventKind(anchor=Anchor.DUE_DATE, needs=Need.OPEN_BILL, template="due"),
    "DUE_IN_3_DAYS": EventKind(anchor=Anchor.DUE_DATE, needs=Need.OPEN_BILL, template="due"),
    "DUE_IN_1_DAY": EventKind(anchor=Anchor.DUE_DATE, needs=Need.OPEN_BILL, template="due"),
    "OVERDUE": EventKind(anchor=Anchor.DUE_DATE, needs=Need.OPEN_BILL, template="overdue"),
    "MONTH_ENDS_IN_3_DAYS": EventKind(
        anchor=Anchor.MONTH_END, needs=Need.OPEN_BILL, template="month_end"
    ),
    "MONTH_ENDS_IN_1_DAY": EventKind(
        anchor=Anchor.MONTH_END, needs=Need.OPEN_BILL, template="month_end"
    ),
    "STEP_DUE_IN_7_DAYS": EventKind(
        anchor=Anchor.STEP_END, needs=Need.OPEN_STEP, template="step_due"
    ),
    "STEP_DUE_IN_1_DAY": EventKind(
        anchor=Anchor.STEP_END, needs=Need.OPEN_STEP, template="step_due"
    ),
    "WINDOW_CLOSING": EventKind(
        anchor=Anchor.WINDOW_END, needs=Need.NOTHING, template="window_closing"
    ),
    "ACTIVATED": EventKind(
        anchor=Anchor.OUTBOX,
        needs=Need.NOTHING,
        template="activated",
        follows="membership.activated",
        is_legal=True,
    ),
    "REACTIVATED": EventKind(
        anchor=Anchor.OUTBOX,
        needs=Need.NOTHING,
        template="reactivated",
        follows="membership.reactivated",
        is_legal=True,
        at_any_hour=True,
    ),
    "SUSPENDED": EventKind(
        anchor=Anchor.OUTBOX,
        needs=Need.SUSPENDED,
        template="suspended",
        follows="membership.suspended",
        is_legal=True,
    ),
    "AUTODEBIT_FAILED": EventKind(
        anchor=Anchor.OUTBOX,
        needs=Need.OPEN_BILL,
        template="autodebit_failed",
        follows="autodebit.failed",
    ),
    "CLAIM_MOVED": EventKind(
        anchor=Anchor.OUTBOX, needs=Need.NOTHING, template="claim_moved", follows="claim.moved"
    ),
    "COMPLAINT_ANSWERED": EventKind(
        anchor=Anchor.OUTBOX,
        needs=Need.NOTHING,
        template="complaint_answered",
        follows="complaint.answered",
    ),
}

OF_A_MONTH = frozenset({Anchor.DUE_DATE, Anchor.MONTH_END})
PLANNED = tuple(event for event, kind in EVENTS.items() if kind.anchor is not Anchor.OUTBOX)
TOLD = tuple(event for event, kind in EVENTS.items() if kind.anchor is Anchor.OUTBOX)
