"""Every scenario of the domain page, read from its file, played, and compared field by field."""

from collections.abc import AsyncIterator

import pytest

from iuran.core.database.pool import Pool, connected
from iuran.core.regulation.loading import load_regulation
from tests.journeys.scenarios.grammar import NotUnderstoodError
from tests.journeys.scenarios.observer import UnknownFieldError
from tests.journeys.scenarios.performance import performed
from tests.journeys.scenarios.scenario import Scenario, branches_of, scenarios

ALL = scenarios()


@pytest.fixture(autouse=True)
async def regulation(database_url: str) -> AsyncIterator[None]:
    """A story may enact a rate that a ruling takes back; afterwards all is as the files say."""
    yield
    async with connected(database_url, role=None) as owner, owner.transaction():
        await load_regulation(owner)


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario["id"])
async def test_a_scenario_comes_out_as_expected(
    pool: Pool, database_url: str, scenario: Scenario
) -> None:
    await performed(pool, database_url, scenario, ALL)


async def test_all_25_scenarios_are_there() -> None:
    assert [scenario["id"] for scenario in ALL] == [f"SC{number:02d}" for number in range(1, 26)]


def _story(*, given: str, when: str, **expected: int | str) -> Scenario:
    return Scenario(id="", title="", given=[given], when=[when], then=[], expected=dict(expected))


@pytest.mark.parametrize(
    ("given", "when"),
    [
        ("family of 4, class II, with a dog", "pays 2026-03-15"),
        ("family of 4, class II, January 2026 unpaid", "hopes for the best on 2026-03-15"),
    ],
)
def test_a_sentence_that_says_something_else_is_not_passed_over(given: str, when: str) -> None:
    with pytest.raises(NotUnderstoodError):
        branches_of(_story(given=given, when=when))


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ({"bill": 280_001}, AssertionError),
        ({"luck": 1}, UnknownFieldError),
        ({"window": "2026-03-19"}, AssertionError),
        ({"fine": 1}, AssertionError),
    ],
    ids=["wrong amount", "unknown field", "wrong day", "a fine that nobody owes"],
)
async def test_a_wrong_expectation_fails(
    pool: Pool, database_url: str, expected: dict[str, int | str], error: type[Exception]
) -> None:
    story = _story(
        given="family of 4, class III, January 2026 unpaid",
        when="pays 2026-02-01T00:01:00+07:00",
        **expected,
    )

    with pytest.raises(error):
        await performed(pool, database_url, story)
