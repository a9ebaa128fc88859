"""`iuran simulate run`, `scenarios`, `check`: stories of banks and shops, played over HTTP."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from iuran.core.errors import InvalidInputError
from iuran.deploy.casting import Cast, cast
from iuran.deploy.commands.database import open_desk, small_pool
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.scenario_table import described, scenario_table
from iuran.deploy.commands.terminal import err, fail, out, run, say, write_json, write_table
from iuran.deploy.demo_payments import PAYING_BANK
from iuran.deploy.installation import installation_cipher
from iuran.deploy.running import Running
from iuran.deploy.settings import Settings, SettingsError
from iuran.deploy.theatre import Theatre
from iuran.payments.simulation.play import play
from iuran.payments.simulation.scenario import (
    Scenario,
    find_scenario,
    read_scenario,
    shipped_names,
    shipped_text,
)
from iuran.payments.simulation.tally import Tally

ACCOUNTS_MAX = 20
PROBLEMS_SHOWN_MAX = 10

NameArgument = Annotated[str, typer.Argument(help="A shipped scenario, or a TOML file.")]
AccountOption = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="NAME=NUMBER", help="Play with this virtual account."),
]
TimesOption = Annotated[int, typer.Option(min=1, max=10_000, help="How often it is played.")]
AtOnceOption = Annotated[int, typer.Option(min=1, max=64, help="How many at the same time.")]
UrlOption = Annotated[str | None, typer.Option(help="Server, if not the one that runs here.")]


def run_(  # noqa: PLR0913 - the options of a command line
    scenario: NameArgument,
    *,
    account: AccountOption = None,
    times: TimesOption = 1,
    at_once: AtOnceOption = 1,
    url: UrlOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Play a scenario with invented families. Exit 1 unless every answer is as it should be."""
    found = find_scenario(scenario)
    accounts = dict(_pair(text) for text in account or ())
    tally = run(_run(found, data, accounts, url=url, times=times, at_once=at_once, quiet=json))
    if json:
        write_json(_document(found, tally))
    elif not err.is_terminal:
        out.print(scenario_table(found, tally, runs=times))
    problems = [
        f"step {number}: {step.problem}"
        for number, step in sorted(tally.steps.items())
        if step.problem
    ]
    for problem in problems[1:PROBLEMS_SHOWN_MAX]:
        err.print(problem, style="red", soft_wrap=True)
    if problems:
        fail(problems[0])


def scenarios(
    name: Annotated[str | None, typer.Argument(help="Show this one as it is written.")] = None,
    *,
    json: JsonOption = False,
) -> None:
    """List the scenarios that come with iuran, or show one to begin your own with."""
    if name is not None:
        say(shipped_text(name).rstrip())
        return
    rows = [(each, find_scenario(each)) for each in shipped_names()]
    if json:
        write_json([{"name": n, "title": s.title, "steps": len(s.steps)} for n, s in rows])
        return
    cells = [[each, len(found.steps), found.title] for each, found in rows]
    write_table("Scenarios", ["Name", "Steps", "What happens"], cells, wide="What happens")


def check(files: Annotated[list[Path], typer.Argument(help="Scenario files.")]) -> None:
    """Say whether scenario files can be played, or in which line they are wrong."""
    for file in files:
        found = read_scenario(file)
        say(f"{file}: {found.title}, {len(found.steps)} steps")


def _pair(text: str) -> tuple[str, str]:
    name, equals, number = text.partition("=")
    if not equals:
        raise InvalidInputError("account", "write NAME=NUMBER, for example family=8888809000000005")
    return name.strip(), number.strip()


async def _run(  # noqa: PLR0913 - what a run is made of
    scenario: Scenario,
    data: Path | None,
    accounts: dict[str, str],
    *,
    url: str | None,
    times: int,
    at_once: int,
    quiet: bool,
) -> Tally:
    async with open_desk(data) as desk, small_pool(desk.settings) as pool:
        _check_place(desk.settings)
        theatre = Theatre(
            pool=pool,
            clock=desk.clock,
            cipher=installation_cipher(desk.settings),
            banks=desk.settings.data / "banks",
            first_bank=PAYING_BANK,
            snap_mount=desk.settings.snap_mounts[0],
            retail_mount=desk.settings.retail_mount,
            base_url=url or server_here(desk.settings),
        )
        async with cast(theatre, scenario, accounts) as players:
            return await _show(players, times=times, at_once=at_once, quiet=quiet)


def _check_place(settings: Settings) -> None:
    """Raise SettingsError in production: a scenario makes families and moves money."""
    if settings.is_production:
        raise SettingsError("scenarios register invented families and pay: not in production")


def server_here(settings: Settings) -> str:
    """Return the URL of the server that runs on this data folder, or that would."""
    running = Running.read(settings.data)
    return f"http://{settings.host}:{settings.port}" if running is None else running.base_url


async def _show(players: Cast, *, times: int, at_once: int, quiet: bool) -> Tally:
    tally = Tally()
    if quiet or not err.is_terminal:
        await play_often(players, tally, times=times, at_once=at_once)
        return tally
    with Live(
        console=err,
        refresh_per_second=8,
        get_renderable=lambda: scenario_table(players.scenario, tally, runs=times),
    ):
        await play_often(players, tally, times=times, at_once=at_once)
    return tally


async def play_often(players: Cast, tally: Tally, *, times: int, at_once: int) -> None:
    """Play a scenario several times, some at once, and count every step in `tally`."""
    waiting = iter(range(times))

    async def play_on() -> None:
        for _ in waiting:
            stage = await players.stage()
            async for played in play(players.scenario, stage):
                tally.add(played)
            tally.runs += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, times)):
            group.create_task(play_on())


def _document(scenario: Scenario, tally: Tally) -> dict[str, object]:
    return {
        "scenario": scenario.title,
        "runs": tally.runs,
        "failures": tally.failures,
        "steps": [
            {
                "step": number,
                "actor": step.actor,
                "does": described(step),
                "calls": found.calls,
                "codes": dict(found.codes),
                "p50Milliseconds": round(found.milliseconds(50), 1),
                "p99Milliseconds": round(found.milliseconds(99), 1),
                "failures": found.failures,
                "problem": found.problem,
            }
            for number, step in enumerate(scenario.steps, start=1)
            if (found := tally.steps.get(number)) is not None
        ],
    }
