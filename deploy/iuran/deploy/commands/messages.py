"""`iuran channels messages`, `replay`, `purge`: what channels sent, seen again and run again."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.deploy.commands.database import open_desk, small_pool
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import err, fail, run, say, write_json, write_table
from iuran.deploy.installation import installation_cipher
from iuran.deploy.running import settings_here
from iuran.payments.replays import Comparison, Replayed, replay
from iuran.payments.snap.messages import (
    SHOWN_MAX,
    KeptMessage,
    Span,
    count_messages,
    find_message,
    list_messages,
    purge,
    shown,
)
from iuran.payments.snap.vault import SEALED

DIFFERENCES_SHOWN_MAX = 100

ChannelOption = Annotated[str | None, typer.Option(help="Only of this bank or aggregator.")]
HoursOption = Annotated[float, typer.Option(min=0.01, help="How far back, in hours of real time.")]


def messages(
    number: Annotated[int | None, typer.Argument(help="Show this one as a whole.")] = None,
    *,
    channel: ChannelOption = None,
    hours: HoursOption = 24,
    limit: Annotated[int, typer.Option(min=1, max=SHOWN_MAX, help="How many at most.")] = 50,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List what channels sent and what we answered, or show one message; numbers are masked."""
    span = _span(hours, channel)
    if number is not None:
        _show(run(_find(data, number, span)), as_json=json)
        return
    rows = [_row(message) for message in run(_list(data, span, limit))]
    if json:
        write_json(rows)
        return
    names = ("id", "at", "channel", "service", "code", "ms", "reference")
    titles = ("No.", "At (WIB)", "Channel", "Svc", "Code", "ms", "Reference")
    write_table(
        "Messages", titles, [[row[name] for name in names] for row in rows], wide=titles[-1]
    )


def replay_(
    *,
    channel: ChannelOption = None,
    hours: HoursOption = 24,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Run stored messages against this version as a dry run. Exit 1 if an answer differs."""
    found = run(_replay(data, _span(hours, channel)))
    counts = Counter(one.comparison for one in found)
    differing = [one for one in found if one.comparison is Comparison.DIFFERS]
    if json:
        differences = [_difference(one) for one in differing[:DIFFERENCES_SHOWN_MAX]]
        write_json({"counts": {c.value: counts[c] for c in Comparison}, "differences": differences})
    else:
        write_table(
            "Replay", ["Comparison", "Messages"], [[c.value, counts[c]] for c in Comparison]
        )
        for one in differing[:DIFFERENCES_SHOWN_MAX]:
            say(f"{one.message.message_id}: {one.message.response_code} is now {one.response_code}")
            say(f"  was {shown(one.message.answer)}")
            say(f"  now {shown(one.answer)}")
    if differing:
        fail(f"{len(differing)} answers differ from those that were given")


def purge_(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it nothing is done.")] = False,
    data: DataOption = None,
) -> None:
    """Delete messages that are older than IURAN_MESSAGE_RETENTION_DAYS."""
    if not yes:
        fail("this deletes messages for good: give --yes")
    say(f"{run(_purge(data))} messages deleted")


def _span(hours: float, channel: str | None) -> Span:
    now = datetime.now(UTC)
    return Span(since=now - timedelta(hours=hours), until=now, channel=channel)


async def _list(data: Path | None, span: Span, limit: int) -> tuple[KeptMessage, ...]:
    async with open_desk(data) as desk:
        return await list_messages(desk.connection, span, limit=limit)


async def _find(data: Path | None, number: int, span: Span) -> KeptMessage:
    async with open_desk(data) as desk:
        message = await find_message(desk.connection, number, span)
    if message is None:
        raise InvalidInputError("number", "no such message; look further back with --hours")
    return message


async def _replay(data: Path | None, span: Span) -> list[Replayed]:
    settings = settings_here(data=data)
    cipher = installation_cipher(settings)
    found: list[Replayed] = []
    async with open_desk(data) as desk:
        total = await count_messages(desk.connection, span)
    async with small_pool(settings) as pool:
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("Replaying", total=total)
            async for one in replay(pool, cipher, span):
                found.append(one if one.comparison is Comparison.DIFFERS else _without_bytes(one))
                progress.advance(task)
    return found


def _without_bytes(one: Replayed) -> Replayed:
    return Replayed(message=one.message, comparison=one.comparison)


async def _purge(data: Path | None) -> int:
    total = 0
    async with open_desk(data) as desk:
        now = datetime.now(UTC)
        before = now - timedelta(days=desk.settings.message_retention_days)
        while deleted := await purge(desk.connection, before=before, at=now):
            total += deleted
    return total


def _row(message: KeptMessage) -> dict[str, object]:
    return {
        "id": message.message_id,
        "at": f"{message.kept_at.astimezone(WIB):%m-%d %H:%M:%S}",
        "channel": message.channel or "-",
        "service": message.service,
        "code": message.response_code,
        "ms": round(message.microseconds / 1000, 1),
        "proven": message.is_proven,
        "address": message.remote_address,
        "externalId": shown(message.external_id.encode()),
        "reference": shown(message.reference.encode()),
    }


def _show(message: KeptMessage, *, as_json: bool) -> None:
    headers = {
        name: "(sealed)" if value.startswith(SEALED) else shown(value.encode())
        for name, value in message.headers.items()
    }
    whole = {
        **_row(message),
        "request": f"{message.method} {shown(message.target.encode())}",
        "headers": headers,
        "body": shown(message.body),
        "answer": shown(message.answer),
    }
    if as_json:
        write_json(whole)
        return
    for name, value in whole.items():
        say(f"{name:<11} {value}")


def _difference(one: Replayed) -> dict[str, object]:
    return {
        "id": one.message.message_id,
        "was": one.message.response_code,
        "now": one.response_code,
        "wasAnswer": shown(one.message.answer),
        "nowAnswer": shown(one.answer),
    }
