"""Slots around a day: which rules somebody may have to be told by on it."""

from collections.abc import Sequence
from datetime import date, timedelta

from iuran.core.months import CoverageMonth
from iuran.core.reminders.candidates import AnchoredSlot, anchor_of_day
from iuran.core.reminders.events import PLANNED, Anchor
from iuran.core.reminders.schedule import Rule, slots_of, window_slots_of

HOLIDAYS_IN_A_ROW_MAX = 8


def live_events(rules: Sequence[Rule], *, today: date) -> tuple[str, ...]:
    """Return the planned events that somebody may have to be told of on a WIB date."""
    return tuple(event for event in PLANNED if live_slots(rules, event, today=today))


def live_slots(rules: Sequence[Rule], event: str, *, today: date) -> list[AnchoredSlot]:
    """Return an event's slots whose time holds a WIB date in any of the zones."""
    return [
        one
        for one in slots_around(rules, today)
        if one.slot.rule.event == event and one.slot.is_live(today=today)
    ]


def slots_around(rules: Sequence[Rule], day: date) -> list[AnchoredSlot]:
    """Return the slots of a date's month, and of the windows that end soon after it."""
    month = CoverageMonth.of(day)
    found = [AnchoredSlot(slot=slot, anchor=month.ordinal) for slot in slots_of(rules, month)]
    days = [-rule.offset_days for rule in rules if rule.kind.anchor is Anchor.WINDOW_END]
    for ahead in range(max(days, default=-HOLIDAYS_IN_A_ROW_MAX) + HOLIDAYS_IN_A_ROW_MAX):
        last_day = day + timedelta(days=ahead)
        found += [
            AnchoredSlot(slot=slot, anchor=anchor_of_day(last_day))
            for slot in window_slots_of(rules, last_day)
        ]
    return found
