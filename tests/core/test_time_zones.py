import pytest
from hypothesis import given
from hypothesis import strategies as st

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Connection
from iuran.core.time_zones import time_zone_of_region
from tests.builders import a_family, registered


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        *[("1101", "Asia/Jakarta"), ("3171", "Asia/Jakarta"), ("6171", "Asia/Jakarta")],
        *[("6271", "Asia/Jakarta"), ("5171", "Asia/Makassar"), ("5371", "Asia/Makassar")],
        *[("6371", "Asia/Makassar"), ("7371", "Asia/Makassar"), ("8171", "Asia/Jayapura")],
        *[("9171", "Asia/Jayapura"), ("9671", "Asia/Jayapura"), ("99", "Asia/Jakarta")],
    ],
)
def test_each_province_lies_in_one_zone(code: str, zone: str) -> None:
    assert time_zone_of_region(code) == zone


@given(code=st.text(max_size=16))
def test_every_code_has_a_zone(code: str) -> None:
    assert time_zone_of_region(code) in {"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"}


@pytest.mark.parametrize(
    ("chosen", "zone"), [(None, "Asia/Jayapura"), ("Asia/Makassar", "Asia/Makassar")]
)
async def test_a_family_lives_in_the_zone_of_its_card_unless_it_says_otherwise(
    connection: Connection, clock: StandingClock, chosen: str | None, zone: str
) -> None:
    family = a_family(kk_number="9171000000000001", time_zone=chosen)

    await registered(connection, family, at=clock.now())

    assert await connection.fetchval("SELECT time_zone FROM family") == zone
