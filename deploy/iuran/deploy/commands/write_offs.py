"""`iuran write-offs`: arrears that a law takes off the bill; two persons for each order."""

from pathlib import Path
from typing import Annotated

import typer

from iuran.core.money import formatted
from iuran.core.regulation.write_offs import write_off_rules
from iuran.deploy.commands.database import open_desk, small_pool
from iuran.deploy.commands.options import (
    ByOption,
    DataOption,
    JsonOption,
    LimitOption,
    ReasonOption,
)
from iuran.deploy.commands.terminal import err, fail, run, say, write_json, write_table
from iuran.payments.write_offs import (
    KnownWriteOffOrder,
    WriteOffOrder,
    WriteOffProgress,
    approve_write_off,
    carry_out_write_off,
    propose_write_off,
    write_off_orders,
)

app = typer.Typer(no_args_is_help=True, help="Arrears that a law takes off the bill.")
OrderArgument = Annotated[int, typer.Argument(help="Number of the order.")]


@app.command()
def rules(*, json: JsonOption = False) -> None:
    """List the legal bases on file, in force or not."""
    rows = [
        {
            "rule": rule.rule,
            "inForce": "yes" if rule.in_force else "no",
            "from": rule.effective_from,
            "to": rule.effective_to,
            "legalBasis": rule.legal_basis,
        }
        for rule in write_off_rules()
    ]
    if json:
        write_json(rows)
        return
    columns = ("Rule", "In force", "From", "To", "Legal basis")
    write_table("Write-offs", columns, [list(row.values()) for row in rows], wide="Legal basis")


@app.command()
def propose(
    rule: Annotated[str, typer.Argument(help="A rule of `iuran write-offs rules`.")],
    *,
    family: Annotated[int | None, typer.Option(help="Only this family id; else all.")] = None,
    reason: ReasonOption,
    by: ByOption,
    data: DataOption = None,
) -> None:
    """Propose an order; another person approves it."""
    order = run(_propose(data, WriteOffOrder(rule=rule, reason=reason, family_id=family), by))
    say(f"Order {order}. Now somebody else approves it:")
    say(f"  iuran write-offs approve {order} --by NAME")


@app.command()
def approve(order: OrderArgument, *, by: ByOption, data: DataOption = None) -> None:
    """Approve an order; `carry-out` then does it."""
    run(_approve(data, order, by))
    say(f"Order {order} is approved. Now:\n  iuran write-offs carry-out {order}")


@app.command("carry-out")
def carry_out(order: OrderArgument, *, data: DataOption = None) -> None:
    """Write off what an approved order reaches; start it again if it was stopped."""
    done = run(_carry_out(data, order))
    if done is None:
        fail(f"there is no order {order}, or no family yet; see `iuran write-offs list`")
    say(
        f"Order {order}: {done.bills} bills of {done.memberships} memberships, "
        f"{formatted(done.amount)} written off now."
    )


@app.command("list")
def list_(*, limit: LimitOption = 50, data: DataOption = None, json: JsonOption = False) -> None:
    """List the orders and what they wrote off."""
    rows = [
        {
            "order": one.order_id,
            "rule": one.rule,
            "family": "all" if one.only_family is None else one.only_family,
            "bills": one.bills,
            "amount": formatted(one.amount),
            "proposedBy": one.proposed_by,
            "approvedBy": one.approved_by,
        }
        for one in run(_list(data, limit))
    ]
    if json:
        write_json(rows)
        return
    columns = ("Order", "Rule", "Family", "Bills", "Amount", "Proposed by", "Approved by")
    write_table("Write-offs", columns, [list(row.values()) for row in rows], wide="Rule")


async def _propose(data: Path | None, order: WriteOffOrder, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await propose_write_off(desk.connection, order, by=by, at=desk.clock.now())


async def _approve(data: Path | None, order: int, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await approve_write_off(desk.connection, order, by=by, at=desk.clock.now())


async def _carry_out(data: Path | None, order: int) -> WriteOffProgress | None:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        settings = desk.settings
    done = None
    async with small_pool(settings) as pool:
        with err.status("Writing off ...") as status:
            async for done in carry_out_write_off(pool, order, at=at):
                status.update(f"{done.families_done} of {done.families_total} families")
    return done


async def _list(data: Path | None, limit: int) -> tuple[KnownWriteOffOrder, ...]:
    async with open_desk(data) as desk:
        return await write_off_orders(desk.connection, limit=limit)
