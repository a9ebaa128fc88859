"""Telephone numbers as providers want them, and how many SMS a text is."""

import unicodedata

from iuran.workers.messaging.letter import MessageRefusedError

COUNTRY = "ID"
_SMS = 160
_SMS_OF_MANY = 153
_SMS_UCS2 = 70
_SMS_UCS2_OF_MANY = 67
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_TWICE = frozenset("^{}\\[~]|€\f")


def international(number: str) -> str:
    """Return a number in the form +62…; raises MessageRefusedError if it cannot be one."""
    import phonenumbers  # noqa: PLC0415 - 1 MiB; servers load this module and write to nobody

    try:
        parsed = phonenumbers.parse(number, COUNTRY)
    except phonenumbers.NumberParseException as error:
        raise MessageRefusedError("the telephone number cannot be read") from error
    if not phonenumbers.is_possible_number(parsed):
        raise MessageRefusedError("the telephone number has too few or too many digits")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_gsm7(text: str) -> bool:
    """Whether every letter is one of GSM 03.38, so that 160 of them make one SMS and not 70."""
    return all(letter in _GSM7 or letter in _GSM7_TWICE for letter in text)


def sms_parts(text: str) -> int:
    """Return how many SMS a text takes: 160 letters of GSM-7 (153 of many), 70 others (67)."""
    if is_gsm7(text):
        units, alone, of_many = sum(2 if x in _GSM7_TWICE else 1 for x in text), _SMS, _SMS_OF_MANY
    else:
        units = len(text.encode("utf-16-le")) // 2
        alone, of_many = _SMS_UCS2, _SMS_UCS2_OF_MANY
    return 1 if units <= alone else -(-units // of_many)


def plain(text: str) -> str:
    """Return a text without accents and marks that would make each SMS hold 70 letters only."""
    if is_gsm7(text):
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(x for x in decomposed if not unicodedata.combining(x))
