"""`iuran reminders`: the schedule of messages, changes by two persons, and what would go out."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from iuran.core.clock import WIB, wib_date
from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import Anchor, Channel
from iuran.core.reminders.preview import Preview, PreviewGroup, preview
from iuran.core.reminders.rule_changes import (
    RuleChange,
    WaitingChange,
    approve,
    propose,
    waiting_changes,
)
from iuran.core.reminders.schedule import Rule, Slot, rules_on, slots_of
from iuran.core.segments import Segment
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import err, run, say, write_json, write_table
from iuran.deploy.messaging import new_carriers
from iuran.deploy.settings import Settings

_MANY_SEGMENTS = 4
_SELF_PAID = {Segment.PBPU_SELF.value, Segment.BP_SELF.value}

app = typer.Typer(no_args_is_help=True, help="See and change when families are told what.")
DayOption = Annotated[
    str | None, typer.Option("--day", help="WIB date, YYYY-MM-DD.", show_default="tomorrow")
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does this.", show_default="your user name")
]


@app.command()
def schedule(*, day: DayOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Show what is in force on a day (--day, else today), and which changes wait for approval."""
    rules, waiting, on = run(_schedule(data, day))
    if json:
        write_json({"day": on, "rules": [_as_json(rule) for rule in rules]})
        return
    write_table(
        f"Schedule on {on}",
        ("Event", "When", "Channels", "Segments"),
        _rows(rules, on),
        wide="Segments",
    )
    if waiting:
        write_table(
            "Waiting for a second person",
            ("Change", "Event", "Segment", "Channel", "From", "Proposed by", "Why"),
            [_waiting_row(one) for one in waiting],
            wide="Why",
        )


@app.command("propose")
def propose_(  # noqa: PLR0913 - each is one option of the command
    *,
    event: Annotated[str, typer.Argument(help="Such as OVERDUE; `schedule` shows all.")],
    channel: Annotated[Channel, typer.Argument(help="The channel.")],
    reason: Annotated[str, typer.Option(help="Why, for who approves and for the record.")],
    segment: Annotated[str, typer.Option(help="A segment, SELF_PAID or ALL.")] = "SELF_PAID",
    days: Annotated[int, typer.Option(help="Days from the due date or end; before is < 0.")] = 0,
    at: Annotated[str, typer.Option(help="Local time, HH:MM.")] = "09:00",
    place: Annotated[int, typer.Option(help="Order among the channels; 1 is first.")] = 1,
    valid_days: Annotated[int, typer.Option(help="For how many days it is of use.")] = 3,
    fall_back_hours: Annotated[
        int, typer.Option(help="Hours without a delivery until the next channel.")
    ] = 12,
    off: Annotated[bool, typer.Option("--off", help="Switch it off.")] = False,
    day: Annotated[str | None, typer.Option("--from", help="First day.")] = None,
    by: ByOption = None,
    data: DataOption = None,
) -> None:
    """Propose a change of the schedule, from tomorrow or a later day on."""
    rule = Rule(
        event=event.upper(),
        segment=segment.upper(),
        channel=channel,
        place=place,
        offset_days=days,
        at=_time(at),
        valid_days=valid_days,
        fall_back_hours=fall_back_hours,
    )
    change_id = run(_propose(data, rule, day, is_on=not off, reason=reason, by=by or getuser()))
    say(f"Change {change_id} waits: another person approves it.")
    say(f"  iuran reminders approve {change_id} --by <who>")


@app.command("approve")
def approve_(
    *,
    change: Annotated[int, typer.Argument(help="Number of the change.")],
    by: ByOption = None,
    data: DataOption = None,
) -> None:
    """Approve a change that somebody else proposed."""
    run(_approve(data, change, by or getuser()))
    say(f"Change {change} is approved; it holds from its first day on.")


@app.command("preview")
def preview_(*, day: DayOption = None, data: DataOption = None, json: JsonOption = False) -> None:
    """Show what would go out on a day, by event, channel and segment; nothing is sent."""
    found = run(_preview(data, day))
    groups = sorted(found.counts)
    if json:
        total = sum(found.counts.values())
        write_json(
            {
                "day": found.day,
                "messages": total,
                "groups": [_group_json(found, group) for group in groups],
            }
        )
        return
    write_table(
        f"What would go out on {found.day} (WIB)",
        ("Event", "Channel", "Segment", "Messages", "For example"),
        [
            (
                group.event,
                group.channel,
                group.segment,
                found.counts[group],
                ", ".join(f"{one.name} {one.address}" for one in found.examples[group]),
            )
            for group in groups
        ],
        wide="For example",
    )
    say(f"{sum(found.counts.values())} messages. Nothing was sent; payments make it less.")


async def _schedule(
    data: Path | None, day: str | None
) -> tuple[tuple[Rule, ...], tuple[WaitingChange, ...], date]:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        on = wib_date(at) if day is None else _date(day)
        return (
            await rules_on(desk.connection, on),
            await waiting_changes(desk.connection, at=at),
            on,
        )


async def _propose(
    data: Path | None, rule: Rule, day: str | None, *, is_on: bool, reason: str, by: str
) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        change = RuleChange(
            rule=rule,
            effective_from=wib_date(at) + timedelta(days=1) if day is None else _date(day),
            is_on=is_on,
            reason=reason,
            proposed_by=by,
        )
        return await propose(desk.connection, change, at=at)


async def _approve(data: Path | None, change: int, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await approve(desk.connection, change, approved_by=by, at=desk.clock.now())


async def _preview(data: Path | None, day: str | None) -> Preview:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        on = wib_date(at) + timedelta(days=1) if day is None else _date(day)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        found = Preview(day=on)
        with Progress(*columns, console=err, transient=True) as bars:
            task = bars.add_task("families", total=None)
            looked = preview(desk.connection, on, at=at, channels=_channels(desk.settings))
            async for found in looked:
                bars.update(task, completed=found.families_done, total=found.families_total)
        return found


def _channels(settings: Settings) -> tuple[Channel, ...]:
    return (Channel.EMAIL, *sorted(new_carriers(settings)))


def _rows(rules: Iterable[Rule], on: date) -> list[tuple[object, ...]]:
    """Return one row for the channels and segments that share a rule."""
    slots = {slot.rule: slot for slot in slots_of(list(rules), CoverageMonth.of(on))}
    shared: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        shared.setdefault((rule.event, _when(rule, slots.get(rule))), []).append(rule)
    return [
        (
            *row,
            " > ".join(dict.fromkeys(rule.channel for rule in same)),
            _segments(dict.fromkeys(rule.segment for rule in same)),
        )
        for row, same in shared.items()
    ]


def _when(rule: Rule, slot: Slot | None) -> str:
    if rule.kind.anchor is Anchor.OUTBOX:
        return "when it happens"
    if slot is None:
        return f"{-rule.offset_days} days before, {rule.at:%H:%M}"
    return f"{slot.sent_at:%d %b %H:%M} ({rule.offset_days:+d} d)"


def _segments(names: Iterable[str]) -> str:
    listed = list(names)
    if set(listed) == _SELF_PAID:
        return "self-paid"
    if len(listed) == len(Segment):
        return "all"
    return ", ".join(listed) if len(listed) < _MANY_SEGMENTS else f"{len(listed)} segments"


def _waiting_row(one: WaitingChange) -> tuple[object, ...]:
    change = one.change
    return (
        one.change_id,
        change.rule.event,
        change.rule.segment,
        f"{change.rule.channel}{'' if change.is_on else ' off'}",
        change.effective_from,
        change.proposed_by,
        change.reason,
    )


def _as_json(rule: Rule) -> dict[str, object]:
    return {
        "event": rule.event,
        "segment": rule.segment,
        "channel": rule.channel,
        "place": rule.place,
        "days": rule.offset_days,
        "at": f"{rule.at:%H:%M}",
        "validDays": rule.valid_days,
        "fallBackHours": rule.fall_back_hours,
    }


def _group_json(found: Preview, group: PreviewGroup) -> dict[str, object]:
    return {
        "event": group.event,
        "channel": group.channel,
        "segment": group.segment,
        "messages": found.counts[group],
        "examples": [
            {"name": one.name, "address": one.address, "at": one.due_at.astimezone(WIB)}
            for one in found.examples[group]
        ],
    }


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("day", "write a date as YYYY-MM-DD") from error


def _time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a local time of day
    except ValueError as error:
        raise InvalidInputError("at", "write a time as HH:MM") from error
