"""`iuran retail`: aggregators that collect at minimarkets, and the codes that they give out."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from iuran.deploy.commands.asking import asked
from iuran.deploy.commands.channel_history import ReasonOption
from iuran.deploy.commands.database import open_desk, small_pool
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.installation import installation_cipher
from iuran.payments.channel_changes import Author, record_registration, recorded
from iuran.payments.retail.channels import (
    Dialect,
    NewRetailChannel,
    Purpose,
    RetailChannel,
    list_retail_channels,
    register_retail_channel,
    replace_secret,
)
from iuran.payments.retail.codes import IssuedCode, issue_code
from iuran.payments.retail.context import RetailServices

app = typer.Typer(no_args_is_help=True, help="Register aggregators and order payment codes.")

CodeArgument = Annotated[str, typer.Argument(help="Short name such as XENDIT.")]
ApiSecretOption = Annotated[
    str,
    typer.Option(
        "--api-secret",
        envvar="IURAN_RETAIL_API_SECRET",
        default_factory=asked("The secret API key", variable="IURAN_RETAIL_API_SECRET"),
        show_default=False,
        help="Secret API key, server key or secret key; better asked for or in the environment.",
    ),
]
TokenOption = Annotated[
    str,
    typer.Option(
        "--notification-secret",
        envvar="IURAN_RETAIL_NOTIFICATION_SECRET",
        help="Xendit's callback verification token.",
    ),
]


@app.command()
def add(  # noqa: PLR0913 - the options of a command line
    code: CodeArgument,
    *,
    dialect: Annotated[Dialect, typer.Option(case_sensitive=False, help="How it speaks.")],
    base_url: Annotated[str, typer.Option("--base-url", help="Where its own API is.")],
    api_secret: ApiSecretOption,
    notification_secret: TokenOption = "",
    account: Annotated[
        str, typer.Option(help="What it calls us: DOKU's Client-Id, Xendit's business id.")
    ] = "",
    name: Annotated[str | None, typer.Option("--name", help="Its name.")] = None,
    reason: ReasonOption = "registered",
    data: DataOption = None,
) -> None:
    """Register an aggregator; its secrets are stored encrypted."""
    channel = NewRetailChannel(
        code=code,
        name=name or code,
        dialect=dialect,
        base_url=base_url,
        api_secret=api_secret,
        notification_secret=notification_secret,
        account=account,
    )
    mount = run(_add(data, channel, Author(name=getuser(), reason=reason)))
    say(f"Give this URL to {channel.name}: https://<your host>{mount}/{code}/{dialect.lower()}")


@app.command("list")
def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List the aggregators."""
    rows = [_row(channel) for channel in run(_list(data))]
    if json:
        write_json(rows)
        return
    columns = {"code": "Code", "dialect": "Dialect", "account": "Account", "baseUrl": "API"}
    cells = [[row[name] for name in columns] for row in rows]
    write_table("Aggregators", list(columns.values()), cells, wide="API")


@app.command("rotate")
def rotate_(
    code: CodeArgument,
    *,
    reason: ReasonOption,
    purpose: Annotated[Purpose, typer.Option(case_sensitive=False, help="Which one.")],
    secret: Annotated[
        str,
        typer.Option(
            envvar="IURAN_RETAIL_SECRET",
            default_factory=asked("The new secret", variable="IURAN_RETAIL_SECRET"),
            show_default=False,
            help="New one; better asked for or in the environment.",
        ),
    ],
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="How long the former one stays valid.")
    ] = 24,
    data: DataOption = None,
) -> None:
    """Replace a secret; the former one stays valid for a while."""
    author = Author(name=getuser(), reason=reason)
    run(_rotate(data, code, purpose, secret, timedelta(hours=overlap_hours), author))
    say(f"{code}: the new {purpose} secret is valid now, the former one for {overlap_hours:g} h.")


@app.command("code")
def code_(
    code: CodeArgument,
    account: Annotated[str, typer.Argument(help="The 11 digits of a virtual account.")],
    *,
    outlet: Annotated[str, typer.Option(help="ALFAMART, INDOMARET, or a bank.")] = "ALFAMART",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Order a payment code for what a virtual account owes now; it is valid for a day."""
    issued = run(_code(data, code, account, outlet))
    if json:
        write_json(asdict(issued))
        return
    say(f"Code     {issued.code} at {issued.outlet}")
    say(f"Amount   Rp{issued.amount:,}".replace(",", "."))
    say(f"Until    {issued.expires_at:%Y-%m-%d %H:%M} UTC")
    say(f"Order    {issued.order_id}")


async def _add(data: Path | None, channel: NewRetailChannel, author: Author) -> str:
    now = datetime.now(UTC)
    async with open_desk(data) as desk, desk.connection.transaction():
        cipher = installation_cipher(desk.settings)
        await register_retail_channel(desk.connection, cipher, channel, at=now)
        await record_registration(desk.connection, channel.code, author, at=now)
        return desk.settings.retail_mount


async def _list(data: Path | None) -> tuple[RetailChannel, ...]:
    async with open_desk(data) as desk:
        return await list_retail_channels(desk.connection)


async def _rotate(
    data: Path | None,
    code: str,
    purpose: Purpose,
    secret: str,
    overlap: timedelta,
    author: Author,
) -> None:
    now = datetime.now(UTC)
    async with (
        open_desk(data) as desk,
        desk.connection.transaction(),
        recorded(desk.connection, code, author, at=now),
    ):
        cipher = installation_cipher(desk.settings)
        await replace_secret(
            desk.connection, cipher, code, purpose, secret, at=now, old_valid_until=now + overlap
        )


async def _code(data: Path | None, code: str, account: str, outlet: str) -> IssuedCode:
    async with open_desk(data) as desk, small_pool(desk.settings) as pool:
        cipher = installation_cipher(desk.settings)
        services = RetailServices.of(pool=pool, clock=desk.clock, cipher=cipher)
        async with services.http:
            return await issue_code(services, code, account, outlet=outlet)


def _row(channel: RetailChannel) -> dict[str, object]:
    return {
        "code": channel.code,
        "name": channel.name,
        "dialect": channel.dialect,
        "account": channel.account,
        "baseUrl": channel.base_url,
        "enabled": channel.enabled,
    }
