"""Instants in cursors: microseconds since 1970."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR_FUTURE = timedelta(days=365 * 1_000)


def instant_of(microseconds: int) -> datetime:
    """Return the instant that stands in a cursor; an invented one may lie far ahead."""
    return EPOCH + min(timedelta(microseconds=microseconds), _FAR_FUTURE)
