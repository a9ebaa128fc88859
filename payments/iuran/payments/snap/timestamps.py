"""Instants on the SNAP wire: `yyyy-MM-ddTHH:mm:ss+07:00`, and what real senders make of it."""

from datetime import datetime, timedelta

from iuran.core.clock import WIB, Clock, SystemClock

TIMESTAMP_LENGTH_MAX = 35
YEARS = range(2000, 2100)


def parse_instant(text: str) -> datetime | None:
    """Read an ISO 8601 instant: with Z or an offset, with or without milliseconds; else None.

    Without a zone it is WIB, as nobody else's clock could be meant.
    """
    if not text.isascii() or len(text) > TIMESTAMP_LENGTH_MAX or "T" not in text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.year not in YEARS:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=WIB)


def write_instant(instant: datetime) -> str:
    """Return an instant as SNAP writes it, in WIB."""
    return instant.astimezone(WIB).isoformat(timespec="seconds")


def is_fresh(
    instant: datetime, *, skew_seconds: int, real_clock: Clock, legal_clock: Clock
) -> bool:
    """Whether a signature's timestamp is close to real time, or to that of a test clock."""
    skew = timedelta(seconds=skew_seconds)
    clocks = (real_clock,) if isinstance(legal_clock, SystemClock) else (real_clock, legal_clock)
    return any(abs(clock.now() - instant) <= skew for clock in clocks)
