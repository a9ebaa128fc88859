"""`iuran channels`: the banks that may ask for bills and tell of payments."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import Annotated, cast

import typer

from iuran.core.errors import InvalidInputError
from iuran.deploy.banks import write_new_key_pair
from iuran.deploy.commands.channel_history import ReasonOption, changes_
from iuran.deploy.commands.database import open_desk
from iuran.deploy.commands.disputes import app as dispute
from iuran.deploy.commands.disputes import disputed
from iuran.deploy.commands.lost import connect_, disconnect, lost
from iuran.deploy.commands.messages import messages, purge_, replay_
from iuran.deploy.commands.options import DataOption, JsonOption
from iuran.deploy.commands.terminal import run, say, write_json, write_table
from iuran.deploy.installation import installation_cipher
from iuran.payments.channel_changes import (
    Author,
    ChannelChange,
    change_channel,
    record_registration,
    recorded,
)
from iuran.payments.channels import Channel, NewChannel, list_channels, register_channel
from iuran.payments.credentials import (
    ChannelCredentials,
    ChannelUnknownError,
    Rotation,
    rotate,
)
from iuran.payments.virtual_accounts import DEFAULT_PREFIX

app = typer.Typer(no_args_is_help=True, help="Register banks and replace their credentials.")

app.command("changes")(changes_)
app.command("messages")(messages)
app.command("replay")(replay_)
app.command("purge")(purge_)
app.command("connect")(connect_)
app.command("disconnect")(disconnect)
app.command("lost")(lost)
app.command("disputed")(disputed)
app.add_typer(dispute, name="dispute")

CodeArgument = Annotated[str, typer.Argument(help="Short name such as BCA.")]
PublicKeyOption = Annotated[
    Path | None, typer.Option("--public-key", help="File with the bank's RSA public key (PEM).")
]
GenerateKeyOption = Annotated[
    Path | None,
    typer.Option("--generate-key", help="Folder for a new key pair; for tests with a bank."),
]
NameOption = Annotated[str | None, typer.Option("--name", help="Name of the bank.")]
PrefixOption = Annotated[
    str, typer.Option("--va-prefix", help="Company code before the 11 digits of a card.")
]
PartnerOption = Annotated[
    str | None, typer.Option("--partner-id", help="X-PARTNER-ID, if it is not the client id.")
]


@app.command()
def add(  # noqa: PLR0913 - the options of a command line
    code: CodeArgument,
    *,
    public_key: PublicKeyOption = None,
    generate_key: GenerateKeyOption = None,
    name: NameOption = None,
    va_prefix: PrefixOption = DEFAULT_PREFIX,
    partner_id: PartnerOption = None,
    reason: ReasonOption = "registered",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Register a bank with its public key; its client id and secret are shown once."""
    pem = _public_key(public_key, generate_key)
    if pem is None:
        raise InvalidInputError("publicKey", "give --public-key FILE or --generate-key FOLDER")
    channel = NewChannel(
        code=code,
        name=name or code,
        public_key_pem=pem,
        va_prefix=va_prefix,
        partner_id=partner_id,
    )
    author = Author(name=getuser(), reason=reason)
    _show_credentials(run(_add(data, channel, author)), as_json=json)


@app.command("list")
def list_(*, data: DataOption = None, json: JsonOption = False) -> None:
    """List the registered banks."""
    rows = [_row(channel) for channel in run(_list(data))]
    if json:
        write_json(rows)
        return
    columns = {"code": "Code", "clientId": "Client id", "vaPrefix": "VA prefix", "name": "Name"}
    cells = [[row[name] for name in columns] for row in rows]
    write_table("Channels", list(columns.values()), cells, wide="Name")


@app.command("set")
def set_(
    code: CodeArgument,
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="Several may be given.")
    ] = None,
    *,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; needed to change something.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Show a channel's switches, or change some: `set BCA repeat_answer=REPLAY --reason ...`."""
    pairs = dict(_pair(text) for text in changes or ())
    channel = run(_set(data, code, pairs, reason or ""))
    switches = {"enabled": channel.enabled, **channel.quirks.to_document()}
    if json:
        write_json(switches)
        return
    rows = [[name, _text(value)] for name, value in switches.items()]
    write_table(f"Switches of {code}", ["Name", "Value"], rows, wide="Value")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InvalidInputError(name, "write NAME=VALUE, for example repeat_answer=REPLAY")
    return name.strip(), value.strip()


def _text(value: object) -> str:
    if isinstance(value, list):
        items = cast("list[object]", value)  # of JSON
        return ", ".join(str(item) for item in items)
    return str(value).lower() if isinstance(value, bool) else str(value)


@app.command("rotate")
def rotate_(  # noqa: PLR0913 - the options of a command line
    code: CodeArgument,
    *,
    reason: ReasonOption,
    public_key: PublicKeyOption = None,
    generate_key: GenerateKeyOption = None,
    keep_secret: Annotated[
        bool, typer.Option("--keep-secret", help="Replace only the public key.")
    ] = False,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=720, help="How long the former credentials stay valid.")
    ] = 24,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Replace a bank's secret, its public key, or both; the former ones stay valid for a while."""
    rotation = Rotation(
        new_secret=not keep_secret,
        public_key_pem=_public_key(public_key, generate_key),
        overlap=timedelta(hours=overlap_hours),
    )
    author = Author(name=getuser(), reason=reason)
    _show_credentials(run(_rotate(data, code, rotation, author)), as_json=json)


def _public_key(file: Path | None, generate_in: Path | None) -> str | None:
    if file is not None and generate_in is not None:
        raise InvalidInputError("publicKey", "give --public-key or --generate-key, not both")
    if generate_in is not None:
        return write_new_key_pair(generate_in)
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError("publicKey", f"cannot read {file}: {error}") from error


async def _add(data: Path | None, channel: NewChannel, author: Author) -> ChannelCredentials:
    now = datetime.now(UTC)
    async with open_desk(data) as desk, desk.connection.transaction():
        cipher = installation_cipher(desk.settings)
        issued = await register_channel(desk.connection, cipher, channel, at=now)
        await record_registration(desk.connection, channel.code, author, at=now)
        return issued


async def _list(data: Path | None) -> tuple[Channel, ...]:
    async with open_desk(data) as desk:
        cipher = installation_cipher(desk.settings)
        return await list_channels(desk.connection, cipher, at=datetime.now(UTC))


async def _set(data: Path | None, code: str, changes: dict[str, str], reason: str) -> Channel:
    async with open_desk(data) as desk, desk.connection.transaction():
        now = datetime.now(UTC)
        if changes:
            author = Author(name=getuser(), reason=reason)
            change = ChannelChange(changes=changes, changed_by=author.name, reason=author.reason)
            await change_channel(desk.connection, code, change, at=now)
        cipher = installation_cipher(desk.settings)
        for channel in await list_channels(desk.connection, cipher, at=now):
            if channel.code == code:
                return channel
        raise ChannelUnknownError(code)


async def _rotate(
    data: Path | None, code: str, rotation: Rotation, author: Author
) -> ChannelCredentials:
    now = datetime.now(UTC)
    async with (
        open_desk(data) as desk,
        desk.connection.transaction(),
        recorded(desk.connection, code, author, at=now),
    ):
        cipher = installation_cipher(desk.settings)
        return await rotate(desk.connection, cipher, code, rotation, at=now)


def _row(channel: Channel) -> dict[str, object]:
    return {
        "code": channel.code,
        "name": channel.name,
        "clientId": channel.client_id,
        "partnerId": channel.partner_id,
        "vaPrefix": channel.va_prefix,
        "publicKeys": len(channel.public_keys),
        "secrets": len(channel.secrets),
        "enabled": channel.enabled,
    }


def _show_credentials(credentials: ChannelCredentials, *, as_json: bool) -> None:
    if as_json:
        told = asdict(credentials)
        write_json(
            {
                "code": told["code"],
                "clientId": told["client_id"],
                "partnerId": told["partner_id"],
                "clientSecret": told["client_secret"],
            }
        )
        return
    say(f"Channel        {credentials.code}")
    say(f"Client id      {credentials.client_id}")
    say(f"X-PARTNER-ID   {credentials.partner_id}")
    if credentials.client_secret is not None:
        say(f"Client secret  {credentials.client_secret}")
        say("Give both to the bank now: the secret is not shown again.")
