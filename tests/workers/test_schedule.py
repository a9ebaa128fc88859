from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iuran.core.clock import WIB, wib_date
from iuran.core.database.pool import Connection
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import EVENTS, Anchor, Channel
from iuran.core.reminders.quiet import (
    awake_zones,
    day_before_holidays,
    is_holiday,
    is_quiet,
)
from iuran.core.reminders.schedule import (
    Rule,
    Slot,
    due_date_of,
    rules_on,
    slots_of,
    window_slots_of,
)
from iuran.core.reminders.slots import live_events, slots_around
from iuran.core.time_zones import TIME_ZONES

months = st.builds(CoverageMonth, st.integers(2020, 2040), st.integers(1, 12))
SEGMENT = "PBPU_SELF"


def a_rule(
    event: str,
    *,
    days: int,
    valid_days: int = 3,
    at: time = time(9),
    channel: Channel = Channel.EMAIL,
) -> Rule:
    return Rule(
        event=event,
        segment=SEGMENT,
        channel=channel,
        place=1,
        offset_days=days,
        at=at,
        valid_days=valid_days,
        fall_back_hours=12,
    )


PLANNED = (
    a_rule("DUE_IN_7_DAYS", days=-7, valid_days=5),
    a_rule("DUE_IN_3_DAYS", days=-3),
    a_rule("DUE_IN_1_DAY", days=-1, valid_days=2),
    a_rule("OVERDUE", days=5, valid_days=5),
    a_rule("MONTH_ENDS_IN_3_DAYS", days=-3),
    a_rule("MONTH_ENDS_IN_1_DAY", days=-1, valid_days=2),
    a_rule("STEP_DUE_IN_7_DAYS", days=-7, valid_days=5),
    a_rule("STEP_DUE_IN_1_DAY", days=-1, valid_days=2),
)


async def test_the_schedule_begins_as_it_is_documented(connection: Connection) -> None:
    rules = await rules_on(connection, date(2026, 2, 1), channels=[Channel.EMAIL])

    mine = [rule for rule in rules if rule.segment == SEGMENT]
    assert {rule.event for rule in mine} == set(EVENTS)
    slots = slots_of([rule for rule in mine if not rule.event.startswith("STEP")], month_2026(2))
    assert [(slot.rule.event, slot.sent_at.day) for slot in slots] == [
        ("DUE_IN_7_DAYS", 3),
        ("DUE_IN_3_DAYS", 7),
        ("DUE_IN_1_DAY", 9),
        ("OVERDUE", 15),
        ("MONTH_ENDS_IN_3_DAYS", 25),
        ("MONTH_ENDS_IN_1_DAY", 27),
    ]
    assert {slot.sent_at.time() for slot in slots} == {time(9)}


async def test_nobody_else_than_who_pays_for_himself_is_told_of_money(
    connection: Connection,
) -> None:
    rules = await rules_on(connection, date(2026, 2, 1))

    told = {rule.event for rule in rules if rule.segment not in {"PBPU_SELF", "BP_SELF"}}
    assert told == {"CLAIM_MOVED", "COMPLAINT_ANSWERED"}
    assert {rule.channel for rule in rules} == set(Channel)


def month_2026(month: int) -> CoverageMonth:
    return CoverageMonth(2026, month)


@given(month=months)
def test_each_reminder_lies_in_its_month_and_ends_where_the_next_begins(
    month: CoverageMonth,
) -> None:
    slots = slots_of(PLANNED, month)

    assert all(CoverageMonth.of(slot.sent_at.date()) == month for slot in slots)
    assert all(slot.sent_at < slot.expires_at for slot in slots)
    assert all(slot.expires_at <= midnight(month.plus(1).first_day) for slot in slots)
    for of_steps in (False, True):
        chain = [slot for slot in slots if slot.rule.event.startswith("STEP") is of_steps]
        assert all(one.expires_at <= after.sent_at for one, after in pairwise(chain))


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(0))


@given(month=months)
def test_before_the_due_date_nobody_is_told_after_it(month: CoverageMonth) -> None:
    for slot in slots_of(PLANNED, month):
        if slot.rule.event.startswith("DUE_"):
            assert slot.expires_at <= midnight(due_date_of(month) + timedelta(days=1))


@given(month=months)
def test_nobody_is_reminded_on_a_holiday_if_a_day_before_is_none(month: CoverageMonth) -> None:
    for slot in slots_of(PLANNED, month):
        day = slot.sent_at.date()
        assert not is_holiday(day) or all(
            is_holiday(month.first_day + timedelta(days=n)) for n in range(day.day)
        )


def test_a_reminder_on_a_holiday_comes_the_day_before() -> None:
    assert day_before_holidays(date(2026, 3, 22)) == date(2026, 3, 20)  # Idul Fitri: 21 and 22
    assert day_before_holidays(date(2026, 1, 1)) == date(2026, 1, 1)  # never another month
    assert day_before_holidays(date(2026, 2, 3)) == date(2026, 2, 3)


@pytest.mark.parametrize(
    ("year", "month", "last_but_three", "last_but_one"), [(2026, 2, 25, 27), (2028, 2, 26, 26)]
)
def test_the_months_end_is_counted_in_leap_years_too(
    year: int, month: int, last_but_three: int, last_but_one: int
) -> None:
    slots = slots_of(PLANNED, CoverageMonth(year, month))

    days = {slot.rule.event: slot.sent_at.day for slot in slots}
    # 27 and 28 February 2028 are holidays: the later reminder moves before them, and the other
    # one, which would come with it, falls away
    assert days.get("MONTH_ENDS_IN_3_DAYS", last_but_three) == last_but_three
    assert days["MONTH_ENDS_IN_1_DAY"] == last_but_one


@given(month=months, zone=st.sampled_from(TIME_ZONES))
def test_no_reminder_is_due_in_quiet_hours(month: CoverageMonth, zone: str) -> None:
    for slot in slots_of(PLANNED, month):
        assert not is_quiet(slot.sent_at.replace(tzinfo=ZoneInfo(zone)), time_zone=zone)


@settings(max_examples=30)
@given(month=months, zone=st.sampled_from(TIME_ZONES))
def test_a_reminder_is_armed_on_the_day_on_which_it_is_due_in_every_zone(
    month: CoverageMonth, zone: str
) -> None:
    for slot in slots_of(PLANNED, month):
        local = slot.sent_at.replace(tzinfo=ZoneInfo(zone))
        today = local.astimezone(WIB).date()
        assert slot.is_live(today=today)
        assert slot.rule.event in live_events(PLANNED, today=today)
        assert not slot.is_live(today=slot.expires_at.date() + timedelta(days=1))


@settings(max_examples=30)
@given(last_day=st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_a_closing_window_is_told_of_before_its_last_day(last_day: date) -> None:
    rules = [a_rule("WINDOW_CLOSING", days=-3)]

    (slot,) = window_slots_of(rules, last_day)

    assert slot.sent_at.date() <= last_day - timedelta(days=3)
    assert slot.expires_at <= midnight(last_day + timedelta(days=1))
    assert slot in [one.slot for one in slots_around(rules, slot.sent_at.date())]


def test_chains_of_different_channels_do_not_cut_each_other() -> None:
    by_sms = a_rule("DUE_IN_3_DAYS", days=-4, channel=Channel.SMS)

    slots = slots_of([*PLANNED, by_sms], month_2026(2))

    assert expiry_of(slots, "DUE_IN_7_DAYS") == datetime(2026, 2, 7, 9)  # noqa: DTZ001 - local


def expiry_of(slots: tuple[Slot, ...], event: str) -> datetime:
    return next(slot.expires_at for slot in slots if slot.rule.event == event)


@pytest.mark.parametrize(
    ("at", "awake"),
    [
        (time(5, 59), []),
        (time(6, 0), ["Asia/Jayapura"]),
        (time(7, 0), ["Asia/Makassar", "Asia/Jayapura"]),
        (time(8, 0), ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"]),
        (time(18, 0), ["Asia/Jakarta", "Asia/Makassar"]),
        (time(19, 59), ["Asia/Jakarta"]),
        (time(20, 0), []),
    ],
)
def test_each_zone_has_its_own_quiet_hours(at: time, awake: list[str]) -> None:
    assert awake_zones(datetime.combine(date(2026, 2, 3), at, WIB)) == awake


def test_only_the_reactivation_goes_out_at_any_hour() -> None:
    assert {event for event, kind in EVENTS.items() if kind.at_any_hour} == {"REACTIVATED"}


def test_what_follows_the_outbox_says_what_it_follows() -> None:
    for is_told, kinds in groupby(
        sorted(EVENTS.values(), key=lambda kind: kind.anchor is Anchor.OUTBOX),
        key=lambda kind: kind.anchor is Anchor.OUTBOX,
    ):
        assert all((kind.follows is not None) is is_told for kind in kinds)


def test_the_day_that_counts_is_that_of_wib() -> None:
    just_before = datetime(2026, 2, 2, 23, 59, tzinfo=WIB)

    assert "DUE_IN_7_DAYS" not in live_events(PLANNED, today=wib_date(just_before))
    assert "DUE_IN_7_DAYS" in live_events(
        PLANNED, today=wib_date(just_before + timedelta(minutes=2))
    )
