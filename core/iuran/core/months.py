"""Coverage months ("bulan pelayanan"): the month for which a contribution insures."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

_MONTHS_A_YEAR = 12
_TEXT = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class CoverageMonth:
    """A calendar month. In PostgreSQL it is the count of months `ordinal`."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Refuse what is not a month."""
        if not 1 <= self.month <= _MONTHS_A_YEAR:
            raise ValueError(f"month must be 1 to 12, not {self.month}")

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month in which a WIB date lies."""
        return cls(day.year, day.month)

    @classmethod
    def of_ordinal(cls, ordinal: int) -> Self:
        """Return the month that PostgreSQL stores as `ordinal`."""
        year, month = divmod(ordinal, _MONTHS_A_YEAR)
        return cls(year, month + 1)

    @classmethod
    def if_any(cls, ordinal: int | None) -> Self | None:
        """Return the month of a column that may be NULL."""
        return None if ordinal is None else cls.of_ordinal(ordinal)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM`; raises ValueError for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"a coverage month is written YYYY-MM, not {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def ordinal(self) -> int:
        """Months since the year 0."""
        return self.year * _MONTHS_A_YEAR + self.month - 1

    @property
    def first_day(self) -> date:
        """The 1st."""
        return date(self.year, self.month, 1)

    def plus(self, months: int) -> Self:
        """Return the month `months` later, or earlier if negative."""
        return self.of_ordinal(self.ordinal + months)

    @property
    def last_day(self) -> date:
        """The 28th to the 31st."""
        return self.plus(1).first_day - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def months_after(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of a month that is too short for it."""
    month = CoverageMonth.of(day).plus(months)
    return month.first_day.replace(day=min(day.day, month.last_day.day))
