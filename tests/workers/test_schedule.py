from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import WIB
from iuran.core.months import CoverageMonth
from iuran.workers.schedule import (
    TIME_ZONES,
    awake_zones,
    due_date_of,
    due_reminders,
    is_quiet,
    notices,
)

months = st.builds(CoverageMonth, st.integers(2014, 2099), st.integers(1, 12))


def test_reminders_come_on_the_3rd_the_7th_and_the_9th_at_nine() -> None:
    due_date = due_date_of(CoverageMonth(2026, 2))

    days = [rule.sent_at(due_date) for rule in due_reminders()]

    assert due_date == date(2026, 2, 10)
    assert days == [datetime(2026, 2, day, 9) for day in (3, 7, 9)]  # noqa: DTZ001 - local


@given(month=months)
def test_each_reminder_lies_in_its_month_and_ends_where_the_next_begins(
    month: CoverageMonth,
) -> None:
    due_date = due_date_of(month)

    spans = [(rule.sent_at(due_date), rule.expires_at(due_date)) for rule in due_reminders()]

    assert all(CoverageMonth.of(begins.date()) == month for begins, _ in spans)
    assert all(begins < ends for begins, ends in spans)
    assert all(ends == follower for (_, ends), (follower, _) in pairwise(spans))
    assert spans[-1][1] == datetime.combine(due_date + timedelta(days=1), time(0))


@given(month=months, zone=st.sampled_from(TIME_ZONES))
def test_no_reminder_is_due_in_quiet_hours(month: CoverageMonth, zone: str) -> None:
    for rule in due_reminders():
        instant = rule.sent_at(due_date_of(month)).replace(tzinfo=ZoneInfo(zone))
        assert not is_quiet(instant, time_zone=zone)


@given(month=months, zone=st.sampled_from(TIME_ZONES))
def test_a_reminder_is_armed_before_it_is_due_in_every_zone(
    month: CoverageMonth, zone: str
) -> None:
    due_date = due_date_of(month)
    for rule in due_reminders():
        local = rule.sent_at(due_date).replace(tzinfo=ZoneInfo(zone))
        assert rule.is_live(due_date, today=local.astimezone(WIB).date())
        assert not rule.is_live(due_date, today=due_date + timedelta(days=2))


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
    assert {notice.on: notice.at_any_hour for notice in notices()} == {
        "membership.activated": False,
        "membership.reactivated": True,
    }
