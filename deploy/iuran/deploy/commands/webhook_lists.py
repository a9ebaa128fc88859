"""`iuran webhooks list`, `show` and `log`: what an operator looks at."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption, LimitOption
from iuran.deploy.commands.terminal import fail, run, say, write_json, write_table
from iuran.deploy.moments import written
from iuran.payments.webhooks.endpoints import EndpointUnknownError, find_endpoint
from iuran.payments.webhooks.lines import Result
from iuran.workers.webhooks.delivery_log import (
    DeadEvent,
    EndpointChange,
    EndpointFigures,
    LoggedAttempt,
    endpoint_figures,
    list_attempts,
    list_changes,
    list_dead,
)

CHANGES_SHOWN_MAX = 20

NameArgument = Annotated[str, typer.Argument(help="Name, of `list`.")]
ResultOption = Annotated[
    Result | None, typer.Option("--result", case_sensitive=False, help="Only these calls.")
]


def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List the systems that are told, and how they do."""
    figures = run(_figures(data, None))
    if json:
        write_json([_row(one) for one in figures])
        return
    columns = ("Name", "State", "Behind", "Waiting", "Given up", "Now", "URL")
    cells = [
        (
            one.endpoint.name,
            one.endpoint.state,
            one.behind,
            one.waiting,
            one.dead,
            _condition(one),
            one.endpoint.url,
        )
        for one in figures
    ]
    write_table("Webhooks", columns, cells, wide="URL")


def show(name: NameArgument, *, data: DataOption = None, json: JsonOption = False) -> None:
    """Show what a system is told, how it does, and who changed what."""
    figures, changes = run(_show(data, name))
    if json:
        write_json({**_row(figures), "changes": [_change_row(one) for one in changes]})
        return
    for label, value in _lines(figures).items():
        say(f"{label:<10}{value}")
    columns = ("At", "What", "By", "Why")
    cells = [(written(one.changed_at), one.change, one.changed_by, one.detail) for one in changes]
    write_table("Changes", columns, cells, wide="Why")


def log(  # noqa: PLR0913 - the options of a command line
    name: NameArgument,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="What was given up, instead.")] = False,
    result: ResultOption = None,
    position: Annotated[int | None, typer.Option(help="Only this event.")] = None,
    family: Annotated[int | None, typer.Option(help="Only this family, by its number.")] = None,
    limit: LimitOption = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show calls to a system, the newest first, or what was given up."""
    if dead:
        if (result, position, family) != (None, None, None):
            fail("--dead lists all that was given up; leave the other filters out")
        _show_dead(run(_dead(data, name, limit)), as_json=json)
        return
    attempts = run(_attempts(data, name, result, position, family, limit))
    if json:
        write_json([_attempt_row(one) for one in attempts])
        return
    columns = ("At", "Position", "Event", "Try", "Result", "Status", "ms", "Answer")
    cells = [
        (
            written(one.tried_at),
            one.position,
            one.kind,
            one.attempt,
            one.result.lower(),
            one.status,
            one.milliseconds,
            one.answer,
        )
        for one in attempts
    ]
    write_table(f"Calls to {name}", columns, cells, wide="Answer")


def _show_dead(found: tuple[DeadEvent, ...], *, as_json: bool) -> None:
    if as_json:
        write_json([_dead_row(one) for one in found])
        return
    columns = ("Position", "Event", "Family", "Tries", "Given up at")
    cells = [
        (one.position, one.kind, one.family_id, one.attempts, written(one.died_at)) for one in found
    ]
    write_table("Given up", columns, cells)
    if found:
        say("`iuran webhooks resend NAME --dead` sends all of it again.")


async def _figures(data: Path | None, name: str | None) -> tuple[EndpointFigures, ...]:
    async with open_desk(data) as desk:
        return await endpoint_figures(desk.connection, name=name, at=datetime.now(UTC))


async def _show(data: Path | None, name: str) -> tuple[EndpointFigures, tuple[EndpointChange, ...]]:
    async with open_desk(data) as desk:
        found = await endpoint_figures(desk.connection, name=name, at=datetime.now(UTC))
        if not found:
            raise EndpointUnknownError(name)
        endpoint_id = found[0].endpoint.endpoint_id
        return found[0], await list_changes(desk.connection, endpoint_id, limit=CHANGES_SHOWN_MAX)


async def _attempts(
    data: Path | None,
    name: str,
    result: Result | None,
    position: int | None,
    family: int | None,
    limit: int,
) -> tuple[LoggedAttempt, ...]:
    async with open_desk(data) as desk:
        endpoint = await find_endpoint(desk.connection, name)
        return await list_attempts(
            desk.connection,
            endpoint.endpoint_id,
            result=result,
            position=position,
            family_id=family,
            limit=limit,
        )


async def _dead(data: Path | None, name: str, limit: int) -> tuple[DeadEvent, ...]:
    async with open_desk(data) as desk:
        endpoint = await find_endpoint(desk.connection, name)
        return await list_dead(desk.connection, endpoint.endpoint_id, limit=limit)


def _condition(one: EndpointFigures) -> str:
    if one.failing_since is not None:
        return f"failing since {written(one.failing_since)}"
    return "as it should" if one.endpoint.approved_by else "waits for approval"


def _lines(one: EndpointFigures) -> dict[str, object]:
    endpoint = one.endpoint
    lines: dict[str, object] = {
        "Webhook": f"{endpoint.name}, {endpoint.state.lower()}",
        "URL": endpoint.url,
        "Events": ", ".join(endpoint.kinds) or "all",
        "Facility": endpoint.facility_code or "",
        "Persons": f"{endpoint.created_by} proposed, {endpoint.approved_by or 'nobody'} approved",
        "Position": f"{one.position}, {one.behind} behind the newest event",
        "Waiting": f"{one.waiting} events, {one.dead} given up",
        "Secrets": f"{one.secrets} sign",
        "Now": _condition(one),
        "Pause": "" if one.paused_until is None else f"until {written(one.paused_until)}",
    }
    return {label: value for label, value in lines.items() if value}


def _row(one: EndpointFigures) -> dict[str, object]:
    return {
        "name": one.endpoint.name,
        "url": one.endpoint.url,
        "kinds": list(one.endpoint.kinds),
        "facilityCode": one.endpoint.facility_code,
        "state": one.endpoint.state,
        "createdBy": one.endpoint.created_by,
        "createdAt": one.endpoint.created_at,
        "approvedBy": one.endpoint.approved_by,
        "position": one.position,
        "behind": one.behind,
        "waiting": one.waiting,
        "dead": one.dead,
        "secrets": one.secrets,
        "pausedUntil": one.paused_until,
        "failingSince": one.failing_since,
    }


def _change_row(one: EndpointChange) -> dict[str, object]:
    return {
        "change": one.change,
        "detail": one.detail,
        "changedBy": one.changed_by,
        "changedAt": one.changed_at,
    }


def _attempt_row(one: LoggedAttempt) -> dict[str, object]:
    return {
        "position": one.position,
        "kind": one.kind,
        "familyId": one.family_id,
        "attempt": one.attempt,
        "result": one.result,
        "status": one.status,
        "milliseconds": one.milliseconds,
        "answer": one.answer,
        "triedAt": one.tried_at,
    }


def _dead_row(one: DeadEvent) -> dict[str, object]:
    return {
        "position": one.position,
        "kind": one.kind,
        "familyId": one.family_id,
        "attempts": one.attempts,
        "diedAt": one.died_at,
    }
