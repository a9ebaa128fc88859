"""What a bank answered, read once: its response code as a meaning, its fields as types."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, cast

import structlog
from structlog.typing import FilteringBoundLogger

from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.payments.metrics import LOST_LINES_UNREADABLE
from iuran.payments.snap.codes import SnapRefusedError
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.fields import mandatory_rupiah, mandatory_text
from iuran.payments.snap.timestamps import parse_instant

CODE_LENGTH = 7
TEXT_LENGTH_MAX = 255
PAID = "00"

_log: FilteringBoundLogger = structlog.get_logger()


class Meaning(StrEnum):
    """What a response code asks of us."""

    DONE = "DONE"
    IN_PROGRESS = "IN_PROGRESS"
    """202: the end is open; ask again."""
    NOT_FOUND = "NOT_FOUND"
    """404xx01 and 404xx12: there is no such transaction or account."""
    REPEATED = "REPEATED"
    """404xx18 and 409xx00: it was asked before."""
    UNAUTHORIZED = "UNAUTHORIZED"
    REFUSED = "REFUSED"
    """Anything else of 4xx: the same again would be refused again."""
    TOO_LONG = "TOO_LONG"
    """More bytes than we read: ask for less."""
    TRY_LATER = "TRY_LATER"
    """429, 5xx, or no answer at all: nothing is known of what happened."""


_BY_CASE = {
    "40401": Meaning.NOT_FOUND,
    "40412": Meaning.NOT_FOUND,
    "40418": Meaning.REPEATED,
    "40900": Meaning.REPEATED,
}


def meaning_of(code: str, *, http_status: int) -> Meaning:
    """Return what a response code means; the HTTP status speaks where there is no code."""
    is_code = len(code) == CODE_LENGTH and code.isascii() and code.isdigit()
    status = int(code[:3]) if is_code else http_status
    if status == 202:  # noqa: PLR2004 - HTTP's
        return Meaning.IN_PROGRESS
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
        # A success is only what a bank says in so many digits: a proxy's page says nothing.
        return Meaning.DONE if is_code else Meaning.TRY_LATER
    if status == 401:  # noqa: PLR2004 - HTTP's
        return Meaning.UNAUTHORIZED
    if 400 <= status < 500 and status != 429:  # noqa: PLR2004 - HTTP's refusals
        return _BY_CASE.get(code[:3] + code[5:], Meaning.REFUSED)
    return Meaning.TRY_LATER


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """One answer; `attempts` says how often it was asked for."""

    code: str
    message: str
    meaning: Meaning
    document: JsonObject
    attempts: int = 1
    size_bytes: int = 0

    @property
    def account(self) -> JsonObject:
        """The virtualAccountData, empty if there is none."""
        value = self.document.get("virtualAccountData", self.document.get("virtualAccountdata"))
        return value if isinstance(value, JsonObject) else JsonObject()

    @property
    def lines(self) -> tuple[JsonObject, ...]:
        """The lines of a report; one object where the bank sends no list."""
        value = self.document.get("virtualAccountdata", self.document.get("virtualAccountData"))
        if isinstance(value, JsonObject):
            return (value,)
        # isinstance cannot say of what; each is looked at.
        items = cast("list[object]", value) if isinstance(value, list) else []
        return tuple(item for item in items if isinstance(item, JsonObject))

    def done(self) -> "BankAnswer":
        """Return it if the bank has done it; raises BankRefusedError."""
        if self.meaning is not Meaning.DONE:
            raise BankRefusedError(self)
        return self


class BankRefusedError(DomainError):
    """A bank did not do what was asked; `answer` says why."""

    code: ClassVar[str] = "BANK_REFUSED"

    def __init__(self, answer: BankAnswer) -> None:
        super().__init__(f"the bank answered {answer.code or 'nothing'} {answer.message}".strip())
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class BankPayment:
    """A payment as the bank has it; `document` is how it told it."""

    reference: str
    virtual_account: str
    amount: Rupiah
    paid_at: datetime | None
    document: Mapping[str, object]

    @classmethod
    def of(cls, document: JsonObject) -> "BankPayment | None":
        """Read a status or a line of a report; None if it tells of no money, or cannot be read.

        What cannot be read is logged and counted: it may be money. Its time only dates it.
        """
        status = document.get("paymentFlagStatus")
        if status is not None and str(status).strip() not in {PAID, ""}:
            return None
        try:
            payment = cls(
                reference=mandatory_text(document, "paymentRequestId", length_max=128).strip(),
                virtual_account=mandatory_text(document, "virtualAccountNo", length_max=64).strip(),
                amount=mandatory_rupiah(document, "paidAmount"),
                paid_at=_paid_at(document),
                document=document,
            )
        except SnapRefusedError as error:
            LOST_LINES_UNREADABLE.inc()
            _log.warning("lost.line_unreadable", field=error.named)
            return None
        return payment if payment.amount > 0 else None


def _paid_at(document: JsonObject) -> datetime | None:
    told = (document.get(name) for name in ("trxDateTime", "transactionDate"))
    found = (parse_instant(text) for text in told if isinstance(text, str))
    return next((instant for instant in found if instant is not None), None)
