"""Links to receipts: sealed, so that nobody can guess one or read what it stands for.

Whoever has a link sees that receipt, with masked names and numbers, and nothing else. A seal is
AES-SIV (RFC 5297) over payer, payment and last day under a key that serves this purpose alone; what
kind of payer it is of is sealed with it, so that no link of a family opens an employer's.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from iuran.core.clock import Clock, SystemClock, wib_date
from iuran.core.errors import DomainError
from iuran.payments.receipts.keys import (
    AnyReceiptKey,
    EmployerReceiptKey,
    GovernmentReceiptKey,
    Payer,
    ReceiptKey,
)
from iuran.payments.receipts.lifetime import DEFAULT_DAYS
from iuran.payments.secrets import Cipher

MOUNT = "/receipts"
_PURPOSE = "receipt links"
_CONTENT = struct.Struct(">qqi")
_LABELS: Mapping[Payer, list[bytes]] = {
    Payer.FAMILY: [b"iuran receipt 1"],
    Payer.EMPLOYER: [b"iuran employer receipt 1"],
    Payer.GOVERNMENT: [b"iuran government receipt 1"],
}
_REGION_MARK = 1
"""Stands before the digits of a region, so that those which begin with 0 are numbers, too."""
_FORM = re.compile(r"[A-Za-z0-9_-]{48}", re.ASCII)
"""36 bytes in base64: payer, payment, day and the 16 bytes of the seal."""


class ReceiptLinkInvalidError(DomainError):
    """This is no link of ours, or it was copied in part."""

    code: ClassVar[str] = "RECEIPT_LINK_INVALID"


class ReceiptLinkExpiredError(DomainError):
    """The link was good and is too old now."""

    code: ClassVar[str] = "RECEIPT_LINK_EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLinks:
    """Makes links and reads them. Their life is real time: no test clock makes one older."""

    seals: tuple[AESSIV, ...] = field(repr=False)
    days: int
    base_url: str
    clock: Clock

    @classmethod
    def of(
        cls,
        cipher: Cipher,
        *,
        days: int = DEFAULT_DAYS,
        base_url: str = "",
        clock: Clock | None = None,
    ) -> Self:
        """Make them under the keys of an installation; the newest seals, all of them open."""
        return cls(
            seals=tuple(AESSIV(key) for key in cipher.derived_keys(_PURPOSE)),
            days=days,
            base_url=base_url.rstrip("/"),
            clock=clock or SystemClock(),
        )

    def url_of(self, key: AnyReceiptKey) -> str:
        """Return the link to a receipt; a path if no address of ours is set."""
        return f"{self.base_url}{MOUNT}/{self.seal(key)}"

    def seal(self, key: AnyReceiptKey) -> str:
        """Return the part of a link that stands for a receipt."""
        last_day = self._today() + timedelta(days=self.days)
        payer, payer_id = _payer_of(key)
        content = _CONTENT.pack(payer_id, key.payment_id, last_day.toordinal())
        return urlsafe_b64encode(self.seals[0].encrypt(content, _LABELS[payer])).decode()

    def open(self, text: str) -> AnyReceiptKey:
        """Return what a seal stands for.

        Raises ReceiptLinkInvalidError for what we did not write, ReceiptLinkExpiredError.
        """
        payer, content = self._opened(text)
        payer_id, payment_id, ordinal = _CONTENT.unpack(content)
        if self._today() > date.fromordinal(ordinal):
            raise ReceiptLinkExpiredError(f"this link ended on {date.fromordinal(ordinal)}")
        return _key_of(payer, payer_id, payment_id=payment_id)

    def _opened(self, text: str) -> tuple[Payer, bytes]:
        for seal in self.seals if _FORM.fullmatch(text) else ():
            for payer, label in _LABELS.items():
                try:
                    return payer, seal.decrypt(urlsafe_b64decode(text), label)
                except InvalidTag:
                    continue
        raise ReceiptLinkInvalidError("this is no link to a receipt; open it whole, as it was sent")

    def _today(self) -> date:
        return wib_date(self.clock.now())


def _payer_of(key: AnyReceiptKey) -> tuple[Payer, int]:
    match key:
        case ReceiptKey():
            return Payer.FAMILY, key.family_id
        case EmployerReceiptKey():
            return Payer.EMPLOYER, key.employer_id
        case GovernmentReceiptKey():
            return Payer.GOVERNMENT, int(f"{_REGION_MARK}{key.region}")


def _key_of(payer: Payer, payer_id: int, *, payment_id: int) -> AnyReceiptKey:
    match payer:
        case Payer.FAMILY:
            return ReceiptKey(family_id=payer_id, payment_id=payment_id)
        case Payer.EMPLOYER:
            return EmployerReceiptKey(employer_id=payer_id, payment_id=payment_id)
        case Payer.GOVERNMENT:
            return GovernmentReceiptKey(region=str(payer_id)[1:], payment_id=payment_id)
