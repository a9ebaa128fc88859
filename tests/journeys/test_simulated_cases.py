"""Every shipped scenario against the whole product over real HTTP: banks, a shop, aggregators."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from iuran.core.clock import StandingClock, SystemClock
from iuran.core.database.pool import Pool
from iuran.deploy.app import build_app
from iuran.deploy.banks import bank_folder, ensure_bank
from iuran.deploy.casting import cast
from iuran.deploy.commands.scenarios import play_often
from iuran.deploy.installation import installation_cipher
from iuran.deploy.invented_families import an_account
from iuran.deploy.outside import served
from iuran.deploy.settings import Settings
from iuran.deploy.theatre import Theatre
from iuran.payments.ledger import balances, disagreements
from iuran.payments.lost.sources import Sources, outgoing_client
from iuran.payments.simulation.play import play
from iuran.payments.simulation.scenario import (
    Need,
    find_scenario,
    parse_scenario,
    shipped_names,
    shipped_text,
)
from iuran.payments.simulation.tally import Tally
from iuran.workers.runner import run_worker
from iuran.workers.services import Banks, WorkerServices

MONTH = 35_000
PAYS_NOTHING = {"expired-account", "unknown-account"}


@pytest.fixture
async def theatre(pool: Pool, clock: StandingClock, tmp_path: Path) -> AsyncIterator[Theatre]:
    """A server that runs, and the banks that it knows."""
    settings = Settings(data=tmp_path)
    cipher = installation_cipher(settings)
    async with pool.acquire() as connection:
        for code, prefix in (("DEMO_BCA", "88888"), ("DEMO_MANDIRI", "89888")):
            folder = bank_folder(tmp_path, code)
            await ensure_bank(connection, cipher, folder, name=code, va_prefix=prefix)
    async with served(build_app(settings, pool=pool, clock=clock)) as base_url:
        yield Theatre(
            pool=pool,
            clock=clock,
            cipher=cipher,
            banks=tmp_path / "banks",
            first_bank="DEMO_BCA",
            snap_mount=settings.snap_mounts[0],
            retail_mount=settings.retail_mount,
            base_url=base_url,
        )


async def collected(pool: Pool) -> int:
    async with pool.acquire() as connection:
        assert await disagreements(connection) == ()
        found = {balance.account: balance.amount for balance in await balances(connection)}
    return found.get("CHANNEL_CLEARING", 0)


@pytest.fixture
async def working(theatre: Theatre, workers: WorkerServices) -> AsyncIterator[None]:
    """A worker in real time, which asks banks for what they did not tell."""
    async with outgoing_client() as http:
        banks = Banks(cipher=theatre.cipher, sources=Sources(http=http, clock=theatre.clock))
        services = replace(workers, banks=banks, real_clock=SystemClock())
        working = asyncio.create_task(run_worker(services))
        yield
        working.cancel()
        await asyncio.wait({working})


NEEDS_A_WORKER = {"lost-notification"}


@pytest.mark.parametrize("name", sorted({*shipped_names()} - NEEDS_A_WORKER))
async def test_the_product_answers_as_the_scenario_says(name: str, theatre: Theatre) -> None:
    await goes_as_it_says(name, theatre)


@pytest.mark.usefixtures("working")
async def test_the_worker_finds_the_payment_that_nobody_told(theatre: Theatre) -> None:
    await goes_as_it_says("lost-notification", theatre)


async def goes_as_it_says(name: str, theatre: Theatre) -> None:
    async with cast(theatre, find_scenario(name), {}) as players:
        stage = await players.stage()
        played = [step async for step in play(players.scenario, stage)]

    assert [step.problem for step in played if step.problem] == []
    assert await collected(theatre.pool) == (0 if name in PAYS_NOTHING else MONTH)


async def test_a_scenario_is_played_many_times_at_once_each_with_its_own_family(
    theatre: Theatre,
) -> None:
    tally = Tally()

    async with cast(theatre, find_scenario("two-banks"), {}) as players:
        await play_often(players, tally, times=6, at_once=3)

    assert (tally.runs, tally.failures) == (6, 0)
    assert sum(tally.steps[n].codes["2002500"] for n in (3, 4)) == 6
    assert tally.steps[3].milliseconds(50) <= tally.steps[3].milliseconds(99)
    assert await collected(theatre.pool) == 6 * MONTH


async def test_a_wrong_answer_is_noticed_and_the_steps_behind_it_are_played(
    theatre: Theatre,
) -> None:
    text = shipped_text("wrong-amount").replace("4042513", "2002500", 1)
    scenario = parse_scenario(text, source="wrong")

    async with cast(theatre, scenario, {}) as players:
        played = [step async for step in play(scenario, await players.stage())]

    problems = [step.problem for step in played]
    assert problems[1].startswith("heard 4042513 (")
    assert [bool(problem) for problem in problems] == [False, True, False, False, False]


async def test_a_group_that_is_answered_otherwise_is_noticed(theatre: Theatre) -> None:
    text = shipped_text("two-banks").replace("2002500 = 1, 4042514 = 1", "2002500 = 2")

    async with cast(theatre, parse_scenario(text, source="wrong"), {}) as players:
        played = [step async for step in play(players.scenario, await players.stage())]

    assert all("together they heard 1 x 2002500, 1 x 4042514" in s.problem for s in played[2:])


async def test_a_server_that_is_not_there_is_a_problem_of_each_step(theatre: Theatre) -> None:
    nowhere = replace(theatre, base_url="http://127.0.0.1:9")

    async with cast(nowhere, find_scenario("advice"), {}) as players:
        played = [step async for step in play(players.scenario, await players.stage())]

    assert all(step.problem.startswith("nothing was answered") for step in played)


async def test_a_named_account_is_played_with(theatre: Theatre) -> None:
    number = await an_account(theatre.pool, Need.PAYABLE, at=theatre.clock.now())

    async with cast(theatre, find_scenario("advice"), {"family": "88888" + number}) as players:
        stages = await asyncio.gather(players.stage(), players.stage())

    assert [stage.accounts for stage in stages] == [{"family": number}] * 2
