"""Banks that we play ourselves: their keys and credentials, kept in the data folder."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar, LiteralString, Self

from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, DomainError
from iuran.deploy.installation import write_private
from iuran.payments.channels import NewChannel, register_channel
from iuran.payments.credentials import ChannelCredentials, Rotation, rotate
from iuran.payments.secrets import Cipher
from iuran.payments.simulation.bank import generate_key_pair

PRIVATE_KEY_FILE = "private.pem"
PUBLIC_KEY_FILE = "public.pem"
CREDENTIALS_FILE = "bank.json"

SELECT_CHANNEL: LiteralString = """
    SELECT channel_id FROM channel WHERE code = $1
"""


class BankUnknownError(DomainError):
    """There are no keys here with which to play this bank."""

    code: ClassVar[str] = "BANK_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankCredentials:
    """What a bank needs to call us."""

    code: str
    client_id: str
    partner_id: str
    va_prefix: str
    client_secret: str = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what was kept; raises BankUnknownError."""
        try:
            return cls(**json.loads((folder / CREDENTIALS_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise BankUnknownError(
                f"{folder} has no bank to play: start `iuran up` here, or name a folder with "
                f"{CREDENTIALS_FILE} and {PRIVATE_KEY_FILE}"
            ) from error


def bank_folder(data: Path, code: str) -> Path:
    """Return where a bank that we play keeps its keys."""
    return data / "banks" / code


def write_new_key_pair(folder: Path) -> str:
    """Make a key pair in a folder, readable for its owner; return the public key as PEM.

    Raises BankUnknownError if keys are there already: they are never overwritten.
    """
    pair = generate_key_pair()
    try:
        write_private(folder / PRIVATE_KEY_FILE, pair.private_key_pem)
    except FileExistsError as error:
        raise BankUnknownError(
            f"{folder / PRIVATE_KEY_FILE} exists already; name another folder"
        ) from error
    (folder / PUBLIC_KEY_FILE).write_text(pair.public_key_pem, encoding="utf-8")
    return pair.public_key_pem


async def ensure_bank(
    connection: Connection, cipher: Cipher, folder: Path, *, name: str, va_prefix: str
) -> BankCredentials:
    """Register a bank that we play, unless it is known here and in the database.

    One that the database knows and this folder does not gets new credentials at once.
    """
    is_known = await connection.fetchval(SELECT_CHANNEL, folder.name) is not None
    if is_known and (folder / CREDENTIALS_FILE).exists():
        return BankCredentials.read(folder)
    for half_made in (CREDENTIALS_FILE, PRIVATE_KEY_FILE, PUBLIC_KEY_FILE):
        (folder / half_made).unlink(missing_ok=True)
    public_pem = write_new_key_pair(folder)
    channel = NewChannel(
        code=folder.name, name=name, public_key_pem=public_pem, va_prefix=va_prefix
    )
    async with connection.transaction():
        issued = await _issue(connection, cipher, channel)
        return _kept(folder, issued, va_prefix)


async def _issue(connection: Connection, cipher: Cipher, channel: NewChannel) -> ChannelCredentials:
    now = datetime.now(UTC)
    try:
        async with connection.transaction():
            return await register_channel(connection, cipher, channel, at=now)
    except AlreadyRegisteredError:
        rotation = Rotation(public_key_pem=channel.public_key_pem, overlap=timedelta(0))
        return await rotate(connection, cipher, channel.code, rotation, at=now)


def _kept(folder: Path, issued: ChannelCredentials, va_prefix: str) -> BankCredentials:
    bank = BankCredentials(
        code=issued.code,
        client_id=issued.client_id,
        partner_id=issued.partner_id,
        va_prefix=va_prefix,
        client_secret=issued.client_secret or "",
    )
    write_private(folder / CREDENTIALS_FILE, json.dumps(asdict(bank), indent=2) + "\n")
    return bank
