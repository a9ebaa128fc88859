"""The schedule is changed by two persons, from a later day on, and only to what may be."""

from dataclasses import replace
from datetime import date, time

import asyncpg
import pytest

from iuran.core.database.pool import Connection
from iuran.core.errors import InvalidInputError
from iuran.core.reminders.events import Channel
from iuran.core.reminders.rule_changes import (
    ChangeTooLateError,
    RuleChange,
    approve,
    propose,
    waiting_changes,
)
from iuran.core.reminders.schedule import Rule, rules_on
from iuran.core.second_person import NothingToApproveError, SecondPersonError
from tests.moments import wib

TODAY = wib(2026, 2, 3)
FIRST_DAY = date(2026, 2, 10)
RULE = Rule(
    event="OVERDUE",
    segment="SELF_PAID",
    channel=Channel.EMAIL,
    place=3,
    offset_days=8,
    at=time(10),
    valid_days=4,
    fall_back_hours=12,
)
CHANGE = RuleChange(
    rule=RULE, effective_from=FIRST_DAY, is_on=True, reason="paydays", proposed_by="Ani"
)


async def in_force(
    connection: Connection, day: date, *, segment: str = "PBPU_SELF"
) -> dict[Channel, Rule]:
    found = await rules_on(connection, day)
    return {r.channel: r for r in found if (r.event, r.segment) == ("OVERDUE", segment)}


async def approved(connection: Connection, change: RuleChange) -> int:
    change_id = await propose(connection, change, at=TODAY)
    await approve(connection, change_id, approved_by="Budi", at=TODAY)
    return change_id


async def test_an_approved_change_is_in_force_from_its_first_day(connection: Connection) -> None:
    await approved(connection, CHANGE)

    before, after = (
        await in_force(connection, date(2026, 2, 9)),
        await in_force(connection, FIRST_DAY),
    )
    assert before[Channel.EMAIL].offset_days == 5
    assert (after[Channel.EMAIL].offset_days, after[Channel.EMAIL].at) == (8, time(10))
    assert after[Channel.SMS].offset_days == 5


async def test_a_proposal_alone_changes_nothing(connection: Connection) -> None:
    change_id = await propose(connection, CHANGE, at=TODAY)

    (waiting,) = await waiting_changes(connection, at=TODAY)
    assert (waiting.change_id, waiting.change) == (change_id, CHANGE)
    assert (await in_force(connection, FIRST_DAY))[Channel.EMAIL].offset_days == 5


async def test_nobody_approves_his_own_change(connection: Connection) -> None:
    change_id = await propose(connection, CHANGE, at=TODAY)

    with pytest.raises(SecondPersonError):
        await approve(connection, change_id, approved_by="Ani", at=TODAY)

    assert (await in_force(connection, FIRST_DAY))[Channel.EMAIL].offset_days == 5


async def test_the_database_holds_that_too(connection: Connection) -> None:
    change_id = await propose(connection, CHANGE, at=TODAY)
    forged = """
        INSERT INTO reminder_rule_approval (change_id, proposed_by, approved_by, approved_at)
        VALUES ($1, 'Somebody', 'Ani', now())
    """

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute(forged, change_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("UPDATE reminder_rule SET is_on = false")


async def test_a_change_is_approved_once(connection: Connection) -> None:
    change_id = await approved(connection, CHANGE)

    for unknown in (change_id, change_id + 1):
        with pytest.raises(NothingToApproveError):
            await approve(connection, unknown, approved_by="Citra", at=TODAY)
    assert await waiting_changes(connection, at=TODAY) == ()


async def test_the_past_is_not_changed(connection: Connection) -> None:
    change_id = await propose(connection, CHANGE, at=TODAY)

    with pytest.raises(ChangeTooLateError):
        await propose(connection, replace(CHANGE, effective_from=TODAY.date()), at=TODAY)
    with pytest.raises(ChangeTooLateError):
        await approve(connection, change_id, approved_by="Budi", at=wib(2026, 2, 10, 0, 1))

    assert await waiting_changes(connection, at=wib(2026, 2, 10)) == ()


async def test_an_approval_is_in_time_up_to_the_last_minute(connection: Connection) -> None:
    change_id = await propose(connection, CHANGE, at=TODAY)

    await approve(connection, change_id, approved_by="Budi", at=wib(2026, 2, 9, 23, 59))

    assert (await in_force(connection, FIRST_DAY))[Channel.EMAIL].offset_days == 8


async def test_a_rule_of_a_segment_goes_before_one_of_all_who_pay(connection: Connection) -> None:
    mine = replace(CHANGE, rule=replace(RULE, segment="BP_SELF", offset_days=9))
    await approved(connection, mine)
    await approved(connection, CHANGE)

    bp = await in_force(connection, FIRST_DAY, segment="BP_SELF")
    pbpu = await in_force(connection, FIRST_DAY)
    assert (bp[Channel.EMAIL].offset_days, pbpu[Channel.EMAIL].offset_days) == (9, 8)


async def test_what_is_approved_later_for_the_same_day_counts(connection: Connection) -> None:
    await approved(connection, CHANGE)
    await approved(connection, replace(CHANGE, is_on=False))

    assert Channel.EMAIL not in await in_force(connection, FIRST_DAY)


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (replace(RULE, event="BIRTHDAY"), "event"),
        (replace(RULE, segment="EVERYBODY"), "segment"),
        (replace(RULE, at=time(20)), "at"),
        (replace(RULE, at=time(7, 59)), "at"),
        (replace(RULE, offset_days=18), "days"),
        (replace(RULE, offset_days=-10), "days"),
        (replace(RULE, event="MONTH_ENDS_IN_1_DAY", offset_days=1), "days"),
        (replace(RULE, event="SUSPENDED", offset_days=1), "days"),
        (replace(RULE, place=0), "place"),
        (replace(RULE, valid_days=61), "validDays"),
        (replace(RULE, fall_back_hours=0), "fallBackHours"),
    ],
)
async def test_what_no_schedule_may_hold_is_refused(
    connection: Connection, rule: Rule, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await propose(connection, replace(CHANGE, rule=rule), at=TODAY)

    assert refused.value.field == field


async def test_a_legal_notice_cannot_be_switched_off(connection: Connection) -> None:
    off = replace(CHANGE, is_on=False, rule=replace(RULE, event="SUSPENDED", offset_days=0))

    with pytest.raises(InvalidInputError, match="legal status"):
        await propose(connection, off, at=TODAY)
    with pytest.raises(InvalidInputError, match="say why"):
        await propose(connection, replace(CHANGE, reason=" "), at=TODAY)
