"""A scenario played from its first sentence to its last, and all of it compared."""

from collections.abc import Mapping, Sequence

from iuran.core.database.pool import Pool
from iuran.payments.ledger import balances, disagreements
from tests.journeys.scenarios.deeds import perform
from tests.journeys.scenarios.figures import figures_in, figures_of
from tests.journeys.scenarios.observer import Statement, compare, witness
from tests.journeys.scenarios.past import begin
from tests.journeys.scenarios.scenario import Expected, Scenario, branches_of
from tests.journeys.scenarios.stage import Stage
from tests.journeys.scenarios.verdicts import check_plan_refusals, check_verdict


async def performed(
    pool: Pool, database_url: str, scenario: Scenario, others: Sequence[Scenario] = ()
) -> None:
    """Play each branch in a house of its own; assert all that is expected, and that books agree."""
    branches = branches_of(scenario, others)
    one_each = len(scenario["then"]) == len(branches)
    stages: list[Stage] = []
    figures = _named(scenario)
    told: list[Statement] = []
    for position, branch in enumerate(branches):
        stage = await begin(pool, database_url, branch)
        await perform(stage)
        told.append(await witness(scenario["expected"], stage))
        figures |= await figures_of(stage)
        await _books_agree(pool)
        if one_each:
            check_verdict(scenario["then"][position], stage)
        stages.append(stage)
    compare(scenario["expected"], told)
    figures |= check_plan_refusals(scenario, stages)
    missing = {one for sentence in scenario["then"] for one in figures_in(sentence)} - figures
    assert not missing, f"no bill, fine or explanation comes to {missing}"


async def _books_agree(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0


def _named(scenario: Scenario) -> set[str]:
    """What a scenario states itself, and what its fields, compared apart, come to."""
    said = figures_in("; ".join([*scenario["given"], *scenario["when"]]))
    return said | figures_in(str(scenario["expected"])) | _amounts(scenario["expected"])


def _amounts(expected: Expected) -> set[str]:
    match expected:
        case int():
            return {f"{expected:,}"}
        case Mapping():
            return {one for part in expected.values() for one in _amounts(part)}
        case _:
            return set()
