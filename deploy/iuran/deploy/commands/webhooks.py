"""`iuran webhooks`: systems that are told what happens, by whose leave, and how they answer."""

import secrets
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import fail, run, say, write_json
from iuran.deploy.commands.webhook_lists import NameArgument, list_, log, show
from iuran.deploy.installation import installation_cipher
from iuran.deploy.messaging import new_reach, new_way_out
from iuran.payments.webhooks.endpoints import (
    NewEndpoint,
    add_endpoint,
    approve_endpoint,
    disable_endpoint,
    enable_endpoint,
    find_endpoint,
    rotate_secret,
)
from iuran.payments.webhooks.payloads import KINDS, trial_body
from iuran.payments.webhooks.repeats import replay, resend, resend_dead
from iuran.payments.webhooks.signing_secrets import live_secrets
from iuran.workers.webhooks.calls import Answer, call, caller
from iuran.workers.webhooks.signing import signed_headers

app = typer.Typer(
    no_args_is_help=True, help="Tell other systems what happens; see how they answer."
)
app.command("list")(list_)
app.command("show")(show)
app.command("log")(log)

ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does this; recorded.", show_default="your user name")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; recorded.")]
KindOption = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Only these events; may be repeated. `kinds` shows all."),
]


@app.command()
def add(  # noqa: PLR0913 - the options of a command line
    name: Annotated[str, typer.Argument(help="Short name such as family-app.")],
    url: Annotated[str, typer.Argument(help="Where it listens, https://...")],
    *,
    kind: KindOption = None,
    facility: Annotated[
        str | None,
        typer.Option(help="Code of a facility: only its own families, letters and claims."),
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(help="Last position it is not told; 0 tells all.", show_default="the newest"),
    ] = None,
    by: ByOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Propose where a system listens; another person approves it, then it is told."""
    new = NewEndpoint(
        name=name, url=url, kinds=tuple(kind or ()), facility_code=facility, after_position=after
    )
    secret = run(_add(data, new, by or getuser()))
    if json:
        write_json({"name": name, "url": url, "secret": secret})
        return
    say(f"Webhook  {name}")
    say(f"Secret   {secret}")
    say("Give the secret to who listens now: it is not shown again.")
    say("Nothing is sent yet; another person approves it:")
    say(f"  iuran webhooks approve {name} --by <who>")


@app.command()
def approve(name: NameArgument, *, by: ByOption = None, data: DataOption = None) -> None:
    """Let a system be told that somebody else proposed, beginning with what happened since."""
    run(_approve(data, name, by or getuser()))
    say(f"{name} is told from now on; `iuran webhooks test {name}` sends it a first word.")


@app.command()
def disable(
    name: NameArgument, *, by: ByOption = None, reason: ReasonOption = "", data: DataOption = None
) -> None:
    """Tell a system nothing for now; what happens meanwhile waits for it."""
    run(_disable(data, name, by or getuser(), reason))
    say(f"{name} is told nothing until `iuran webhooks enable {name}`.")


@app.command()
def enable(
    name: NameArgument, *, by: ByOption = None, reason: ReasonOption = "", data: DataOption = None
) -> None:
    """Tell a system again, from where it was."""
    run(_enable(data, name, by or getuser(), reason))
    say(f"{name} is told again, from where it was.")


@app.command()
def rotate(
    name: NameArgument,
    *,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="How long the former secret signs too.")
    ] = 24,
    by: ByOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Replace a system's secret; until the overlap ends, both sign."""
    secret = run(_rotate(data, name, timedelta(hours=overlap_hours), by or getuser()))
    if json:
        write_json({"name": name, "secret": secret})
        return
    say(f"Secret   {secret}")
    say(f"Give it to who listens now: it is not shown again. Both sign for {overlap_hours:g} h.")


@app.command("test")
def trial(name: NameArgument, *, data: DataOption = None, json: JsonOption = False) -> None:
    """Send a signed word about nobody at once, and show the answer; in any state."""
    answer = run(_trial(data, name))
    if json:
        write_json(
            {
                "status": answer.status,
                "milliseconds": answer.milliseconds,
                "answer": answer.text,
                "isTaken": answer.is_taken,
            }
        )
    else:
        said = "no answer" if answer.status is None else f"answered {answer.status}"
        say(f"{said} in {answer.milliseconds} ms: {answer.text}".rstrip(": "))
    if not answer.is_taken:
        fail(f"{name} did not take it: any 2xx within the time is a yes, nothing else")


@app.command("resend")
def resend_(
    name: NameArgument,
    first: Annotated[int | None, typer.Argument(help="Position, of `log`.")] = None,
    last: Annotated[int | None, typer.Argument(help="Last position of a range.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="All that was given up.")] = False,
    by: ByOption = None,
    data: DataOption = None,
) -> None:
    """Send one event or a range again, or what was given up, each under its former id."""
    if dead == (first is not None):
        fail("name a position (or a range), or give --dead: `iuran webhooks log` shows them")
    span = None if first is None else (first, first if last is None else last)
    count = run(_resend(data, name, span, by or getuser()))
    say(f"{count} events wait to be sent to {name} again; `iuran webhooks log {name}` shows them.")


@app.command("replay")
def replay_(
    name: NameArgument,
    position: Annotated[int, typer.Argument(help="The first position that is told again.")],
    *,
    by: ByOption = None,
    data: DataOption = None,
) -> None:
    """Tell everything again from a position on, in order, each under its former id."""
    count = run(_replay(data, name, position, by or getuser()))
    say(f"{name} goes back by {count} positions and is told them again, then what came since.")


@app.command()
def kinds(*, json: JsonOption = False) -> None:
    """List the kinds of events that a system can ask for."""
    if json:
        write_json(KINDS)
        return
    for kind, meaning in KINDS.items():
        say(f"{kind:<30}{meaning}")


async def _add(data: Path | None, new: NewEndpoint, by: str) -> str:
    async with open_desk(data) as desk, desk.connection.transaction():
        cipher, reach = installation_cipher(desk.settings), new_reach(desk.settings)
        return await add_endpoint(desk.connection, cipher, reach, new, by=by, at=_now())


async def _approve(data: Path | None, name: str, by: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await approve_endpoint(desk.connection, name, by=by, at=_now())


async def _disable(data: Path | None, name: str, by: str, reason: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await disable_endpoint(desk.connection, name, by=by, reason=reason, at=_now())


async def _enable(data: Path | None, name: str, by: str, reason: str) -> None:
    async with open_desk(data) as desk, desk.connection.transaction():
        await enable_endpoint(desk.connection, name, by=by, reason=reason, at=_now())


async def _rotate(data: Path | None, name: str, overlap: timedelta, by: str) -> str:
    async with open_desk(data) as desk, desk.connection.transaction():
        cipher = installation_cipher(desk.settings)
        return await rotate_secret(desk.connection, cipher, name, overlap=overlap, by=by, at=_now())


async def _trial(data: Path | None, name: str) -> Answer:
    real = _now()
    async with open_desk(data) as desk:
        way_out = new_way_out(desk.settings)
        endpoint = await find_endpoint(desk.connection, name)
        live = await live_secrets(desk.connection, way_out.cipher, endpoint.endpoint_id, at=real)
    identity = f"msg_test_{secrets.token_hex(8)}"
    body = trial_body(identity, at=real)
    headers = signed_headers(body, message_id=identity, secrets_live=live, real=real)
    async with caller(way_out) as client:
        return await call(
            client,
            endpoint.url,
            body=body,
            headers=headers,
            timeout_seconds=way_out.timeout_seconds,
        )


async def _resend(data: Path | None, name: str, span: tuple[int, int] | None, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        if span is None:
            return await resend_dead(desk.connection, name, by=by, at=_now())
        first, last = span
        return await resend(desk.connection, name, first=first, last=last, by=by, at=_now())


async def _replay(data: Path | None, name: str, position: int, by: str) -> int:
    async with open_desk(data) as desk, desk.connection.transaction():
        return await replay(desk.connection, name, first=position, by=by, at=_now())


def _now() -> datetime:
    """Webhooks live in real time."""
    return datetime.now(UTC)
