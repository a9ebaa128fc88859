"""What a due rule is asked, and what it answers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from iuran.core.reminders.events import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When somebody looks at what is due: `at` in legal time, `real` in real time."""

    at: datetime
    real: datetime
    channels: Collection[Channel] = (Channel.EMAIL,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job that is due: its key within its kind, and the slice of families it works on."""

    key: str
    bucket: int = 0
    payload: dict[str, str] = field(default_factory=dict[str, str])
