"""`iuran channels changes`: who changed what of a channel, when, why, and what it was before."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import run, write_json, write_table
from iuran.payments.channel_changes import RecordedChange, list_changes

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; recorded.", show_default=False)]


def changes_(
    code: Annotated[str | None, typer.Argument(help="Short name such as BCA; or all.")] = None,
    *,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List who changed what of a channel, when and why, the latest first. No secret is shown."""
    found = run(_changes(data, code, limit))
    if json:
        write_json([_document(change) for change in found])
        return
    rows = [
        [_time(change), change.channel, change.changed_by, change.reason, _difference(change)]
        for change in found
    ]
    write_table("Changes", ["At (WIB)", "Channel", "By", "Why", "What"], rows, wide="What")


async def _changes(data: Path | None, code: str | None, limit: int) -> tuple[RecordedChange, ...]:
    async with open_desk(data) as desk:
        return await list_changes(desk.connection, code, limit=limit)


def _time(change: RecordedChange) -> str:
    return f"{change.changed_at.astimezone(WIB):%Y-%m-%d %H:%M}"


def _difference(change: RecordedChange) -> str:
    return "; ".join(
        f"{name}: {_text(was)} -> {_text(now)}" for name, (was, now) in change.differences.items()
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json_module.dumps(value)


def _document(change: RecordedChange) -> dict[str, object]:
    differences = change.differences
    return {
        "at": change.changed_at,
        "channel": change.channel,
        "by": change.changed_by,
        "reason": change.reason,
        "before": {name: was for name, (was, _) in differences.items()},
        "after": {name: now for name, (_, now) in differences.items()},
    }
