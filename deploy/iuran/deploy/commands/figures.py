"""`iuran figures`: what finance and monitoring look at."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, LiteralString

import typer

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah, formatted
from iuran.core.monitoring.public import Days
from iuran.core.months import CoverageMonth
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, write_json, write_table
from iuran.payments.finance_figures import (
    arrears_by_age,
    billed,
    claims_paid,
    collected,
    fine_figures,
    reactivations,
)
from iuran.payments.money_held import Held, held

Figures = dict[str, list[dict[str, object]]]
IN_RUPIAH = frozenset({"amount", "paid"})


SELECT_CHANNEL_CODES: LiteralString = """
    SELECT channel_id, code FROM channel ORDER BY channel_id LIMIT 1000
"""


def figures(
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--until", formats=["%Y-%m-%d"])] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show billed, collected, arrears, reactivations, fines and held money; by default this month.

    All sums in rupiah; days are WIB dates, both included.
    """
    found = run(_figures(data, _day(first), _day(last)))
    if json:
        write_json(found)
        return
    for title, rows in found.items():
        if rows:
            write_table(
                title, [name.capitalize() for name in rows[0]], [_cells(row) for row in rows]
            )


def _cells(row: dict[str, object]) -> list[object]:
    """Return a row as people read it; JSON keeps the plain numbers of rupiah."""
    return [
        formatted(Rupiah(cell)) if column in IN_RUPIAH and isinstance(cell, int) else cell
        for column, cell in row.items()
    ]


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


async def _figures(data: Path | None, first: date | None, last: date | None) -> Figures:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        until = last or wib_date(at)
        days = Days(first=first or CoverageMonth.of(until).first_day, last=until)
        return {
            **await _contributions(desk.connection, days, today=wib_date(at)),
            **await _care(desk.connection, days),
            "Held": _held(await held(desk.connection, at=at)),
        }


async def _contributions(connection: Connection, days: Days, *, today: date) -> Figures:
    months = {"first": CoverageMonth.of(days.first), "last": CoverageMonth.of(days.last)}
    revived = await reactivations(connection, days)
    channels = await connection.fetch(SELECT_CHANNEL_CODES)
    codes = {row["channel_id"]: row["code"] for row in channels}
    return {
        "Billed": [
            {
                "month": str(row.coverage_month),
                "bills": row.bills,
                "amount": row.amount,
                "paid": row.paid,
            }
            for row in await billed(connection, **months)
        ],
        "Collected": [
            {
                "channel": codes.get(row.channel_id, row.channel_id),
                "payments": row.payments,
                "amount": row.amount,
            }
            for row in await collected(connection, days)
        ],
        "Arrears by months": [
            {"months": row.age, "memberships": row.memberships, "amount": row.amount}
            for row in await arrears_by_age(connection, today=today)
        ],
        "Reactivations": [{"reactivations": revived.reactivations, "months paid": revived.months}],
    }


async def _care(connection: Connection, days: Days) -> Figures:
    paid = await claims_paid(connection, days)
    return {
        "Fines": [
            {
                "debtor": row.debtor,
                "stays": row.stays,
                "fines": row.fines,
                "amount": row.amount,
                "paid": row.paid,
            }
            for row in await fine_figures(connection, days)
        ],
        "Claims paid": [{"claims": paid.claims, "amount": paid.amount}],
    }


def _held(found: Held) -> list[dict[str, object]]:
    return [
        {"what": "in suspense", "count": found.suspense_items, "amount": found.suspense},
        {"what": "disputed by banks", "count": found.disputes, "amount": found.disputed},
        {"what": "families' credit", "count": found.credits, "amount": found.credit},
        {
            "what": "employers' credit",
            "count": found.employer_credits,
            "amount": found.employer_credit,
        },
        {"what": "refunds waiting", "count": found.refunds_waiting, "amount": found.refund_waiting},
        {"what": "refunds late", "count": found.refunds_late, "amount": found.refund_late},
        {"what": "paid but inactive", "count": found.paid_but_inactive, "amount": None},
    ]
