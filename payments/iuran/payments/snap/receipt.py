"""The lines that a payer reads on a screen or a receipt, within the lengths of SNAP BI."""

from datetime import date

from iuran.core.months import CoverageMonth

LINE_LENGTH_MAX = 32
DESCRIPTION_LENGTH_MAX = 18


def line(english: str, indonesia: str, *, length_max: int = LINE_LENGTH_MAX) -> dict[str, str]:
    """Return a bilingual line as the wire has it."""
    return {"english": english[:length_max], "indonesia": indonesia[:length_max]}


def description(first: CoverageMonth, last: CoverageMonth) -> dict[str, str]:
    """Return which months a bill covers: `Iuran 01/25-02/26`."""
    months = _short(first) if first == last else f"{_short(first)}-{_short(last)}"
    return line(f"Dues {months}", f"Iuran {months}", length_max=DESCRIPTION_LENGTH_MAX)


def _short(month: CoverageMonth) -> str:
    return f"{month.month:02d}/{month.year % 100:02d}"


def bill_lines(first: CoverageMonth, last: CoverageMonth, *, members: int) -> list[dict[str, str]]:
    """Return what a family pays for: months, people, and how many of each."""
    months = last.ordinal - first.ordinal + 1
    return [
        line(f"Contribution {first} to {last}", f"Iuran {first} s/d {last}"),
        line(f"Members: {members}", f"Jumlah peserta: {members}"),
        line(f"Months: {months}", f"Jumlah bulan: {months}"),
    ]


def months_ahead_line(months: int) -> dict[str, str]:
    """Return how many months the amount holds besides the open bills."""
    return line(f"Months ahead: {months}", f"Bulan di muka: {months}")


def fine_window_line(last_day: date) -> dict[str, str]:
    """Return until when an inpatient stay is fined after this payment."""
    day = f"{last_day:%d-%m-%Y}"
    return line(f"Inpatient fine until {day}", f"Denda rawat inap s/d {day}")


def bill_number(customer_number: str, last: CoverageMonth) -> str:
    """Return a number of 17 digits for what a family owes up to a month."""
    return f"{customer_number}{last.year:04d}{last.month:02d}"
