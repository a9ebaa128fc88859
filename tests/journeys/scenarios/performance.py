"""A scenario played from its first sentence to its last, and all of it compared."""

from collections.abc import Sequence

from iuran.core.database.pool import Pool
from iuran.payments.ledger import balances, disagreements
from tests.journeys.scenarios.deeds import perform
from tests.journeys.scenarios.observer import Statement, compare, witness
from tests.journeys.scenarios.past import begin
from tests.journeys.scenarios.scenario import Scenario, branches_of
from tests.journeys.scenarios.stage import Stage
from tests.journeys.scenarios.verdicts import check_plan_refusals, check_verdict


async def performed(
    pool: Pool, database_url: str, scenario: Scenario, others: Sequence[Scenario] = ()
) -> None:
    """Play each branch in a house of its own; assert all that is expected, and that books agree."""
    branches = branches_of(scenario, others)
    one_each = len(scenario["then"]) == len(branches)
    stages: list[Stage] = []
    told: list[Statement] = []
    for position, branch in enumerate(branches):
        stage = await begin(pool, database_url, branch)
        await perform(stage)
        told.append(await witness(scenario["expected"], stage))
        await _books_agree(pool)
        if one_each:
            check_verdict(scenario["then"][position], stage)
        stages.append(stage)
    compare(scenario["expected"], told)
    check_plan_refusals(scenario, stages)


async def _books_agree(pool: Pool) -> None:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        assert sum(balance.amount for balance in await balances(connection)) == 0
