"""Letters: what a family reads. The texts are files under `templates/`, one per language."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from importlib.resources import files
from typing import ClassVar
from zoneinfo import ZoneInfo

from jinja2 import FunctionLoader, StrictUndefined, TemplateNotFound, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from iuran.core.clock import wib_date
from iuran.core.errors import DomainError
from iuran.core.money import Rupiah, formatted
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.core.reminders.events import EVENTS, Channel
from iuran.workers.messaging.letter import Letter
from iuran.workers.messaging.phones import plain
from iuran.workers.reminders import ClaimedReminder, ReminderName

LANGUAGES = ("id", "en")
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "due": ("name", "month", "amount", "due_date", "account_end"),
    "overdue": ("name", "month", "amount", "last_day", "account_end"),
    "month_end": ("name", "month", "amount", "last_day", "account_end"),
    "step_due": ("name", "step", "steps", "step_amount", "last_day", "account_end"),
    "window_closing": ("name", "window_last_day"),
    "activated": ("name", "effective_date", "due_day", "account_end"),
    "reactivated": ("name", "effective_date", "window_last_day"),
    "suspended": ("name", "effective_date", "amount", "account_end"),
    "autodebit_failed": ("name", "month", "amount", "last_day", "account_end"),
    "claim_moved": ("name", "day", "state"),
    "complaint_answered": ("name", "day"),
}
"""What each text is filled with, in the order of a carrier's own templates ({{1}}, {{2}} ...)."""
_PARTS = ("subject", "text", "short")
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


def letter_of(reminder: ClaimedReminder, *, dated: datetime) -> Letter:
    """Return the message for somebody's channel, in his language and dated in his zone.

    Raises LetterIncompleteError.
    """
    name, language = EVENTS[reminder.name.event].template, reminder.language
    if language not in LANGUAGES:
        raise LetterIncompleteError(name, language=language, missing="its file")
    values = _values(reminder, dated)
    texts = {part: render(name, part, language=language, values=values) for part in _PARTS}
    is_sms = reminder.name.channel is Channel.SMS
    return Letter(
        message_key=message_key(reminder.name),
        recipient=reminder.address or "",
        subject=texts["subject"],
        text=plain(texts["short"]) if is_sms else texts["text"] + "\n",
        html=_html(texts, language) if reminder.name.channel is Channel.EMAIL else "",
        template=name,
        parameters=tuple(values[one] for one in PARAMETERS[name] if one in values),
        language=language,
        dated=dated.astimezone(ZoneInfo(reminder.time_zone)),
        can_opt_out=not reminder.is_legal,
    )


def message_key(name: ReminderName) -> str:
    """Return what a carrier sees of a message's identity: the same for the same message."""
    key = [value.value if isinstance(value, Channel) else value for value in name.key]
    return "iuran-" + sha256(repr(tuple(key)).encode()).hexdigest()[:32]


def render(name: str, part: str, *, language: str, values: Mapping[str, str]) -> str:
    """Return one part of a text: `subject`, `text` or `short`; raises LetterIncompleteError."""
    try:
        template = _TEXTS.get_template(f"{name}.{language}.jinja")
        context = template.new_context(dict(values))
        return "".join(template.blocks[part](context)).strip()
    except TemplateNotFound as error:
        raise LetterIncompleteError(name, language=language, missing="its file") from error
    except (KeyError, UndefinedError) as error:
        raise LetterIncompleteError(name, language=language, missing=str(error)) from error


def _html(texts: Mapping[str, str], language: str) -> str:
    """Return the plain text as calm HTML: the same words, escaped, no links and no pictures."""
    return _PAGES.get_template("letter.html.jinja").render(
        subject=texts["subject"], paragraphs=texts["text"].split("\n\n"), language=language
    )


def _load(name: str) -> str | None:
    path = files("iuran.workers").joinpath("templates", name)
    return path.read_text(encoding="utf-8") if path.is_file() else None


_TEXTS = SandboxedEnvironment(
    loader=FunctionLoader(_load),
    undefined=StrictUndefined,
    autoescape=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES = SandboxedEnvironment(
    loader=FunctionLoader(_load), undefined=StrictUndefined, autoescape=True, trim_blocks=True
)


def day_in_words(day: date, *, language: str) -> str:
    """Write a date as people do: `7 Februari 2026`."""
    return f"{day.day} {_MONTHS[language][day.month - 1]} {day.year}"


def month_in_words(month: CoverageMonth, *, language: str) -> str:
    """Write a month as people do: `Februari 2026`."""
    return f"{_MONTHS[language][month.month - 1]} {month.year}"


def _values(reminder: ClaimedReminder, dated: datetime) -> dict[str, str]:
    language, month, details = reminder.language, reminder.name.month, reminder.details
    values = {
        "name": reminder.payer_name,
        "month": month_in_words(month, language=language),
        "last_day": day_in_words(month.last_day, language=language),
        "account_end": (reminder.customer_number or "")[-_SHOWN_DIGITS:],
        "amount": formatted(reminder.amount_owed),
        "arrears_months": str(reminder.arrears_months or ""),
        "due_day": str(parameter("due_day", wib_date(dated))),
    }
    if reminder.due_date is not None:
        values["due_date"] = day_in_words(reminder.due_date, language=language)
    if (effective_at := details.get("effective_at")) is not None:
        day = wib_date(datetime.fromisoformat(effective_at))
        values["effective_date"] = day_in_words(day, language=language)
    if (last_day := details.get("window_last_day")) is not None:
        values["window_last_day"] = day_in_words(date.fromisoformat(last_day), language=language)
    if (amount := details.get("amount")) is not None:
        values["step_amount"] = formatted(Rupiah(amount))
    if (day_told := details.get("day")) is not None:
        values["day"] = day_in_words(date.fromisoformat(day_told), language=language)
    for plain_value in ("step", "steps", "state"):
        if (value := details.get(plain_value)) is not None:
            values[plain_value] = str(value)
    return values
