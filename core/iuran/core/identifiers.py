"""The numbers of JKN: how they are formed, checked and masked (domain page, section 3)."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from iuran.core.errors import InvalidInputError

FEMALE_DAY_OFFSET = 40
CUSTOMER_NUMBER_DIGITS = 11
_SIXTEEN_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)
_THIRTEEN_DIGITS = re.compile(r"[0-9]{13}", re.ASCII)
_LONG_NUMBER = re.compile(r"(?<!\d)\d{9,}(?!\d)", re.ASCII)
_SHOWN_DIGITS = 4


class Sex(StrEnum):
    """Sex as the NIK encodes it."""

    FEMALE = "F"
    MALE = "M"


class NikWarning(StrEnum):
    """What in a NIK differs from what was stated: a hint, for real data have errors."""

    BIRTH_DATE_DIFFERS = "BIRTH_DATE_DIFFERS"
    SEX_DIFFERS = "SEX_DIFFERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nik:
    """A population number (NIK): place of first registration, birth date, sex, serial."""

    text: str
    sex: Sex
    birth_day: int
    birth_month: int
    birth_year_of_century: int

    def warnings(self, *, birth_date: date, sex: Sex) -> tuple[NikWarning, ...]:
        """Compare with a stated birth date and sex; the stated date picks the century."""
        stated = (birth_date.day, birth_date.month, birth_date.year % 100)
        encoded = (self.birth_day, self.birth_month, self.birth_year_of_century)
        found: list[NikWarning] = []
        if stated != encoded:
            found.append(NikWarning.BIRTH_DATE_DIFFERS)
        if sex is not self.sex:
            found.append(NikWarning.SEX_DIFFERS)
        return tuple(found)


def parse_nik(text: str) -> Nik:
    """Read a NIK: 16 digits, PPRRSS DDMMYY NNNN, day +40 for women.

    Raises InvalidInputError unless the date exists in 19xx or 20xx and the serial is not 0000 [D].
    There is no check digit, and the region is where the person was first registered: it is not
    checked, since provinces are split and renamed.
    """
    if _SIXTEEN_DIGITS.fullmatch(text) is None:
        raise InvalidInputError("nik", "write the 16 digits of the population number")
    day, month, year = int(text[6:8]), int(text[8:10]), int(text[10:12])
    sex = Sex.FEMALE if day > FEMALE_DAY_OFFSET else Sex.MALE
    birth_day = day - FEMALE_DAY_OFFSET if sex is Sex.FEMALE else day
    if not (_exists(1900 + year, month, birth_day) or _exists(2000 + year, month, birth_day)):
        raise InvalidInputError("nik", "digits 7 to 12 must be a birth date (day +40 for women)")
    if text.endswith("0000"):
        raise InvalidInputError("nik", "the serial, its last four digits, starts at 0001")
    return Nik(
        text=text,
        sex=sex,
        birth_day=birth_day,
        birth_month=month,
        birth_year_of_century=year,
    )


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def check_kk_number(text: str) -> str:
    """Return a family card number (No. KK): 16 digits, nothing more is known [M]."""
    if _SIXTEEN_DIGITS.fullmatch(text) is None:
        raise InvalidInputError("familyCardNumber", "write the 16 digits of the family card (KK)")
    return text


def check_card_number(text: str) -> str:
    """Return a participant's card number: 13 digits, leading zeros are part of it."""
    if _THIRTEEN_DIGITS.fullmatch(text) is None:
        raise InvalidInputError("cardNumber", "write the 13 digits on the card, zeros included")
    return text


def customer_number_of(card_number: str) -> str:
    """Return the 11 digits of a card that every channel puts behind its own prefix."""
    return check_card_number(card_number)[-CUSTOMER_NUMBER_DIGITS:]


def mask(number: str) -> str:
    """Keep the last four digits of a NIK, KK, card or phone number: all that logs may show."""
    return "*" * max(len(number) - _SHOWN_DIGITS, 0) + number[-_SHOWN_DIGITS:]


def mask_numbers_in(text: str) -> str:
    """Mask every run of nine or more digits in a text that goes to a log or a message."""
    return _LONG_NUMBER.sub(lambda match: mask(match[0]), text)


def mask_name(name: str) -> str:
    """Keep the first letter of each word of a name: `SITI NURHALIZA` is `S*** N********`."""
    return " ".join(word[:1] + "*" * (len(word) - 1) for word in name.split())
