"""The preview of a day's messages as the schema shows it."""

from datetime import date, datetime
from typing import Self

import strawberry

from iuran.core.reminders.preview import Example, Preview, PreviewGroup
from iuran.graphql.compiler.access import of_clockwork
from iuran.graphql.compiler.declarations import Attribute, Source
from iuran.graphql.global_ids import GlobalId, id_of
from iuran.graphql.types.enums import Segment
from iuran.graphql.types.reminders import ReminderChannel, ReminderEvent

LIST = "ReminderPreviewCursor"


@strawberry.type(description="A message that would go out. Its reader is masked for everybody.")
class PreviewedMessage:
    """An example."""

    family_id: strawberry.ID = strawberry.field(description="The ID of the family that it is for.")
    name: str = strawberry.field(description="The name of who pays, masked.")
    address: str = strawberry.field(description="His e-mail address or phone number, masked.")
    due_at: datetime = strawberry.field(description="When it would go out.")

    @classmethod
    def of(cls, example: Example) -> Self:
        """Show an example."""
        return cls(
            family_id=id_of("Family", example.family_id),
            name=example.name,
            address=example.address,
            due_at=example.due_at,
        )


@strawberry.type(description="Messages of a kind that would go out, counted, and some of them.")
class PreviewedMessages:
    """What is counted together."""

    event: ReminderEvent = strawberry.field(description="What they tell.")
    channel: ReminderChannel = strawberry.field(description="How they would be sent.")
    segment: Segment = strawberry.field(description="To which segment.")
    messages: int = strawberry.field(description="How many.")
    examples: list[PreviewedMessage] = strawberry.field(
        description="At most three: those of the families looked at first."
    )

    @classmethod
    def of(cls, group: PreviewGroup, preview: Preview) -> Self:
        """Show a group of a preview."""
        return cls(
            event=ReminderEvent(group.event),
            channel=ReminderChannel(group.channel),
            segment=Segment(group.segment),
            messages=preview.counts[group],
            examples=[PreviewedMessage.of(one) for one in preview.examples[group]],
        )


@strawberry.type(
    description="What would go out on a day to some families, as far as it is known now; nothing "
    "is sent. Payments until then make it less. Notices of what happens until then, and of bills "
    "of a month that has not begun, are not among it."
)
class ReminderPreview:
    """A preview of families in a row."""

    day: date = strawberry.field(description="The day, in Jakarta.")
    groups: list[PreviewedMessages] = strawberry.field(description="By event, channel and segment.")
    messages: int = strawberry.field(description="How many messages in all groups.")
    families_seen: int = strawberry.field(
        description="How many family IDs were looked at: at most 20,000."
    )
    is_whole: bool = strawberry.field(
        description="Whether no families are left behind these. If false, ask again with "
        "`endCursor` as `after`, and add up."
    )
    end_cursor: str = strawberry.field(
        description="The place behind the last family that was looked at."
    )

    @classmethod
    def of(cls, preview: Preview) -> Self:
        """Show a preview."""
        return cls(
            day=preview.day,
            groups=[PreviewedMessages.of(one, preview) for one in sorted(preview.counts)],
            messages=sum(preview.counts.values()),
            families_seen=preview.families_done,
            is_whole=preview.is_whole,
            end_cursor=str(GlobalId(type_name=LIST, key=(preview.family_to,))),
        )


def _shown(type_name: str, *names: str) -> Source:
    return Source(
        type_name=type_name,
        table="(SELECT) AS {row}",
        access=of_clockwork(),
        fields={name: Attribute(name) for name in names},
    )


PREVIEWED_MESSAGE = _shown("PreviewedMessage", "familyId", "name", "address", "dueAt")
PREVIEWED_MESSAGES = _shown(
    "PreviewedMessages", "event", "channel", "segment", "messages", "examples"
)
REMINDER_PREVIEW = _shown(
    "ReminderPreview", "day", "groups", "messages", "familiesSeen", "isWhole", "endCursor"
)
"""No row stands behind them: only resolvers show a preview."""
