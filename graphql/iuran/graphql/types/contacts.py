"""How people are written to, as the schema shows it: preferences, the schedule, the queue."""

from datetime import date
from typing import Final

import strawberry

from iuran.core.reminders.schedule import SELECT_RULES
from iuran.graphql.compiler.access import of_clockwork, of_officers
from iuran.graphql.compiler.declarations import Fragment, Many, One, Source, of_family
from iuran.graphql.compiler.statements import inlined
from iuran.graphql.types.enums import Language, Segment
from iuran.graphql.types.reminders import ReminderChannel, ReminderEvent


@strawberry.type(
    description="How somebody wants to be written to. Notices of whether care is covered come "
    "even over channels that he opted out of."
)
class ContactPreference:
    """A preference."""

    channels: list[ReminderChannel] = strawberry.field(
        description="What he reads, first to last; the others follow in the schedule's order."
    )
    opted_out: list[ReminderChannel] = strawberry.field(description="What he wants no longer.")
    language: Language | None = strawberry.field(
        description="In which language; null for the installation's own."
    )


@strawberry.type(
    description="A rule of the reminders' schedule as it holds today: of what a segment is told "
    "over a channel, and when."
)
class ReminderRule:
    """A rule."""

    event: ReminderEvent = strawberry.field(description="Of what is told.")
    segment: Segment = strawberry.field(description="Who is told.")
    channel: ReminderChannel = strawberry.field(description="Over which channel.")
    place: int = strawberry.field(description="The order in which channels are tried, from 1.")
    offset_days: int = strawberry.field(
        description="Days after the event's own day; negative before it."
    )
    at: str = strawberry.field(description="At what time, `HH:MM`, where the family lives.")
    valid_days: int = strawberry.field(description="After how many days it is too late to tell.")
    fall_back_hours: int = strawberry.field(
        description="After how many hours without a delivery the next channel is tried."
    )


@strawberry.type(
    description="Messages of a kind that are planned and wait to go out on a day. Those that the "
    "schedule will plan later, and those of things that have not happened, are not among them."
)
class ReminderQueueFigure:
    """Waiting messages that are alike."""

    day: date = strawberry.field(description="The day on which they are due, in Jakarta.")
    event: ReminderEvent = strawberry.field(description="What they tell.")
    channel: ReminderChannel = strawberry.field(description="How they are sent.")
    messages: int = strawberry.field(description="How many.")


_QUEUE: Final[Fragment] = """(
    SELECT wib_date(q.due_at) AS day, q.event, q.channel, count(*) AS messages
    FROM reminder_queue AS q
    WHERE q.due_at < {now} + interval '7 days'
    GROUP BY 1, 2, 3
) AS {row}"""

CONTACT_PREFERENCE = Source(
    type_name="ContactPreference",
    table="contact_preference AS {row}",
    access=of_family("{row}.family_id"),
    fields={
        "channels": "{row}.channels",
        "optedOut": "{row}.opted_out",
        "language": "{row}.language",
    },
)
REMINDER_RULE = Source(
    type_name="ReminderRule",
    table="(" + inlined(SELECT_RULES, "{today}") + ") AS {row}",
    access=of_officers(),
    fields={
        "event": "{row}.event",
        "segment": "{row}.segment",
        "channel": "{row}.channel",
        "place": "{row}.place::integer",
        "offsetDays": "{row}.offset_days::integer",
        "at": "to_char({row}.at_hour, 'HH24:MI')",
        "validDays": "{row}.valid_days::integer",
        "fallBackHours": "{row}.fall_back_hours::integer",
    },
)
REMINDER_QUEUE_FIGURE = Source(
    type_name="ReminderQueueFigure",
    table=_QUEUE,
    access=of_clockwork(),
    fields={
        "day": "{row}.day",
        "event": "{row}.event",
        "channel": "{row}.channel",
        "messages": "{row}.messages",
    },
)
PREFERENCE_OF_PARTICIPANT = One(
    target="ContactPreference",
    where="{row}.family_id = {parent}.family_id AND {row}.participant_id = {parent}.participant_id",
)
REMINDER_RULES = Many(
    target="ReminderRule",
    where="true",
    order="{row}.event, {row}.segment, {row}.place, {row}.channel",
    limit="2000",
)
REMINDER_QUEUE = Many(
    target="ReminderQueueFigure",
    where="true",
    order="{row}.day, {row}.event, {row}.channel",
    limit="500",
)
