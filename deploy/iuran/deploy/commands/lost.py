"""`iuran channels connect`, `lost`: asking banks for payments that they did not tell us of."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from iuran.core.clock import WIB
from iuran.core.errors import InvalidInputError
from iuran.deploy.commands.asking import asked
from iuran.deploy.commands.channel_history import ReasonOption
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.installation import installation_cipher
from iuran.payments.channel_changes import Author, recorded
from iuran.payments.lost.connections import NewConnection, connect, stop_search
from iuran.payments.lost.figures import LostFigures, lost_figures
from iuran.payments.money_held import held
from iuran.payments.snap_client.peculiarities import read_peculiarities

CodeArgument = Annotated[str, typer.Argument(help="Short name such as BCA.")]

SecretOption = Annotated[
    str,
    typer.Option(
        "--secret",
        envvar="IURAN_BANK_SECRET",
        default_factory=asked("The bank's secret", variable="IURAN_BANK_SECRET"),
        show_default=False,
        help="The secret that the bank gave us; better asked for or in the environment.",
    ),
]


def connect_(  # noqa: PLR0913 - the options of a command line
    code: CodeArgument,
    switches: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="What differs at this bank.")
    ] = None,
    *,
    url: Annotated[str, typer.Option(help="The bank's API, with the path before /transfer-va.")],
    client_id: Annotated[str, typer.Option("--client-id", help="What the bank calls us.")],
    private_key: Annotated[
        Path, typer.Option("--private-key", help="File with our RSA private key (PEM).")
    ],
    secret: SecretOption,
    reason: ReasonOption,
    partner_id: Annotated[
        str, typer.Option("--partner-id", help="X-PARTNER-ID, if it is not the client id.")
    ] = "",
    data: DataOption = None,
) -> None:
    """Ask a bank for payments that it did not tell us of: services 26 and 35, from now on."""
    try:
        pem = private_key.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError("privateKey", f"cannot read {private_key}: {error}") from error
    new = NewConnection(
        code=code,
        base_url=url,
        client_id=client_id,
        client_secret=secret,
        private_key_pem=pem,
        partner_id=partner_id,
        peculiarities=read_peculiarities(dict(_pair(text) for text in switches or ())),
    )
    run(_connect(data, new, Author(name=getuser(), reason=reason)))
    every = new.peculiarities.search_every_seconds
    say(
        f"{code}: the worker asks {url} every {every} s; `iuran channels lost` shows what it finds."
    )


def disconnect(code: CodeArgument, *, reason: ReasonOption, data: DataOption = None) -> None:
    """Ask a bank no more, until it is connected again."""
    run(_disconnect(data, code, Author(name=getuser(), reason=reason)))
    say(f"{code} is not asked any more.")


def lost(
    *,
    days: Annotated[float, typer.Option(min=0.01, max=366, help="How far back, in days.")] = 7,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show payments that banks had and we did not, and who is paid but inactive now."""
    figures, inactive = run(_lost(data, timedelta(days=days)))
    if json:
        rows = [asdict(one) for one in figures]
        write_json({"channels": rows, "paidButInactive": inactive})
        return
    titles = (
        *("Channel", "By 26", "By 35", "Rupiah", "Held", "Median s", "Longest s"),
        *("Report until", "Now"),
    )
    write_table("Lost notifications found", titles, [_row(one) for one in figures], wide="Now")
    say(f"Paid but inactive now: {inactive} memberships")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInputError(name, "write NAME=VALUE, for example report_method=GET")
    return name.strip(), value.strip()


def _row(one: LostFigures) -> list[object]:
    until = one.reported_until
    return [
        one.channel,
        one.by_status,
        one.by_report,
        one.amount,
        one.held,
        one.wait_median_seconds,
        one.wait_max_seconds,
        "" if until is None else f"{until.astimezone(WIB):%m-%d %H:%M}",
        one.last_error or "as it should",
    ]


async def _connect(data: Path | None, new: NewConnection, author: Author) -> None:
    now = datetime.now(UTC)
    async with (
        open_desk(data) as desk,
        desk.connection.transaction(),
        recorded(desk.connection, new.code, author, at=now),
    ):
        cipher = installation_cipher(desk.settings)
        await connect(desk.connection, cipher, new, at=now)


async def _disconnect(data: Path | None, code: str, author: Author) -> None:
    now = datetime.now(UTC)
    async with (
        open_desk(data) as desk,
        desk.connection.transaction(),
        recorded(desk.connection, code, author, at=now),
    ):
        await stop_search(desk.connection, code)


async def _lost(data: Path | None, span: timedelta) -> tuple[tuple[LostFigures, ...], int]:
    async with open_desk(data) as desk:
        at = desk.clock.now()
        figures = await lost_figures(desk.connection, since=at - span, until=at)
        return figures, (await held(desk.connection, at=at)).paid_but_inactive
