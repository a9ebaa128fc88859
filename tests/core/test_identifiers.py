from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.errors import InvalidInputError
from iuran.core.identifiers import (
    NikWarning,
    Sex,
    check_card_number,
    check_kk_number,
    customer_number_of,
    mask,
    mask_name,
    mask_numbers_in,
    parse_nik,
)
from tests.builders import a_nik


@given(st.dates(date(1920, 1, 1), date(2026, 12, 31)), st.sampled_from(Sex))
def test_a_nik_of_any_birth_date_is_read_back_without_a_warning(day: date, sex: Sex) -> None:
    nik = parse_nik(a_nik(day, sex))

    assert nik.warnings(birth_date=day, sex=sex) == ()


@pytest.mark.parametrize(
    "province", ["65", "91", "92", "93", "94", "95", "96"], ids=lambda code: f"province {code}"
)
def test_young_provinces_are_accepted(province: str) -> None:
    nik = parse_nik(f"{province}01011705900001")

    assert nik.birth_day == 17


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("990101170590000", "15 digits"),
        ("99010117059000011", "17 digits"),
        ("9901018108900001", "day 81 is neither a day nor a day + 40"),
        ("9901013202900001", "day 32"),
        ("9901017202900001", "day 72"),
        ("9901013002900001", "30 February"),
        ("9901011713900001", "month 13"),
        ("9901010005900001", "day 0"),
        ("9901014005900001", "day 40"),
        ("9901011705900000", "serial 0000"),
        ("99010117059000a1", "a letter"),
        ("९९०१०११७०५९००००१", "digits of another script"),
        ("", "nothing"),
    ],
)
def test_what_is_no_nik_is_refused_with_advice(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match="nik: "):
        parse_nik(text)
    assert reason


def test_29_february_counts_if_it_exists_in_one_of_the_centuries() -> None:
    assert parse_nik("9901012902000001").birth_day == 29  # 2000, not 1900
    with pytest.raises(InvalidInputError):
        parse_nik("9901012902010001")  # neither 1901 nor 2001


def test_a_stated_date_or_sex_that_differs_is_only_a_warning() -> None:
    nik = parse_nik("9901015705230001")

    assert nik.sex is Sex.FEMALE
    assert nik.warnings(birth_date=date(2023, 5, 17), sex=Sex.FEMALE) == ()
    assert nik.warnings(birth_date=date(2023, 5, 18), sex=Sex.MALE) == (
        NikWarning.BIRTH_DATE_DIFFERS,
        NikWarning.SEX_DIFFERS,
    )


def test_the_customer_number_is_the_end_of_the_card_number() -> None:
    assert customer_number_of("0002233913523") == "02233913523"


@pytest.mark.parametrize("text", ["2233913523", "00022339135230", "000223391352x"])
def test_a_card_number_is_text_of_13_digits(text: str) -> None:
    with pytest.raises(InvalidInputError, match="13 digits"):
        check_card_number(text)


def test_a_family_card_number_has_16_digits() -> None:
    assert check_kk_number("9900000000000001") == "9900000000000001"
    with pytest.raises(InvalidInputError, match="16 digits"):
        check_kk_number("990000000000001")


@given(st.text(alphabet="0123456789", min_size=5, max_size=30))
def test_a_mask_keeps_the_length_and_the_last_four(number: str) -> None:
    masked = mask(number)

    assert len(masked) == len(number)
    assert masked.endswith(number[-4:])
    assert set(masked[:-4]) <= {"*"}


def test_long_numbers_in_a_text_are_masked_and_amounts_stay() -> None:
    text = mask_numbers_in("card 0002233913523 paid 150000 at 88888-02233913523")

    assert text == "card *********3523 paid 150000 at 88888-*******3523"


def test_a_name_keeps_its_initials() -> None:
    assert mask_name("SITI NURHALIZA") == "S*** N********"
