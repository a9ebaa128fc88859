"""The inpatient service fine ("denda pelayanan") and the 45 days in which it threatens."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import LiteralString, Self

from iuran.core.database.pool import Connection, Record
from iuran.core.money import Rupiah, share_of_rounded_down
from iuran.core.regulation.rates import FineRate, fine_rate, parameter

SELECT_WINDOWS: LiteralString = """
    SELECT membership_id, first_day, last_day, arrears_months, employer_id
    FROM fine_window
    WHERE family_id = $1
    ORDER BY window_id DESC
    LIMIT 100
"""


class Debtor(StrEnum):
    """Who owes a fine (Perpres 64/2020 art. 42(7))."""

    FAMILY = "FAMILY"
    EMPLOYER = "EMPLOYER"


@dataclass(frozen=True, slots=True, kw_only=True)
class FineWindow:
    """The days after a reactivation on which an advanced inpatient stay (RITL) is fined.

    Both days inclusive, as WIB dates: Perpres 64/2020 art. 42(5). The day of activation is day 0
    [D], so `last_day` is 45 days later; admission on it is still fined. The debtor of its fines is
    the family, or the employer who was late for the worker (art. 42(7)).
    """

    first_day: date
    last_day: date
    arrears_months: int
    employer_id: int | None = None

    @classmethod
    def opened(cls, reactivated_on: date, *, arrears_months: int) -> Self:
        """Return the window that a reactivation opens."""
        days = parameter("fine_window_days", reactivated_on)
        activation_day = parameter("fine_window_activation_day", reactivated_on)
        return cls(
            first_day=reactivated_on,
            last_day=reactivated_on + timedelta(days=days - activation_day),
            arrears_months=arrears_months,
        )

    @classmethod
    def of(cls, row: Record) -> Self:
        """Read a row."""
        return cls(
            first_day=row["first_day"],
            last_day=row["last_day"],
            arrears_months=row["arrears_months"],
            employer_id=row["employer_id"],
        )

    @property
    def debtor(self) -> Debtor:
        """Who owes the fines of this window."""
        return Debtor.FAMILY if self.employer_id is None else Debtor.EMPLOYER

    def holds(self, admitted_on: date) -> bool:
        """Whether a stay that begins on a WIB date is fined."""
        return self.first_day <= admitted_on <= self.last_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """A fine and what made it."""

    amount: Rupiah
    months: int
    rate: FineRate | None


def fine_of(window: FineWindow, *, admitted_on: date, estimated_tariff: Rupiah) -> Fine:
    """Return the fine of one stay: per cent x estimated tariff x months, capped both ways.

    Perpres 64/2020 art. 42(6): 5 % (2.5 % in 2020) of the estimated INA-CBG tariff for each month
    in arrears, at most 12 months and Rp30,000,000. The rate is that of the admission date [D];
    rounded down to whole rupiah [D]. Each stay is fined by itself.
    """
    if not window.holds(admitted_on):
        return Fine(amount=Rupiah(0), months=0, rate=None)
    rate = fine_rate(admitted_on)
    months = min(window.arrears_months, rate.months_max)
    amount = share_of_rounded_down(Rupiah(estimated_tariff * months), per_mille=rate.per_mille)
    return Fine(amount=min(amount, rate.amount_max), months=months, rate=rate)


async def windows_of(connection: Connection, family_id: int) -> tuple[FineWindow, ...]:
    """Return a family's windows, the newest first: only that one counts."""
    return tuple(FineWindow.of(row) for row in await connection.fetch(SELECT_WINDOWS, family_id))
