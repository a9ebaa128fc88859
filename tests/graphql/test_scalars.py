from datetime import UTC, date, datetime

import pytest

from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.graphql.types.scalars import (
    SCALARS,
    CardNumber,
    FamilyCardNumber,
    PopulationNumber,
    VirtualAccountNumber,
)
from tests.graphql.conftest import Frontend


@pytest.mark.parametrize(
    ("scalar", "text", "value"),
    [
        (Rupiah, "150000", 150_000),
        (Rupiah, "3000000000", 3_000_000_000),
        (CoverageMonth, "2026-01", CoverageMonth(2026, 1)),
        (date, "2028-02-29", date(2028, 2, 29)),
        (PopulationNumber, "9901015705900001", "9901015705900001"),
        (FamilyCardNumber, "9900000000000001", "9900000000000001"),
        (CardNumber, "0009000000001", "0009000000001"),
        (VirtualAccountNumber, "8888809000000001", "8888809000000001"),
    ],
)
def test_a_scalar_is_written_as_it_is_read(scalar: object, text: str, value: object) -> None:
    definition = SCALARS[scalar]

    assert definition.parse_value is not None
    assert definition.serialize is not None
    assert definition.parse_value(text) == value
    assert definition.serialize(value) == text


def test_an_instant_is_written_in_jakarta_time() -> None:
    definition = SCALARS[datetime]
    instant = datetime(2026, 1, 31, 17, 1, tzinfo=UTC)

    assert definition.serialize is not None
    assert definition.parse_value is not None
    assert definition.serialize(instant) == "2026-02-01T00:01:00+07:00"
    assert definition.parse_value("2026-02-01T00:01:00+07:00") == instant


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        (Rupiah, "1.5"),
        (Rupiah, 150_000),
        (Rupiah, "9" * 40),
        (CoverageMonth, "2026-13"),
        (CoverageMonth, "2026-1"),
        (CoverageMonth, None),
        (date, "2026-02-29"),
        (date, "tomorrow"),
        (datetime, "2026-01-01T00:00:00"),
        (datetime, "now"),
        (PopulationNumber, "9901019905900001"),
        (PopulationNumber, 9901015705900001),
        (FamilyCardNumber, "99"),
        (CardNumber, "٠٠٠٩٠٠٠٠٠٠٠٠١"),
        (VirtualAccountNumber, "88888"),
        (VirtualAccountNumber, ["8888809000000001"]),
    ],
)
def test_what_a_scalar_is_not_is_refused_with_what_to_write(scalar: object, value: object) -> None:
    parse = SCALARS[scalar].parse_value

    assert parse is not None
    with pytest.raises(InvalidInputError, match=r"write|give|must|starts"):
        parse(value)


async def test_a_number_of_the_wrong_form_is_refused_before_anything_is_read(
    frontend: Frontend,
) -> None:
    response = await frontend.post(
        "query ($nik: NIK!) { participant(by: {nik: $nik}) { name } }", nik="12345"
    )

    (error,) = response.json()["errors"]
    assert response.status_code == 400
    assert "data" not in response.json()
    assert "write the 16 digits" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
