"""`iuran jobs`: what the workers do, what they gave up, and letting that begin anew."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import fail, out, run, say, write_json, write_table
from iuran.deploy.moments import written
from iuran.workers.job_records import (
    JobRecord,
    JobRetry,
    JobState,
    list_jobs,
    retry,
    retry_all,
    show_job,
)
from iuran.workers.jobs import JobName
from iuran.workers.kinds import KINDS
from iuran.workers.leadership import Scheduler, read_scheduler

app = typer.Typer(no_args_is_help=True, help="See what the workers do; retry what they gave up.")

KindArgument = Annotated[str, typer.Argument(help="Kind, such as month-roll.")]
KeyArgument = Annotated[str, typer.Argument(help="Key, such as 2026-01.")]
OptionalKind = Annotated[str | None, typer.Argument(help="Kind; without a key all its dead jobs.")]
OptionalKey = Annotated[str | None, typer.Argument(help="Key: this job alone.")]
StateOption = Annotated[
    JobState | None, typer.Option("--state", case_sensitive=False, help="Only these.")
]
KindOption = Annotated[str | None, typer.Option("--kind", help="Only of this kind.")]
AllOption = Annotated[bool, typer.Option("--all", help="All dead jobs of every kind.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does it; recorded.", show_default=False)]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; recorded.")]
ERROR_SHOWN_MAX = 60


@app.command("list")
def list_(
    *,
    state: StateOption = None,
    kind: KindOption = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List jobs, the newest first; `--state dead` are those that were given up."""
    _check_kind(kind)
    records, scheduler = run(_list(data, state, kind, limit))
    if json:
        write_json([_row(record) for record in records])
        return
    columns = ("Kind", "Key", "State", "Tries", "At (WIB)", "Error")
    cells = [
        (
            record.name.kind,
            record.name.key,
            record.state,
            record.attempts,
            _when(record),
            (record.last_error or "")[:ERROR_SHOWN_MAX],
        )
        for record in records
    ]
    write_table("Jobs", columns, cells, wide="Error")
    _say_who_ticks(scheduler)


@app.command()
def show(
    kind: KindArgument, key: KeyArgument, *, data: DataOption = None, json: JsonOption = False
) -> None:
    """Show a job, the error it ended with, and who retried it."""
    _check_kind(kind)
    record, retries = run(_show(data, JobName(kind, key)))
    if json:
        write_json({**_row(record), "retries": [_retry_row(one) for one in retries]})
        return
    for label, value in _lines(record).items():
        say(f"{label:<9}{value}")
    if retries:
        columns = ("At", "By", "Reason", "Had died of")
        cells = [(written(r.retried_at), r.retried_by, r.reason, r.last_error) for r in retries]
        write_table("Retried", columns, cells, wide="Had died of")


@app.command("retry")
def retry_(
    kind: OptionalKind = None,
    key: OptionalKey = None,
    *,
    all_kinds: AllOption = False,
    by: ByOption,
    reason: ReasonOption = "",
    data: DataOption = None,
) -> None:
    """Let dead jobs begin anew: one, all of a kind, or all; who did it is recorded."""
    if all_kinds == (kind is not None):
        fail("name a kind (and a key), or give --all: `iuran jobs list --state dead` shows them")
    if not by.strip():
        fail("--by is empty: say who does it")
    _check_kind(kind)
    names = run(_retry(data, kind, key, by=by.strip(), reason=reason))
    for name in names:
        say(f"{name.kind} {name.key} waits for a worker again.")


async def _list(
    data: Path | None, state: JobState | None, kind: str | None, limit: int
) -> tuple[tuple[JobRecord, ...], Scheduler | None]:
    async with open_desk(data) as desk:
        records = await list_jobs(desk.connection, state=state, kind=kind, limit=limit)
        return records, await read_scheduler(desk.connection)


async def _show(data: Path | None, name: JobName) -> tuple[JobRecord, tuple[JobRetry, ...]]:
    async with open_desk(data) as desk:
        return await show_job(desk.connection, name)


async def _retry(
    data: Path | None, kind: str | None, key: str | None, *, by: str, reason: str
) -> tuple[JobName, ...]:
    now = datetime.now(UTC)
    async with open_desk(data) as desk, desk.connection.transaction():
        if kind is None or key is None:
            return await retry_all(desk.connection, kind=kind, by=by, reason=reason, at=now)
        name = JobName(kind, key)
        await retry(desk.connection, name, by=by, reason=reason, at=now)
        return (name,)


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in KINDS:
        fail(f"there is no kind {kind}; kinds are {', '.join(sorted(KINDS))}")


def _say_who_ticks(scheduler: Scheduler | None) -> None:
    if scheduler is None:
        say("No worker ever ticked: start `iuran worker`.")
    else:
        at = written(scheduler.ticked_at)
        out.print(f"The scheduler is {scheduler.led_by}; it ticked at {at}.", style="dim")


def _when(record: JobRecord) -> str:
    at = record.ended_at or record.lease_until or record.next_at
    return f"{at.astimezone(WIB):%m-%d %H:%M:%S}"


def _lines(record: JobRecord) -> dict[str, object]:
    lines: dict[str, object] = {
        "Job": f"{record.name.kind} {record.name.key}",
        "State": f"{record.state}, lane {record.lane.name.lower()}",
        "Tries": f"{record.attempts} since it was armed, {record.claims} ever",
        "Armed": written(record.armed_at),
        "Next": written(record.next_at),
        "Lease": "" if record.lease_until is None else f"until {written(record.lease_until)}",
        "Ended": "" if record.ended_at is None else written(record.ended_at),
        "With": ", ".join(f"{name} {value}" for name, value in record.payload.items()),
        "Error": record.last_error or "",
    }
    return {label: value for label, value in lines.items() if value}


def _row(record: JobRecord) -> dict[str, object]:
    return {
        "kind": record.name.kind,
        "key": record.name.key,
        "lane": record.lane.name,
        "state": record.state,
        "attempts": record.attempts,
        "claims": record.claims,
        "payload": record.payload,
        "nextAt": record.next_at,
        "leaseUntil": record.lease_until,
        "armedAt": record.armed_at,
        "endedAt": record.ended_at,
        "lastError": record.last_error,
    }


def _retry_row(one: JobRetry) -> dict[str, object]:
    return {
        "retriedBy": one.retried_by,
        "reason": one.reason,
        "retriedAt": one.retried_at,
        "attempts": one.attempts,
        "lastError": one.last_error,
    }
