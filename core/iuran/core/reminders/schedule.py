"""The schedule: which events are told when, to which segments and over which channels.

Rules are rows with a first day; what is approved later for the same day goes first. A rule for a
segment goes before one for SELF_PAID, and that before one for ALL.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.reminders.events import EVENTS, OF_A_MONTH, Anchor, Channel, EventKind
from iuran.core.reminders.quiet import day_before_holidays

SELECT_RULES: LiteralString = """
    WITH known AS (
        SELECT event, segment, channel, effective_from, 0::bigint AS change_id, is_on, place,
               offset_days, at_hour, valid_days, fall_back_hours
        FROM reminder_rule
        UNION ALL
        SELECT c.event, c.segment, c.channel, c.effective_from, c.change_id, c.is_on, c.place,
               c.offset_days, c.at_hour, c.valid_days, c.fall_back_hours
        FROM reminder_rule_change AS c
        JOIN reminder_rule_approval AS a USING (change_id)
    ), for_segment AS (
        SELECT DISTINCT ON (k.event, s.segment, k.channel)
               k.event, s.segment, s.payer, k.channel, k.is_on, k.place, k.offset_days, k.at_hour,
               k.valid_days, k.fall_back_hours
        FROM known AS k
        JOIN segment AS s
          ON k.segment IN (s.segment, 'ALL') OR (k.segment = 'SELF_PAID' AND s.payer = 'FAMILY')
        WHERE k.effective_from <= $1
        ORDER BY k.event, s.segment, k.channel,
                 CASE k.segment WHEN s.segment THEN 0 WHEN 'SELF_PAID' THEN 1 ELSE 2 END,
                 k.effective_from DESC, k.change_id DESC
    )
    SELECT event, segment, payer = 'FAMILY' AS is_self_paid, channel, place, offset_days, at_hour,
           valid_days, fall_back_hours
    FROM for_segment
    WHERE is_on
    ORDER BY event, segment, place, channel
    LIMIT 2000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """That a segment is told of an event over a channel, and when; `at` is local time."""

    event: str
    segment: str
    channel: Channel
    place: int
    offset_days: int
    at: time
    valid_days: int
    fall_back_hours: int

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            event=row["event"],
            segment=row["segment"],
            channel=Channel(row["channel"]),
            place=row["place"],
            offset_days=row["offset_days"],
            at=row["at_hour"],
            valid_days=row["valid_days"],
            fall_back_hours=row["fall_back_hours"],
        )

    @property
    def kind(self) -> EventKind:
        """What it tells of."""
        return EVENTS[self.event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """When a rule's message goes out, and from when on it does not any more.

    Both are dates and times without a zone: those of the family's own.
    """

    rule: Rule
    sent_at: datetime
    expires_at: datetime

    def is_live(self, *, today: date) -> bool:
        """Whether a WIB date lies in its time, in any of the zones."""
        return self.sent_at.date() <= today <= self.expires_at.date()


async def rules_on(
    connection: Connection, day: date, *, channels: Collection[Channel] = tuple(Channel)
) -> tuple[Rule, ...]:
    """Return what is in force on a WIB date for the channels that an installation has.

    Whatever a rule says, of money only those are told who pay it themselves.
    """
    rows = await connection.fetch(SELECT_RULES, day)
    return tuple(
        Rule.of(row)
        for row in rows
        if row["channel"] in channels
        and row["event"] in EVENTS
        and (row["is_self_paid"] or row["event"] in {"CLAIM_MOVED", "COMPLAINT_ANSWERED"})
    )


def slots_of(rules: Sequence[Rule], month: CoverageMonth) -> tuple[Slot, ...]:
    """Return when the reminders of a month's bill or step go out.

    Those of a segment, channel and kind are a chain: each is good until the next one begins, so
    whatever was missed, a family never gets two at once, and none that comes too late.
    """
    planned = [rule for rule in rules if rule.kind.anchor in {*OF_A_MONTH, Anchor.STEP_END}]
    found: list[Slot] = []
    for _, chain in groupby(sorted(planned, key=_chain_of), key=_chain_of):
        found.extend(_chained([_slot(rule, anchor_day(rule, month)) for rule in chain]))
    return tuple(sorted(found, key=lambda slot: (slot.sent_at, slot.rule.segment, slot.rule.place)))


def window_slots_of(rules: Sequence[Rule], last_day: date) -> tuple[Slot, ...]:
    """Return when those are told whose window ends on a WIB date."""
    return tuple(_slot(rule, last_day) for rule in rules if rule.kind.anchor is Anchor.WINDOW_END)


def _chain_of(rule: Rule) -> tuple[str, str, bool]:
    return rule.segment, rule.channel, rule.kind.anchor is Anchor.STEP_END


def _chained(slots: list[Slot]) -> list[Slot]:
    """Let each end where the next begins; those that would begin with the next fall away."""
    ordered = sorted(slots, key=_begins)
    ended = [
        Slot(
            rule=slot.rule,
            sent_at=slot.sent_at,
            expires_at=min(slot.expires_at, follower.sent_at),
        )
        for slot, follower in pairwise(ordered)
    ]
    return [slot for slot in [*ended, *ordered[-1:]] if slot.sent_at < slot.expires_at]


def _begins(slot: Slot) -> tuple[datetime, Anchor, int]:
    return slot.sent_at, slot.rule.kind.anchor, slot.rule.offset_days


def anchor_day(rule: Rule, month: CoverageMonth) -> date:
    """Return the day from which a rule counts in a month."""
    return due_date_of(month) if rule.kind.anchor is Anchor.DUE_DATE else month.last_day


def _slot(rule: Rule, anchor: date) -> Slot:
    day = day_before_holidays(anchor + timedelta(days=rule.offset_days))
    last = day + timedelta(days=rule.valid_days - 1)
    if rule.kind.anchor is Anchor.DUE_DATE and rule.offset_days < 0:
        last = min(last, anchor)
    if rule.kind.anchor is Anchor.WINDOW_END:
        last = min(last, anchor)
    else:
        last = min(last, CoverageMonth.of(anchor).last_day)
    return Slot(
        rule=rule,
        sent_at=datetime.combine(day, rule.at),
        expires_at=datetime.combine(last + timedelta(days=1), time(0)),
    )


def due_date_of(month: CoverageMonth) -> date:
    """Return the day by which a month's bill is to be paid."""
    return month.first_day + timedelta(days=parameter("due_day", month.first_day) - 1)
