"""`iuran clock`: the test clock of demonstrations and tests."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB, store_offset
from iuran.deploy.commands.database import Desk, open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json
from iuran.deploy.moments import advanced, parse_moment, written
from iuran.deploy.running import Running
from iuran.deploy.test_clock import FOLLOW_EVERY_SECONDS, ClockRefusedError

app = typer.Typer(no_args_is_help=True, help="Show or move the test clock (never in production).")
BackOption = Annotated[
    bool, typer.Option("--back", help="Allow a move into the past; facts of the future stay.")
]


@app.command()
def show(*, data: DataOption = None, json: JsonOption = False) -> None:
    """Show legal time, and how far it stands from real time."""
    run(_show(data, as_json=json))


@app.command("set")
def set_(
    moment: Annotated[str, typer.Argument(help="2026-12-01 or 2026-12-01T09:30, in WIB.")],
    *,
    back: BackOption = False,
    data: DataOption = None,
) -> None:
    """Set legal time to a moment; without a zone it is WIB."""
    run(_move(data, lambda _now: parse_moment(moment), back=back))


@app.command()
def advance(
    span: Annotated[list[str], typer.Argument(help="10d, 3h, 45m, 2w, '1 month', 1y.")],
    *,
    data: DataOption = None,
) -> None:
    """Move legal time forward; months and years follow the calendar."""
    run(_move(data, lambda now: advanced(now, " ".join(span)), back=False))


async def _show(data: Path | None, *, as_json: bool) -> None:
    async with open_desk(data) as desk:
        legal, real = desk.clock.now(), datetime.now(UTC)
        state = {
            "legalTime": legal.astimezone(WIB).isoformat(timespec="seconds"),
            "realTime": real.astimezone(WIB).isoformat(timespec="seconds"),
            "movedSeconds": round((legal - real).total_seconds()),
            "canBeMoved": desk.settings.follows_test_clock,
        }
    if as_json:
        write_json(state)
        return
    say(f"Legal time {written(legal)}")
    say(f"Real time  {written(real)}")


async def _move(data: Path | None, target: Callable[[datetime], datetime], *, back: bool) -> None:
    async with open_desk(data) as desk:
        await move_clock(desk, target(desk.clock.now()), back=back)
        running = Running.read(desk.settings.data)
    if running is not None:
        await asyncio.sleep(2 * FOLLOW_EVERY_SECONDS)
    async with open_desk(data) as desk:
        say(f"Legal time {written(desk.clock.now())}")


async def move_clock(desk: Desk, target: datetime, *, back: bool) -> None:
    """Store where legal time stands now; raises ClockRefusedError where it must not move."""
    if not desk.settings.follows_test_clock:
        raise ClockRefusedError(
            "the test clock is off here: set IURAN_TEST_CLOCK=true; in production it stays off"
        )
    if target < desk.clock.now() and not back:
        raise ClockRefusedError(
            f"{written(target)} is in the past of legal time, {written(desk.clock.now())}; bills "
            "and payments of then stay as they are. If you want that, add --back"
        )
    await store_offset(desk.connection, target - datetime.now(UTC))
