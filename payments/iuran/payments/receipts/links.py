"""Links to receipts: sealed, so that nobody can guess one or read what it stands for.

Whoever has a link sees that receipt, with masked names and numbers, and nothing else. A seal is
AES-SIV (RFC 5297) over family, payment and last day under a key that serves this purpose alone.
"""

import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from iuran.core.clock import Clock, SystemClock, wib_date
from iuran.core.errors import DomainError
from iuran.payments.receipts.lifetime import DEFAULT_DAYS
from iuran.payments.receipts.records import ReceiptKey
from iuran.payments.secrets import Cipher

MOUNT = "/receipts"
_PURPOSE = "receipt links"
_CONTENT = struct.Struct(">qqi")
_LABEL = [b"iuran receipt 1"]
_FORM = re.compile(r"[A-Za-z0-9_-]{48}", re.ASCII)
"""36 bytes in base64: family, payment, day and the 16 bytes of the seal."""


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

    def url_of(self, key: ReceiptKey) -> str:
        """Return the link to a receipt; a path if no address of ours is set."""
        return f"{self.base_url}{MOUNT}/{self.seal(key)}"

    def seal(self, key: ReceiptKey) -> str:
        """Return the part of a link that stands for a receipt."""
        last_day = self._today() + timedelta(days=self.days)
        content = _CONTENT.pack(key.family_id, key.payment_id, last_day.toordinal())
        return urlsafe_b64encode(self.seals[0].encrypt(content, _LABEL)).decode()

    def open(self, text: str) -> ReceiptKey:
        """Return what a seal stands for.

        Raises ReceiptLinkInvalidError for what we did not write, ReceiptLinkExpiredError.
        """
        family_id, payment_id, ordinal = _CONTENT.unpack(self._opened(text))
        if self._today() > date.fromordinal(ordinal):
            raise ReceiptLinkExpiredError(f"this link ended on {date.fromordinal(ordinal)}")
        return ReceiptKey(family_id=family_id, payment_id=payment_id)

    def _opened(self, text: str) -> bytes:
        for seal in self.seals if _FORM.fullmatch(text) else ():
            try:
                return seal.decrypt(urlsafe_b64decode(text), _LABEL)
            except InvalidTag:
                continue
        raise ReceiptLinkInvalidError("this is no link to a receipt; open it whole, as it was sent")

    def _today(self) -> date:
        return wib_date(self.clock.now())
