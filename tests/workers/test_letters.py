import re
from dataclasses import replace
from datetime import date, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import WIB
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.reminders.events import EVENTS, Channel
from iuran.workers.letters import (
    LANGUAGES,
    PARAMETERS,
    LetterIncompleteError,
    letter_of,
    message_key,
)
from iuran.workers.messaging.phones import is_gsm7, sms_parts
from iuran.workers.reminders import ClaimedReminder, Details, ReminderName

DATED = datetime(2026, 2, 3, 9, tzinfo=WIB)
DETAILS: Details = {
    "effective_at": "2026-02-01T00:01:00+07:00",
    "window_last_day": "2026-03-18",
    "step": 2,
    "steps": 6,
    "amount": 350_000,
    "day": "2026-01-20",
    "state": "VERIFYING",
}


def a_reminder(
    event: str = "DUE_IN_7_DAYS",
    *,
    language: str = "id",
    channel: Channel = Channel.EMAIL,
    arrears_months: int = 0,
    name: str = "BUNGA CONTOH",
) -> ClaimedReminder:
    return ClaimedReminder(
        name=ReminderName(
            family_id=7,
            membership_id=3,
            month=CoverageMonth(2026, 2),
            event=event,
            channel=channel,
            occurrence=0,
        ),
        claims=1,
        failures=0,
        language=language,
        time_zone="Asia/Jayapura",
        payer_name=name,
        address="bunga@example.org" if channel is Channel.EMAIL else "081200001234",
        customer_number="99990001234",
        details=DETAILS,
        due_date=date(2026, 2, 10),
        amount_owed=Rupiah(1_280_000),
        arrears_months=arrears_months,
        needs=EVENTS[event].needs,
        is_legal=EVENTS[event].is_legal,
        is_urgent=EVENTS[event].at_any_hour,
        was_handed=False,
    )


@pytest.mark.parametrize(
    ("event", "language", "arrears_months"), list(product(EVENTS, LANGUAGES, (0, 17)))
)
def test_every_text_is_filled_and_says_how_to_verify_it(
    event: str, language: str, arrears_months: int
) -> None:
    reminder = a_reminder(event, language=language, arrears_months=arrears_months)

    letter = letter_of(reminder, dated=DATED)

    text = letter.subject + "\n" + letter.text
    assert not re.search(r"[{}$%]", text)
    assert "\n" not in letter.subject
    assert "\n\n\n" not in letter.text
    assert "165" in letter.text
    assert "http" not in text
    assert "www" not in text
    assert not re.search(r"\d{5,}", text)
    assert "BUNGA CONTOH" in text
    assert ("17" in text) == (bool(arrears_months) and EVENTS[event].template in ARREARS_SHOWN)


ARREARS_SHOWN = {"due", "overdue", "month_end"}


@pytest.mark.parametrize(("event", "language"), list(product(EVENTS, LANGUAGES)))
def test_every_sms_is_one_of_plain_letters(event: str, language: str) -> None:
    reminder = a_reminder(event, language=language, channel=Channel.SMS)

    letter = letter_of(reminder, dated=DATED)

    assert is_gsm7(letter.text)
    assert sms_parts(letter.text) == 1, letter.text
    assert "165" in letter.text
    assert letter.html == ""


@pytest.mark.parametrize(("event", "language"), list(product(EVENTS, LANGUAGES)))
def test_a_carriers_own_template_gets_all_its_values(event: str, language: str) -> None:
    reminder = a_reminder(event, language=language, channel=Channel.WHATSAPP)

    letter = letter_of(reminder, dated=DATED)

    assert len(letter.parameters) == len(PARAMETERS[letter.template])
    assert all(value and "\n" not in value for value in letter.parameters)


@given(name=st.text(min_size=1, max_size=60))
def test_a_name_can_neither_break_a_text_nor_become_html(name: str) -> None:
    letter = letter_of(a_reminder(name=name), dated=DATED)

    assert "<script" not in letter.html
    assert name.strip() in letter.text or name.strip() == ""
    assert letter.html.count("<p>") == letter_of(a_reminder(), dated=DATED).html.count("<p>")


def test_the_html_says_what_the_text_says() -> None:
    letter = letter_of(a_reminder(name="BUNGA <b>CONTOH</b>"), dated=DATED)

    assert "BUNGA &lt;b&gt;CONTOH&lt;/b&gt;" in letter.html
    assert "href" not in letter.html
    assert "Rp1.280.000" in letter.html


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        *[("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3)],
        *[("€" * 80, 1), ("€" * 81, 2), ("é" * 160, 1), ("ā" * 70, 1), ("ā" * 71, 2)],
        *[("ā" * 135, 3), ("🙂" * 35, 1)],
    ],
)
def test_an_sms_holds_160_plain_letters_or_70_others(text: str, parts: int) -> None:
    assert sms_parts(text) == parts


def test_legal_notices_cannot_be_opted_out_of() -> None:
    letters = {event: letter_of(a_reminder(event), dated=DATED) for event in EVENTS}

    assert {event for event, letter in letters.items() if not letter.can_opt_out} == {
        "ACTIVATED",
        "REACTIVATED",
        "SUSPENDED",
    }


def test_a_due_reminder_names_amount_date_and_account() -> None:
    letter = letter_of(a_reminder(), dated=DATED)

    assert letter.subject == "Iuran JKN Februari 2026 jatuh tempo 10 Februari 2026"
    assert "Rp1.280.000" in letter.text
    assert "berakhir dengan 1234" in letter.text


def test_arrears_are_part_of_what_is_asked_for() -> None:
    letter = letter_of(a_reminder(arrears_months=1), dated=DATED)

    assert "tunggakan 1 bulan sebelumnya" in letter.text
    assert "Rp1.280.000" in letter.text


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
    reminder = replace(a_reminder("REACTIVATED"), details={"window_last_day": None})

    with pytest.raises(LetterIncompleteError, match=r"reactivated.id lacks"):
        letter_of(reminder, dated=DATED)


def test_a_language_without_a_text_is_refused() -> None:
    with pytest.raises(LetterIncompleteError, match="its file"):
        letter_of(replace(a_reminder(), language="jv"), dated=DATED)
