"""Letters: what a family reads. The texts are files under `templates/`, one per language."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import ClassVar
from zoneinfo import ZoneInfo

from iuran.core.clock import wib_date
from iuran.core.errors import DomainError
from iuran.core.money import formatted
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.workers.mail import Letter
from iuran.workers.reminders import ClaimedReminder, ReminderName

LANGUAGES = ("id", "en")
TEMPLATES = ("due", "due_with_arrears", "activated", "reactivated")
_SHOWN_DIGITS = 4
_MONTHS = {
    "id": (
        *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
        *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}


class LetterIncompleteError(DomainError):
    """A message has no text in its language, or nothing to put into it."""

    code: ClassVar[str] = "LETTER_INCOMPLETE"

    def __init__(self, template: str, *, language: str, missing: str) -> None:
        super().__init__(f"the text {template}.{language} lacks {missing}; mend templates or data")


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterTemplate:
    """A text with `$placeholders`: the subject is the first line of the file."""

    subject: Template
    text: Template


def letter_of(reminder: ClaimedReminder, *, dated: datetime) -> Letter:
    """Return the letter of a message that has somebody to write to, dated in his zone.

    Raises LetterIncompleteError.
    """
    name, language = template_of(reminder), reminder.language
    template, values = load_template(name, language=language), _values(reminder, dated)
    try:
        return Letter(
            message_key=message_key(reminder.name),
            recipient=reminder.email or "",
            subject=template.subject.substitute(values),
            text=template.text.substitute(values),
            language=language,
            dated=dated.astimezone(ZoneInfo(reminder.time_zone)),
        )
    except KeyError as error:
        raise LetterIncompleteError(name, language=language, missing=str(error)) from error


def message_key(name: ReminderName) -> str:
    """Return what a mail server sees of a message's identity: the same for the same message."""
    return "iuran-" + sha256(repr(name.key).encode()).hexdigest()[:32]


def template_of(reminder: ClaimedReminder) -> str:
    """Return the name of the text that a message uses."""
    if not reminder.needs_open_bill:
        return reminder.name.event.lower()
    return "due_with_arrears" if reminder.arrears_months else "due"


@cache
def load_template(name: str, *, language: str) -> LetterTemplate:
    """Read a text; raises LetterIncompleteError where there is none."""
    path = files("iuran.workers").joinpath("templates", f"{name}.{language}.txt")
    try:
        subject, _, text = path.read_text(encoding="utf-8").partition("\n\n")
    except FileNotFoundError as error:
        raise LetterIncompleteError(name, language=language, missing="its file") from error
    return LetterTemplate(subject=Template(subject), text=Template(text))


def day_in_words(day: date, *, language: str) -> str:
    """Write a date as people do: `7 Februari 2026`."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def month_in_words(month: CoverageMonth, *, language: str) -> str:
    """Write a month as people do: `Februari 2026`."""
    return f"{_MONTHS[language][month.month - 1]} {month.year}"


def _values(reminder: ClaimedReminder, dated: datetime) -> dict[str, str]:
    language = reminder.language
    values = {
        "name": reminder.payer_name,
        "month": month_in_words(reminder.name.month, language=language),
        "account_end": (reminder.customer_number or "")[-_SHOWN_DIGITS:],
        "amount": formatted(reminder.amount_owed),
        "arrears_months": str(reminder.arrears_months),
        "due_day": str(parameter("due_day", wib_date(dated))),
    }
    if reminder.due_date is not None:
        values["due_date"] = day_in_words(reminder.due_date, language=language)
    effective_at = reminder.details.get("effective_at")
    if effective_at is not None:
        day = wib_date(datetime.fromisoformat(effective_at))
        values["effective_date"] = day_in_words(day, language=language)
    last_day = reminder.details.get("window_last_day")
    if last_day is not None:
        values["window_last_day"] = day_in_words(date.fromisoformat(last_day), language=language)
    return values
