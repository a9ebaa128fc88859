"""The regulation files as text, and how they write months."""

from datetime import date
from importlib.resources import files

from iuran.core.months import CoverageMonth


def read_document(name: str) -> str:
    """Return the text of a regulation file."""
    return files("iuran.core.regulation").joinpath(name).read_text(encoding="utf-8")


def month_of(text: str) -> CoverageMonth:
    """Return the month of an ISO date."""
    return CoverageMonth.of(date.fromisoformat(text))


def optional_month(text: str | None) -> CoverageMonth | None:
    """Return the month of an ISO date; None stands for "until further notice"."""
    return None if text is None else month_of(text)
