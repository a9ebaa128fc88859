"""How commands speak: tables and notes for people, JSON for machines, errors in one red line."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Sequence
from typing import NoReturn, TypeVar

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

T = TypeVar("T")
WIDE_MIN = 24
_BETWEEN = 2

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def run(work: Coroutine[object, object, T]) -> T:
    """Run a command's coroutine."""
    return asyncio.run(work)


def say(text: str) -> None:
    """Write a line that is never wrapped, so that it can be copied."""
    out.print(Text(text), soft_wrap=True)


def write_json(value: object) -> None:
    """Write a value as JSON; dates and numbers of ours as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def write_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, wide: str = ""
) -> None:
    """Write rows as a table; only the column `wide` is wrapped, to a width that can be read.

    No rows are said in one line. On a narrow terminal the lines are longer than it: numbers are
    there to be copied.
    """
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not cells:
        say(f"{title}: none")
        return
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != wide)
    for row in cells:
        table.add_row(*row)
    paper = _paper(_width_needed(columns, cells, wide=wide))
    paper.print(table)


def _width_needed(columns: Sequence[str], cells: Sequence[Sequence[str]], *, wide: str) -> int:
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    least = [
        min(width, WIDE_MIN) if name == wide else width
        for name, width in zip(columns, widths, strict=True)
    ]
    return sum(least) + _BETWEEN * (len(columns) + 1)


def _paper(width: int) -> Console:
    return out if width <= out.width else Console(highlight=False, width=width)


def fail(message: str) -> NoReturn:
    """Say in one red line what is wrong and what to do; exit 1."""
    err.print(Text(message, style="bold red"), soft_wrap=True)
    raise typer.Exit(1)
