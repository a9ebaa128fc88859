from datetime import UTC, datetime

import pytest

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.deploy.moments import advanced, parse_moment, written

NOW = datetime(2026, 1, 31, 23, 59, tzinfo=WIB)


def test_a_moment_without_zone_is_wib() -> None:
    assert parse_moment("2026-12-01") == datetime(2026, 11, 30, 17, tzinfo=UTC)
    assert parse_moment("2026-12-01T09:30") == datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
    assert parse_moment("2026-12-01T09:30+09:00") == datetime(2026, 12, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("90s", "2026-02-01 00:00:30 WIB"),
        ("1m", "2026-02-01 00:00:00 WIB"),
        ("3h", "2026-02-01 02:59:00 WIB"),
        ("10d", "2026-02-10 23:59:00 WIB"),
        ("2 weeks", "2026-02-14 23:59:00 WIB"),
        ("1 month", "2026-02-28 23:59:00 WIB"),
        ("25mo", "2028-02-29 23:59:00 WIB"),
        ("1y", "2027-01-31 23:59:00 WIB"),
    ],
)
def test_spans_follow_the_calendar(span: str, expected: str) -> None:
    assert written(advanced(NOW, span)) == expected


@pytest.mark.parametrize("span", ["", "10", "d", "-3d", "5x", "99999y", "4000d", "1 month 2d"])
def test_other_spans_are_refused(span: str) -> None:
    with pytest.raises(InvalidInputError):
        advanced(NOW, span)


@pytest.mark.parametrize("moment", ["", "tomorrow", "2026-13-01", "01-12-2026"])
def test_other_moments_are_refused(moment: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_moment(moment)
