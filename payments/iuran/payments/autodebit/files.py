"""The files that banks get and send (docs/autodebit.md): CSV with a header and a trailer of totals.

A file whose frame does not fit (its header, its count, its total) may be cut off: nothing of it is
taken. A line that does not fit is named with its number; the others are taken.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.payments.snap.timestamps import parse_instant

COLLECTION = "IURAN-AUTODEBIT"
RESULTS = "IURAN-AUTODEBIT-RESULT"
VERSION = "1"
FILE_BYTES_MAX = 64 * 1024 * 1024
RUPIAH_DIGITS_MAX = 13
REASON_LENGTH_MAX = 64
HEADER_FIELDS = 5
TRAILER_FIELDS = 3
RESULT_FIELDS = 7


class ResultsFileError(DomainError):
    """A results file that cannot be trusted as a whole; nothing of it was taken."""

    code: ClassVar[str] = "RESULTS_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionLine:
    """One debit that a bank is asked for, in rupiah."""

    reference: str
    account_number: str
    holder_name: str
    customer_number: str
    amount: Rupiah
    first_month: CoverageMonth
    last_month: CoverageMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionFile:
    """All debits that a bank is asked for on a day."""

    file_id: int
    bank: str
    collection_date: date
    lines: tuple[CollectionLine, ...]

    @property
    def name(self) -> str:
        """The file's name."""
        return f"AUTODEBIT_{self.bank}_{self.collection_date:%Y%m%d}.csv"

    @property
    def total(self) -> Rupiah:
        """The sum of all debits."""
        return Rupiah(sum(line.amount for line in self.lines))

    def content(self) -> bytes:
        """Return the file as it is sent."""
        rows: list[Sequence[object]] = [
            ("H", COLLECTION, VERSION, self.file_id, self.bank, self.collection_date)
        ]
        rows += [
            (
                "D",
                line.reference,
                line.account_number,
                line.holder_name,
                line.customer_number,
                line.amount,
                line.first_month,
                line.last_month,
            )
            for line in self.lines
        ]
        return written([*rows, ("T", len(self.lines), self.total)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """What a bank says became of one debit; `raw` is the line as it was sent."""

    number: int
    reference: str
    customer_number: str
    amount: Rupiah
    is_debited: bool
    reason: str
    debited_at: datetime | None
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """Why a line was not taken."""

    number: int
    message: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsFile:
    """A bank's results: the lines that can be taken, and the others with what is wrong."""

    file_id: int
    bank: str
    lines: tuple[ResultLine, ...]
    errors: tuple[LineError, ...]


def written(rows: Sequence[Sequence[object]]) -> bytes:
    """Return rows as CSV in UTF-8, lines ended by a line feed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def read_results(content: bytes) -> ResultsFile:
    """Read a results file; raises ResultsFileError if its frame does not fit."""
    rows = _rows(content)
    if len(rows) <= 1:
        raise ResultsFileError("the file needs a header (H), result lines (R) and a trailer (T)")
    file_id, bank = _header(rows[0])
    lines: list[ResultLine] = []
    errors: list[LineError] = []
    for number, row in enumerate(rows[1:-1], start=2):
        try:
            lines.append(_result(number, row))
        except ValueError as error:
            errors.append(LineError(number=number, message=str(error)))
    _check_trailer(rows[-1], lines, count=len(rows) - 2, is_whole=not errors)
    return ResultsFile(file_id=file_id, bank=bank, lines=tuple(lines), errors=tuple(errors))


def _rows(content: bytes) -> list[list[str]]:
    if len(content) > FILE_BYTES_MAX:
        raise ResultsFileError(f"the file is larger than {FILE_BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8-sig")
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultsFileError(f"the file is no CSV in UTF-8: {error}") from error


def _header(row: Sequence[str]) -> tuple[int, str]:
    if len(row) < HEADER_FIELDS or tuple(row[:3]) != ("H", RESULTS, VERSION):
        raise ResultsFileError(f"the first line must begin with H,{RESULTS},{VERSION}")
    if not _is_number(row[3]):
        raise ResultsFileError("the 4th field of the header is the number of our file")
    return int(row[3]), row[4]


def _check_trailer(
    row: Sequence[str], lines: Sequence[ResultLine], *, count: int, is_whole: bool
) -> None:
    fits = len(row) >= TRAILER_FIELDS and row[0] == "T"
    if not fits or not _is_number(row[1]) or not _is_number(row[2]):
        raise ResultsFileError("the last line must be T,<lines>,<rupiah debited>")
    if int(row[1]) != count:
        raise ResultsFileError(f"the trailer counts {row[1]} lines, the file has {count}")
    debited = sum(line.amount for line in lines if line.is_debited)
    if is_whole and int(row[2]) != debited:
        raise ResultsFileError(f"the trailer says {row[2]} rupiah, the lines {debited}")
    if int(row[2]) < debited:
        raise ResultsFileError(
            f"the lines debit {debited} rupiah, more than the trailer's {row[2]}"
        )


def _result(number: int, row: Sequence[str]) -> ResultLine:
    """Read `R,reference,customer number,amount,SUCCESS|FAILED,reason,time`; raises ValueError."""
    if len(row) < RESULT_FIELDS or row[0] != "R":
        raise ValueError(f"a result begins with R and has {RESULT_FIELDS} fields")
    _, reference, customer_number, amount, status, reason, at = row[:RESULT_FIELDS]
    if not 1 <= len(reference) <= REASON_LENGTH_MAX or not reference.isprintable():
        raise ValueError("the reference is the one of our file")
    if not _is_number(customer_number):
        raise ValueError("the customer number has only digits")
    if not _is_number(amount) or int(amount) == 0:
        raise ValueError("the amount is whole rupiah above 0, only digits")
    if status not in {"SUCCESS", "FAILED"}:
        raise ValueError("the status is SUCCESS or FAILED")
    debited_at = parse_instant(at) if at else None
    if at and debited_at is None:
        raise ValueError("the time is written 2026-01-05T09:00:00+07:00")
    return ResultLine(
        number=number,
        reference=reference,
        customer_number=customer_number,
        amount=Rupiah(int(amount)),
        is_debited=status == "SUCCESS",
        reason="".join(sign for sign in reason if sign.isprintable())[:REASON_LENGTH_MAX],
        debited_at=debited_at,
        raw=written([row]),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= RUPIAH_DIGITS_MAX
