"""Catching up: after hours or days of standstill bulk work comes spread, not as a flood.

What is urgent and what a date asks for comes at once; messages that are of no use any more are
dropped with a record (`EXPIRED`) by whoever would have sent them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from iuran.workers.jobs import BUCKETS

STANDSTILL_MIN = timedelta(minutes=10)
SHARE_OF_STANDSTILL = 24
SPREAD_MAX = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """The time after a standstill (real): bucket by bucket begins its bulk work."""

    began_at: datetime
    spread: timedelta

    @classmethod
    def after(cls, last_at: datetime, *, at: datetime) -> Self | None:
        """Return how to catch up at an instant if nobody ticked since `last_at`, if one has to.

        A 24th of the standstill, at most half an hour: an hour takes 2.5 minutes, a day and
        longer half an hour. Less than ten minutes is no standstill.
        """
        standstill = at - last_at
        if standstill < STANDSTILL_MIN:
            return None
        return cls(began_at=at, spread=min(standstill / SHARE_OF_STANDSTILL, SPREAD_MAX))

    def not_before(self, bucket: int) -> datetime:
        """Return when a bucket's bulk work may begin."""
        return self.began_at + self.spread * bucket / BUCKETS
