import re
from dataclasses import replace
from datetime import date, datetime
from itertools import product

import pytest

from iuran.core.clock import WIB
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.workers.letters import (
    LANGUAGES,
    TEMPLATES,
    LetterIncompleteError,
    letter_of,
    load_template,
    message_key,
)
from iuran.workers.reminders import ClaimedReminder, ReminderName
from iuran.workers.schedule import due_reminders, notices

DATED = datetime(2026, 2, 3, 9, tzinfo=WIB)
EVENT_OF_TEMPLATE = {
    "due": "DUE_IN_7_DAYS",
    "due_with_arrears": "DUE_IN_7_DAYS",
    "activated": "ACTIVATED",
    "reactivated": "REACTIVATED",
}


def a_reminder(template: str = "due", *, language: str = "id") -> ClaimedReminder:
    return ClaimedReminder(
        name=ReminderName(
            family_id=7,
            membership_id=3,
            month=CoverageMonth(2026, 2),
            event=EVENT_OF_TEMPLATE[template],
            channel="EMAIL",
            occurrence=0,
        ),
        claims=1,
        failures=0,
        language=language,
        time_zone="Asia/Jayapura",
        payer_name="BUNGA CONTOH",
        email="bunga@example.org",
        customer_number="99990001234",
        details={"effective_at": "2026-02-01T00:01:00+07:00", "window_last_day": "2026-03-18"},
        due_date=date(2026, 2, 10),
        amount_owed=Rupiah(280_000),
        arrears_months=1 if template == "due_with_arrears" else 0,
        needs_open_bill=template.startswith("due"),
        is_bill_open=True,
        is_self_paid=True,
    )


@pytest.mark.parametrize(("template", "language"), list(product(TEMPLATES, LANGUAGES)))
def test_every_text_is_filled_and_says_how_to_verify_it(template: str, language: str) -> None:
    letter = letter_of(a_reminder(template, language=language), dated=DATED)

    text = letter.subject + "\n" + letter.text
    assert "$" not in text
    assert "\n" not in letter.subject
    assert "165" in letter.text
    assert "http" not in text
    assert "www" not in text
    assert not re.search(r"\d{5,}", text)
    assert "BUNGA CONTOH" in text


@pytest.mark.parametrize(("template", "language"), list(product(TEMPLATES, LANGUAGES)))
def test_both_languages_say_the_same_things(template: str, language: str) -> None:
    said = load_template(template, language=language)
    in_indonesian = load_template(template, language="id")

    assert set(said.text.get_identifiers()) == set(in_indonesian.text.get_identifiers())


def test_every_event_of_the_schedule_has_its_text() -> None:
    events = [rule.event for rule in due_reminders()] + [rule.event for rule in notices()]

    for event in events:
        name = "due" if event.startswith("DUE_") else event.lower()
        assert name in TEMPLATES


def test_a_due_reminder_names_amount_date_and_account() -> None:
    letter = letter_of(a_reminder(), dated=DATED)

    assert letter.subject == "Iuran JKN Februari 2026 jatuh tempo 10 Februari 2026"
    assert "Rp280.000" in letter.text
    assert "berakhir dengan 1234" in letter.text


def test_arrears_are_part_of_what_is_asked_for() -> None:
    letter = letter_of(a_reminder("due_with_arrears"), dated=DATED)

    assert "tunggakan 1 bulan sebelumnya" in letter.text
    assert "Rp280.000" in letter.text


def test_a_letter_is_dated_in_the_zone_of_its_reader() -> None:
    letter = letter_of(a_reminder(), dated=DATED)

    assert letter.dated.isoformat() == "2026-02-03T11:00:00+09:00"


def test_the_same_message_has_the_same_key_and_others_have_others() -> None:
    name = a_reminder().name

    assert message_key(name) == message_key(replace(name))
    others = {
        message_key(replace(name, family_id=8)),
        message_key(replace(name, membership_id=4)),
        message_key(replace(name, month=CoverageMonth(2026, 3))),
        message_key(replace(name, event="DUE_IN_3_DAYS")),
        message_key(replace(name, occurrence=1)),
    }
    assert len(others | {message_key(name)}) == 6


def test_a_text_that_lacks_a_value_is_refused() -> None:
    reminder = replace(a_reminder("reactivated"), details={"window_last_day": None})

    with pytest.raises(LetterIncompleteError, match=r"reactivated.id lacks"):
        letter_of(reminder, dated=DATED)


def test_an_event_without_a_text_is_refused() -> None:
    reminder = a_reminder("activated")

    with pytest.raises(LetterIncompleteError, match="its file"):
        letter_of(replace(reminder, name=replace(reminder.name, event="MOVED")), dated=DATED)
