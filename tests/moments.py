"""Moments of stories, as people in Jakarta say them."""

from datetime import datetime

from iuran.core.clock import WIB


def wib(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=WIB)
