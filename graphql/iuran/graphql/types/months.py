"""Coverage months out of rows."""

from iuran.core.months import CoverageMonth


def month_of(ordinal: int | None) -> CoverageMonth | None:
    """Return the month that a column holds, if it holds one."""
    return None if ordinal is None else CoverageMonth.of_ordinal(ordinal)
