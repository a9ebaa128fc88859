"""The three fields that name a virtual account on the wire, and whether they agree."""

import re
from dataclasses import dataclass

from iuran.core.identifiers import CUSTOMER_NUMBER_DIGITS
from iuran.payments.channels import Channel
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.document import JsonObject, NumberLexeme
from iuran.payments.snap.fields import malformed, mandatory_text

_PREFIX = re.compile(r"[0-9]{1,8}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAccount:
    """A virtual account as a bank names it, its padding removed."""

    prefix: str
    customer_number: str

    @classmethod
    def of(cls, document: JsonObject) -> "WireAccount":
        """Read partnerServiceId, customerNo and virtualAccountNo.

        A customerNo sent as a JSON number has lost its leading zeros: it gets them back. The
        company code is padded with blanks or zeros, not always the same in both places.
        """
        prefix = mandatory_text(document, "partnerServiceId", length_max=28).strip()
        sent = mandatory_text(document, "customerNo", length_max=28)
        whole = mandatory_text(document, "virtualAccountNo", length_max=64).strip()
        digits = sent.strip()
        if _PREFIX.fullmatch(prefix) is None:
            raise malformed("partnerServiceId")
        if _DIGITS.fullmatch(digits) is None:
            raise malformed("customerNo")
        number = digits.zfill(CUSTOMER_NUMBER_DIGITS) if isinstance(sent, NumberLexeme) else digits
        if whole.lstrip("0") not in {(prefix + n).lstrip("0") for n in (digits, number)}:
            raise malformed("virtualAccountNo")
        return cls(prefix=prefix, customer_number=number)

    def check_company(self, channel: Channel) -> None:
        """Raise SnapRefusedError (404xx16) unless the company code is ours at the channel."""
        if self.prefix.lstrip("0") != channel.va_prefix.lstrip("0"):
            raise SnapRefusedError(Case.PARTNER_NOT_FOUND)

    def check_known_to(self, channel: Channel) -> None:
        """Raise SnapRefusedError unless this can be an account of ours at the channel."""
        self.check_company(channel)
        if len(self.customer_number) != CUSTOMER_NUMBER_DIGITS:
            raise SnapRefusedError(Case.INVALID_BILL, "Not Found")
