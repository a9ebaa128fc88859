"""`iuran plans`: instalment plans (REHAB) of a family, and giving one up."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import wib_date
from iuran.core.money import formatted
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, ReasonOption
from iuran.deploy.commands.terminal import fail, run, say, write_json, write_table
from iuran.deploy.family_file import find_family
from iuran.payments.instalment_plans import PlanStand, cancel_plan, plans_of

app = typer.Typer(no_args_is_help=True, help="Plans to pay arrears in monthly steps (REHAB).")
NumberArgument = Annotated[str, typer.Argument(help="Family id, or KK, NIK, card or VA number.")]


@app.command("list")
def list_(number: NumberArgument, *, data: DataOption = None, json: JsonOption = False) -> None:
    """List a family's plans, the newest first."""
    rows = [_row(plan) for plan in run(_list(data, number.strip()))]
    if json:
        write_json(rows)
        return
    columns = ("Plan", "State", "From", "Paid", "Steps", "Step", "All")
    write_table("Plans", columns, [list(row.values()) for row in rows], wide="State")


@app.command()
def cancel(
    number: NumberArgument,
    *,
    reason: ReasonOption,
    by: Annotated[str, typer.Option("--by", help="Who does it; recorded.", show_default=False)],
    data: DataOption = None,
) -> None:
    """Give a running plan up: what was paid settles the oldest months, the rest is due at once."""
    plan = run(_cancel(data, number.strip(), reason=reason, by=by))
    say(f"Plan {plan} is given up; `iuran families show` says what is to be paid now.")


def _row(plan: PlanStand) -> dict[str, object]:
    return {
        "plan": plan.plan_id,
        "state": plan.state,
        "from": str(plan.first_month),
        "paidSteps": plan.paid_steps,
        "steps": plan.steps,
        "step": formatted(plan.step_amount),
        "amount": formatted(plan.planned_amount),
    }


async def _list(data: Path | None, number: str) -> tuple[PlanStand, ...]:
    async with open_desk(data) as desk:
        family_id = await find_family(desk.connection, number)
        return await plans_of(desk.connection, family_id, today=wib_date(desk.clock.now()))


async def _cancel(data: Path | None, number: str, *, reason: str, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        at = desk.clock.now()
        family_id = await find_family(desk.connection, number)
        plans = await plans_of(desk.connection, family_id, today=wib_date(at))
        running = [plan for plan in plans if plan.state == "RUNNING"]
        if not running:
            fail("no plan of this family runs; `iuran plans list` shows those that were")
        return await cancel_plan(
            desk.connection, family_id, running[0].membership_id, by=by, reason=reason, at=at
        )
