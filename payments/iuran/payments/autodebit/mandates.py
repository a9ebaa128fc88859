"""Mandates ("surat kuasa debit"): a family lets its bank take what it owes. One lives at a time."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.database.pool import Connection, Record
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.identifiers import mask
from iuran.core.months import CoverageMonth
from iuran.payments.credentials import ChannelUnknownError
from iuran.payments.secrets import Cipher

HOLDER_LENGTH_MAX = 100
_ACCOUNT = re.compile(r"[0-9]{6,20}", re.ASCII)

SELECT_CHANNEL_ID: LiteralString = """
    SELECT channel_id FROM channel WHERE code = $1
"""

SELECT_MEMBERSHIP: LiteralString = """
    SELECT a.family_id, a.membership_id
    FROM virtual_account_number AS n
    JOIN virtual_account AS a
      ON a.family_id = n.family_id AND a.customer_number = n.customer_number
    WHERE n.customer_number = $1
"""

LOCK_MEMBERSHIP: LiteralString = """
    SELECT membership_id FROM membership
    WHERE family_id = $1 AND membership_id = $2
    FOR NO KEY UPDATE
"""

SELECT_LEAVING: LiteralString = """
    SELECT d.first_month::integer
    FROM family_move_due AS d
    JOIN participant AS p ON p.family_id = d.family_id AND p.participant_id = d.participant_id
    WHERE d.family_id = $1 AND right(p.card_number, 11) = $2
"""

INSERT_MANDATE: LiteralString = """
    INSERT INTO autodebit_mandate (family_id, membership_id, customer_number, channel_id,
                                   account_masked, account_ciphertext, holder_name,
                                   signed_at_place, given_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    RETURNING mandate_id
"""

END_MANDATE: LiteralString = """
    UPDATE autodebit_mandate SET revoked_at = $3
    WHERE family_id = $1 AND membership_id = $2 AND revoked_at IS NULL
    RETURNING mandate_id
"""

INSERT_EVENT: LiteralString = """
    INSERT INTO autodebit_mandate_event (family_id, mandate_id, kind, by, reason, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

SELECT_MANDATES: LiteralString = """
    SELECT m.family_id, m.mandate_id, m.customer_number, c.code AS channel, m.account_masked,
           m.holder_name, m.signed_at_place, m.given_at, m.revoked_at
    FROM autodebit_mandate AS m
    JOIN channel AS c ON c.channel_id = m.channel_id
    WHERE ($1::bigint IS NULL OR m.family_id = $1) AND m.family_id > $2
    ORDER BY m.family_id, m.mandate_id
    LIMIT $3
"""


class MandateExistsError(DomainError):
    """A membership has one live mandate; the former is revoked first."""

    code: ClassVar[str] = "MANDATE_EXISTS"

    def __init__(self) -> None:
        super().__init__("a mandate lives already for this family; revoke it before giving another")


class NoMandateError(DomainError):
    """There is no live mandate to be revoked."""

    code: ClassVar[str] = "NO_MANDATE"

    def __init__(self) -> None:
        super().__init__("no mandate lives for this account; see `iuran autodebit mandates list`")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """A mandate to be given. `signed_at_place` says where the paper or click can be found."""

    customer_number: str
    channel_code: str
    account_number: str = field(repr=False)
    holder_name: str
    signed_at_place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A mandate as people may see it; the account's number is masked."""

    family_id: int
    mandate_id: int
    customer_number: str
    channel: str
    account_masked: str
    holder_name: str
    signed_at_place: str
    given_at: datetime
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: Record) -> "Mandate":
        """Read a row."""
        return cls(
            family_id=row["family_id"],
            mandate_id=row["mandate_id"],
            customer_number=row["customer_number"],
            channel=row["channel"],
            account_masked=row["account_masked"],
            holder_name=row["holder_name"],
            signed_at_place=row["signed_at_place"],
            given_at=row["given_at"],
            revoked_at=row["revoked_at"],
        )


async def give_mandate(
    connection: Connection, cipher: Cipher, mandate: NewMandate, *, by: str, at: datetime
) -> int:
    """Give a mandate for the membership of a virtual account; return its id.

    Raises InvalidInputError, also while the number's holder moves to another family card,
    ChannelUnknownError, or MandateExistsError while another one lives.
    """
    _check(mandate)
    channel_id = await channel_id_of(connection, mandate.channel_code)
    owner = await _membership(connection, mandate.customer_number)
    await _check_stays(connection, owner, mandate.customer_number)
    try:
        mandate_id: int = await connection.fetchval(
            INSERT_MANDATE,
            owner["family_id"],
            owner["membership_id"],
            mandate.customer_number,
            channel_id,
            mask(mandate.account_number),
            cipher.encrypt(mandate.account_number),
            mandate.holder_name.strip(),
            mandate.signed_at_place.strip(),
            at,
        )
    except asyncpg.UniqueViolationError as error:
        raise MandateExistsError from error
    await connection.execute(
        INSERT_EVENT, owner["family_id"], mandate_id, "GIVEN", by, mandate.signed_at_place, at
    )
    return mandate_id


async def revoke_mandate(
    connection: Connection, customer_number: str, *, by: str, reason: str, at: datetime
) -> int:
    """End the live mandate of an account's membership; return its id. Raises NoMandateError."""
    owner = await _membership(connection, customer_number)
    mandate_id: int | None = await connection.fetchval(
        END_MANDATE, owner["family_id"], owner["membership_id"], at
    )
    if mandate_id is None:
        raise NoMandateError
    await connection.execute(
        INSERT_EVENT, owner["family_id"], mandate_id, "REVOKED", by, reason, at
    )
    return mandate_id


async def mandates(
    connection: Connection, *, family_id: int | None = None, after: int = 0, limit: int = 50
) -> tuple[Mandate, ...]:
    """Return mandates, the ended ones too, by family."""
    rows = await connection.fetch(SELECT_MANDATES, family_id, after, limit)
    return tuple(Mandate.of(row) for row in rows)


async def channel_id_of(connection: Connection, code: str) -> int:
    """Return the id of a bank; raises ChannelUnknownError."""
    channel_id: int | None = await connection.fetchval(SELECT_CHANNEL_ID, code)
    if channel_id is None:
        raise ChannelUnknownError(code)
    return channel_id


async def _membership(connection: Connection, customer_number: str) -> Record:
    row = await connection.fetchrow(SELECT_MEMBERSHIP, customer_number)
    if row is None:
        raise InvalidInputError("customerNumber", "no family has this virtual account")
    return row


async def _check_stays(connection: Connection, owner: Record, customer_number: str) -> None:
    """From the 1st the number pays for the other family: this one would be debited for it."""
    await connection.execute(LOCK_MEMBERSHIP, owner["family_id"], owner["membership_id"])
    month = await connection.fetchval(SELECT_LEAVING, owner["family_id"], customer_number)
    if month is not None:
        day = CoverageMonth.of_ordinal(month).first_day
        raise InvalidInputError(
            "customerNumber",
            f"its holder belongs to another family card from {day} on; name the number of somebody"
            " who stays, or give the mandate there from that day",
        )


def _check(mandate: NewMandate) -> None:
    if _ACCOUNT.fullmatch(mandate.account_number) is None:
        raise InvalidInputError("accountNumber", "write the 6 to 20 digits of the bank account")
    name = mandate.holder_name.strip()
    if not 1 <= len(name) <= HOLDER_LENGTH_MAX or not name.isprintable():
        raise InvalidInputError("holderName", f"write 1 to {HOLDER_LENGTH_MAX} printable letters")
    if not mandate.signed_at_place.strip() or not mandate.signed_at_place.isprintable():
        raise InvalidInputError("signedAt", "write where the mandate was signed")
