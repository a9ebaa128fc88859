"""What every input keeps, whatever its mutation."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from iuran.core.errors import InvalidInputError
from iuran.core.months import CoverageMonth
from iuran.graphql.inputs import check_input, path_to

JANUARY = CoverageMonth(2026, 1)


@dataclass(kw_only=True)
class Inner:
    name: str = "BUNGA"
    birth_date: date = date(1990, 5, 17)


@dataclass(kw_only=True)
class Given:
    reason: str | None = None
    text: str = ""
    month: CoverageMonth = JANUARY
    at: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    people: list[Inner] = field(default_factory=list[Inner])
    words: list[str] = field(default_factory=list[str])


@pytest.mark.parametrize(
    "fine",
    [
        Given(),
        Given(reason="x" * 1_000, text="x" * 4_000),
        Given(reason="dua\r\nbaris\tdan 日本 é 👩‍👩‍👧"),
        Given(month=CoverageMonth(2014, 1), at=datetime(2100, 12, 31, tzinfo=UTC)),
        Given(people=[Inner(birth_date=date(1900, 1, 1))], words=["satu"]),
    ],
)
def test_what_people_write_is_taken(fine: Given) -> None:
    check_input(fine)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (Given(reason=" \n"), "reason"),
        (Given(reason="x" * 1_001), "reason"),
        (Given(text="x" * 4_001), "text"),
        (Given(reason="\x00"), "reason"),
        (Given(reason="\ud800"), "reason"),
        (Given(reason="\x1b[31m"), "reason"),
        (Given(reason="\x9b"), "reason"),
        (Given(month=CoverageMonth(2013, 12)), "month"),
        (Given(month=CoverageMonth(2100, 2)), "month"),
        (Given(at=datetime(1899, 12, 31, tzinfo=UTC)), "at"),
        (Given(people=[Inner(), Inner(name="\x7f")]), "name"),
        (Given(people=[Inner(birth_date=date(2101, 1, 1))]), "birth_date"),
        (Given(words=["satu", ""]), "words"),
    ],
)
def test_what_nobody_can_mean_is_refused_by_its_field(wrong: Given, named: str) -> None:
    with pytest.raises(InvalidInputError) as told:
        check_input(wrong)

    assert told.value.field == named


def test_what_is_wrong_is_pointed_at_among_several() -> None:
    with pytest.raises(InvalidInputError) as told:
        check_input(Given(people=[Inner(), Inner(name=" ")]))

    assert told.value.path == ("people", "1", "name")


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("reason", ("reason",)),
        ("birthDate", ("people",)),
        ("words", ("words",)),
        ("unknown", ()),
    ],
)
def test_a_field_is_found_by_its_name_as_far_as_that_is_certain(
    field: str, path: tuple[str, ...]
) -> None:
    given = Given(people=[Inner(), Inner()], words=["satu"])

    assert path_to(field, given) == path


def test_a_field_of_the_only_one_of_a_list_is_found() -> None:
    assert path_to("birthDate", Given(people=[Inner()])) == ("people", "0", "birth_date")
