"""When families are told what: a change that one operator proposes and another approves."""

from datetime import date, time

import strawberry

from iuran.core.errors import InvalidInputError
from iuran.core.reminders import rule_changes
from iuran.core.reminders.events import Channel
from iuran.core.reminders.schedule import Rule
from iuran.graphql.changes import Once, Payload
from iuran.graphql.identity import Role
from iuran.graphql.mutations.acting import Acting
from iuran.graphql.mutations.declaring import mutation
from iuran.graphql.problems import SecondPersonNeeded
from iuran.graphql.types.reminders import ReminderChannel, ReminderEvent


@strawberry.input(description="A rule of the schedule, as it is to be from a day on.")
class ProposeReminderRuleInput(Once):
    """A rule."""

    event: ReminderEvent = strawberry.field(description="What is told.")
    segment: str = strawberry.field(
        description="Whom: a segment such as `PBPU_SELF`, `SELF_PAID` for all who pay themselves, "
        "or `ALL`. The narrowest rule counts."
    )
    channel: ReminderChannel = strawberry.field(description="How.")
    effective_from: date = strawberry.field(description="The first day; tomorrow or later.")
    is_on: bool = strawberry.field(
        default=True, description="Whether it is told; a notice of the legal status always is."
    )
    place: int = strawberry.field(
        default=1, description="Which place the channel has, 1 to 9; 1 is tried first."
    )
    offset_days: int = strawberry.field(
        default=0, description="Days after the day that the event is about; before it, negative."
    )
    at: str = strawberry.field(
        default="09:00", description="The time of day where the family lives, `HH:MM`, 08:00-19:59."
    )
    valid_days: int = strawberry.field(
        default=3, description="For how many days it may still go out, 1 to 60."
    )
    fall_back_hours: int = strawberry.field(
        default=24, description="After how many hours the next channel is tried, 1 to 240."
    )
    reason: str = strawberry.field(description="Why.")


@strawberry.type(description="The change is recorded, and waits for a second person.")
class ProposeReminderRulePayload(Payload):
    """A proposed change."""

    change_number: int = strawberry.field(
        description="What the second person approves; nothing is in force yet."
    )


@strawberry.input(description="A change of the schedule that another person proposed.")
class ApproveReminderRuleInput(Once):
    """An approval."""

    change_number: int = strawberry.field(description="What was proposed.")


@strawberry.type(description="The change is in force from its first day on.")
class ApproveReminderRulePayload(Payload):
    """An approved change."""


@mutation(
    Role.OPERATOR,
    description="Propose when a segment is told of an event; a second person approves it.",
)
async def propose_reminder_rule(
    acting: Acting, given: ProposeReminderRuleInput
) -> ProposeReminderRulePayload:
    """Propose a rule."""
    rule = Rule(
        event=ReminderEvent(given.event).value,
        segment=given.segment,
        channel=Channel(ReminderChannel(given.channel)),
        place=given.place,
        offset_days=given.offset_days,
        at=_time(given.at),
        valid_days=given.valid_days,
        fall_back_hours=given.fall_back_hours,
    )
    change = rule_changes.RuleChange(
        rule=rule,
        effective_from=given.effective_from,
        is_on=given.is_on,
        reason=given.reason,
        proposed_by=acting.by,
    )
    number = await rule_changes.propose(acting.connection, change, at=acting.at)
    return ProposeReminderRulePayload(change_number=number)


@mutation(
    Role.OPERATOR,
    description="Put a change of the schedule in force that another person proposed.",
    problems=(SecondPersonNeeded,),
)
async def approve_reminder_rule(
    acting: Acting, given: ApproveReminderRuleInput
) -> ApproveReminderRulePayload:
    """Approve a rule."""
    await rule_changes.approve(
        acting.connection, given.change_number, approved_by=acting.by, at=acting.at
    )
    return ApproveReminderRulePayload()


def _time(text: str) -> time:
    try:
        at = time.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("at", 'write HH:MM, such as "09:00"') from error
    if at.tzinfo is not None:
        raise InvalidInputError("at", "give no offset: it is the time where the family lives")
    return at
