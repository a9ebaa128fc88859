"""Instants and days in cursors: microseconds, and days, since 1970."""

from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_MAX = (date.max - EPOCH.date()).days
_FAR_FUTURE = timedelta(days=365 * 1_000)


def instant_of(microseconds: int) -> datetime:
    """Return the instant that stands in a cursor; an invented one may lie far ahead."""
    return EPOCH + min(timedelta(microseconds=microseconds), _FAR_FUTURE)


def day_of(days: int) -> date:
    """Return the day that stands in a cursor."""
    return EPOCH.date() + timedelta(days=min(days, _DAYS_MAX))
