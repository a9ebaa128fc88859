"""Collection: what a bank is asked to debit, prepared on the day and frozen when it is sent."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Record
from iuran.core.errors import InvalidInputError
from iuran.core.family_list import family_range
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import parameter
from iuran.payments.autodebit.files import CollectionFile, CollectionLine
from iuran.payments.secrets import Cipher

COLLECTION_DAYS = ("autodebit_first_day", "autodebit_second_day")
FAMILIES_A_BATCH = 2_000
LINES_A_PAGE = 2_000

SELECT_CHANNELS_WITH_MANDATES: LiteralString = """
    SELECT c.channel_id, c.code
    FROM channel AS c
    WHERE EXISTS (SELECT FROM autodebit_mandate AS m
                  WHERE m.channel_id = c.channel_id AND m.revoked_at IS NULL)
    ORDER BY c.channel_id
    LIMIT 1000
"""

INSERT_FILE: LiteralString = """
    INSERT INTO autodebit_file (channel_id, collection_date, prepared_at) VALUES ($1, $2, $3)
    ON CONFLICT (channel_id, collection_date) DO NOTHING
"""

LOCK_FILE: LiteralString = """
    SELECT file_id, sent_at FROM autodebit_file
    WHERE channel_id = $1 AND collection_date = $2
    FOR NO KEY UPDATE
"""

PREPARE: LiteralString = """
    SELECT prepare_autodebit($1, $2, $3, $4, $5)
"""

EXCLUDE: LiteralString = """
    SELECT exclude_autodebit($1, $2, $3, $4)
"""

SEAL_FILE: LiteralString = """
    UPDATE autodebit_file SET sent_at = $3 WHERE channel_id = $1 AND collection_date = $2
"""

SELECT_LINES: LiteralString = """
    SELECT i.family_id, i.customer_number, i.amount, i.first_month, i.last_month,
           m.account_ciphertext, m.holder_name
    FROM autodebit_item AS i
    JOIN autodebit_mandate AS m ON m.family_id = i.family_id AND m.mandate_id = i.mandate_id
    WHERE i.file_id = $1 AND (i.family_id, i.customer_number) > ($2, $3)
      AND NOT EXISTS (
          SELECT FROM autodebit_result AS r
          WHERE r.family_id = i.family_id AND r.file_id = i.file_id
            AND r.customer_number = i.customer_number AND r.outcome = 'EXCLUDED')
    ORDER BY i.family_id, i.customer_number
    LIMIT $4
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """A bank that families gave mandates for."""

    channel_id: int
    code: str


def collection_days(month: CoverageMonth) -> tuple[date, ...]:
    """Return the WIB dates on which banks are asked to debit: the 5th and the 20th, as data."""
    return tuple(
        month.first_day.replace(day=parameter(name, month.first_day)) for name in COLLECTION_DAYS
    )


def latest_collection_day(today: date) -> date | None:
    """Return the last collection day of this month that has come; None before the first."""
    past = [day for day in collection_days(CoverageMonth.of(today)) if day <= today]
    return max(past, default=None)


async def banks_with_mandates(connection: Connection) -> tuple[Bank, ...]:
    """Return the banks that have somebody to debit."""
    return tuple(
        Bank(channel_id=row["channel_id"], code=row["code"])
        for row in await connection.fetch(SELECT_CHANNELS_WITH_MANDATES)
    )


async def prepare(connection: Connection, bank: Bank, day: date, *, at: datetime) -> int:
    """Prepare a bank's file of a collection day; return how many were added to it.

    Running it again, or after it was sent, adds nobody twice; a sent file stays as it is.
    Raises InvalidInputError for a day on which nothing is collected, or one that has not come.
    """
    _check_day(day, today=wib_date(at))
    await connection.execute(INSERT_FILE, bank.channel_id, day, at)
    file = await _locked(connection, bank, day)
    if file["sent_at"] is not None:
        return 0
    added = 0
    for family_from in await _ranges(connection):
        family_to = family_from + FAMILIES_A_BATCH - 1
        added += await connection.fetchval(
            PREPARE, bank.channel_id, file["file_id"], family_from, family_to, at
        )
    return added


async def send(
    connection: Connection, cipher: Cipher, bank: Bank, day: date, *, at: datetime
) -> CollectionFile:
    """Return the file as the bank gets it; asked again, it returns the same.

    What was paid, changed or revoked since it was prepared is left out, and recorded. Raises
    InvalidInputError if nothing was prepared for the day.
    """
    file = await _locked(connection, bank, day)
    if file["sent_at"] is None:
        for family_from in await _ranges(connection):
            family_to = family_from + FAMILIES_A_BATCH - 1
            await connection.execute(EXCLUDE, file["file_id"], family_from, family_to, at)
        await connection.execute(SEAL_FILE, bank.channel_id, day, at)
    lines = await _lines(connection, cipher, file["file_id"])
    return CollectionFile(
        file_id=file["file_id"], bank=bank.code, collection_date=day, lines=tuple(lines)
    )


async def _locked(connection: Connection, bank: Bank, day: date) -> Record:
    row = await connection.fetchrow(LOCK_FILE, bank.channel_id, day)
    if row is None:
        raise InvalidInputError("date", f"nothing was prepared for {bank.code} on {day}")
    return row


async def _ranges(connection: Connection) -> range:
    first, last = await family_range(connection) or (1, 0)
    return range(first, last + 1, FAMILIES_A_BATCH)


async def _lines(connection: Connection, cipher: Cipher, file_id: int) -> list[CollectionLine]:
    lines: list[CollectionLine] = []
    family_id, number = 0, ""
    while rows := await connection.fetch(SELECT_LINES, file_id, family_id, number, LINES_A_PAGE):
        lines += [_line(row, cipher, file_id) for row in rows]
        family_id, number = rows[-1]["family_id"], rows[-1]["customer_number"]
    return lines


def _line(row: Record, cipher: Cipher, file_id: int) -> CollectionLine:
    return CollectionLine(
        reference=reference_of(file_id, row["customer_number"]),
        account_number=cipher.decrypt(row["account_ciphertext"]),
        holder_name=row["holder_name"],
        customer_number=row["customer_number"],
        amount=Rupiah(row["amount"]),
        first_month=CoverageMonth.of_ordinal(row["first_month"]),
        last_month=CoverageMonth.of_ordinal(row["last_month"]),
    )


def reference_of(file_id: int, customer_number: str) -> str:
    """Return what identifies a line to us and to the bank: `AD12-02233913523`."""
    return f"AD{file_id}-{customer_number}"


def _check_day(day: date, *, today: date) -> None:
    days = collection_days(CoverageMonth.of(day))
    if day not in days:
        written = ", ".join(str(one) for one in days)
        raise InvalidInputError("date", f"in this month it is collected on {written}")
    if day > today:
        raise InvalidInputError("date", f"{day} has not come")
