"""Who is to be told of what, as SQL that scheduling and the preview share.

Each answers families $1 to $2 at the instant $3 and is given slots as columns of arrays, $4 to $10:
event, segment, channel, anchor (a month's ordinal, or a day as YYYYMMDD), local begin, local end,
and hours until the next channel; $11 says which months or days are asked for. The channel is the
first that its reader wants, has not opted out of and has an address for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.reminders.schedule import Slot

_COLUMNS = """
    SELECT x.family_id, x.membership_id, x.coverage_month, way.event, way.channel, x.occurrence,
           x.details, x.segment, x.time_zone, x.payer_name, way.address, x.needs,
           way.sent_at AS due_at, way.expires_at, way.fall_back_hours
    FROM (
"""

_WAY = """
    ) AS x
    CROSS JOIN LATERAL (
        SELECT DISTINCT ON (s.event) s.event, s.channel, s.sent_at, s.expires_at, s.fall_back_hours,
               s.address
        FROM (
            SELECT r.event, r.channel, r.fall_back_hours, r.place,
                   r.sent_at AT TIME ZONE x.time_zone AS sent_at,
                   r.expires_at AT TIME ZONE x.time_zone AS expires_at,
                   CASE r.channel WHEN 'EMAIL' THEN x.email ELSE x.phone END AS address
            FROM unnest($4::text[], $5::text[], $6::text[], $7::integer[], $8::timestamp[],
                        $9::timestamp[], $10::smallint[])
                WITH ORDINALITY AS r (event, segment, channel, anchor, sent_at, expires_at,
                                      fall_back_hours, place)
            WHERE r.segment = x.segment AND r.anchor = x.anchor
        ) AS s
        WHERE s.expires_at > $3 AND s.address IS NOT NULL
          AND s.channel <> ALL (coalesce(x.opted_out, '{}'))
        ORDER BY s.event, array_position(x.channels, s.channel) NULLS LAST, s.place
    ) AS way
    WHERE NOT EXISTS (
        SELECT FROM reminder AS r
        WHERE r.family_id = x.family_id AND r.membership_id = x.membership_id
          AND r.coverage_month = x.coverage_month AND r.event = way.event
          AND r.occurrence = x.occurrence)
"""

_READER = """
    JOIN family AS f ON f.family_id = m.family_id
    JOIN participant AS p
      ON p.family_id = f.family_id AND p.participant_id = f.payer_participant_id
    LEFT JOIN contact_preference AS c
      ON c.family_id = p.family_id AND c.participant_id = p.participant_id
"""

_READ = """
    m.segment, f.time_zone, p.name AS payer_name, p.email, nullif(p.phone, '') AS phone,
    c.channels, c.opted_out
"""

OF_BILLS: LiteralString = "".join(  # noqa: FLY002 - an f-string would look like values
    (
        _COLUMNS,
        """
        SELECT b.family_id, b.membership_id, b.coverage_month::integer AS coverage_month,
               b.coverage_month::integer AS anchor, 0::bigint AS occurrence, '{}'::jsonb AS details,
               'OPEN_BILL' AS needs,""",
        _READ,
        """
        FROM bill AS b
        JOIN membership AS m ON m.family_id = b.family_id AND m.membership_id = b.membership_id
    """,
        _READER,
        """
        WHERE b.family_id BETWEEN $1 AND $2 AND b.coverage_month = ANY ($11::integer[])
          AND b.state = 'OPEN' AND b.amount > 0 AND m.plan_id IS NULL
    """,
        _WAY,
    )
)

OF_STEPS: LiteralString = "".join(  # noqa: FLY002 - an f-string would look like values
    (
        _COLUMNS,
        """
        SELECT i.family_id, i.membership_id, t.month AS coverage_month, t.month AS anchor,
               0::bigint AS occurrence,
               jsonb_build_object(
                   'step', t.number, 'steps', i.steps,
                   'amount', CASE t.number
                       WHEN i.steps THEN i.planned_amount - i.step_amount * (i.steps - 1)
                       ELSE i.step_amount END) AS details,
               'OPEN_STEP' AS needs,""",
        _READ,
        """
        FROM instalment_plan AS i
        CROSS JOIN LATERAL (
            SELECT a.month, a.month - i.first_month + 1 AS number
            FROM unnest($11::integer[]) AS a (month)
        ) AS t
        JOIN membership AS m ON m.family_id = i.family_id AND m.membership_id = i.membership_id
    """,
        _READER,
        """
        WHERE i.family_id BETWEEN $1 AND $2 AND i.state = 'RUNNING'
          AND t.number BETWEEN 1 AND i.steps AND i.paid_steps < t.number
    """,
        _WAY,
    )
)

OF_WINDOWS: LiteralString = "".join(  # noqa: FLY002 - an f-string would look like values
    (
        _COLUMNS,
        """
        SELECT w.family_id, w.membership_id, coverage_month_of(w.last_day) AS coverage_month,
               to_char(w.last_day, 'YYYYMMDD')::integer AS anchor, w.window_id AS occurrence,
               jsonb_build_object('window_last_day', w.last_day) AS details, 'NOTHING' AS needs,""",
        _READ,
        """
        FROM fine_window AS w
        JOIN membership AS m
          ON m.family_id = w.family_id AND m.membership_id = w.membership_id AND m.state = 'ACTIVE'
    """,
        _READER,
        """
        WHERE w.family_id BETWEEN $1 AND $2
          AND to_char(w.last_day, 'YYYYMMDD')::integer = ANY ($11::integer[])
          AND NOT EXISTS (
              SELECT FROM fine_window AS later
              WHERE later.family_id = w.family_id AND later.membership_id = w.membership_id
                AND later.window_id > w.window_id)
    """,
        _WAY,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchoredSlot:
    """A slot and the day or month that it belongs to, as the SQL above writes it."""

    slot: Slot
    anchor: int


SlotColumns = tuple[
    list[str], list[str], list[str], list[int], list[datetime], list[datetime], list[int], list[int]
]


def columns_of(slots: Sequence[AnchoredSlot]) -> SlotColumns:
    """Return slots as the columns $4 to $11; the rules' own order is the order of channels."""
    ordered = sorted(slots, key=lambda one: (one.slot.rule.place, one.slot.rule.channel))
    rules = [one.slot.rule for one in ordered]
    return (
        [rule.event for rule in rules],
        [rule.segment for rule in rules],
        [rule.channel.value for rule in rules],
        [one.anchor for one in ordered],
        [one.slot.sent_at for one in ordered],
        [one.slot.expires_at for one in ordered],
        [rule.fall_back_hours for rule in rules],
        sorted({one.anchor for one in ordered}),
    )


def anchor_of_day(day: date) -> int:
    """Return a day as the SQL above writes it."""
    return day.year * 10_000 + day.month * 100 + day.day
