"""What a bank that we play was answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from iuran.core.errors import InvalidInputError
from iuran.core.money import Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """What came back; the bytes as they came."""

    http_status: int
    headers: Mapping[str, str]
    content: bytes
    document: Mapping[str, object]

    @property
    def code(self) -> str:
        """The responseCode, empty if there is none."""
        return str(self.document.get("responseCode", ""))

    @property
    def message(self) -> str:
        """The responseMessage."""
        return str(self.document.get("responseMessage", ""))

    @property
    def account(self) -> Mapping[str, object]:
        """The virtualAccountData, empty if there is none."""
        return object_in(self.document.get("virtualAccountData"))

    @property
    def is_success(self) -> bool:
        """Whether the bank reads this as done: the code, and for a payment its flag."""
        flag = self.account.get("paymentFlagStatus", "00")
        return self.code.startswith(("200", "202")) and flag == "00"

    @property
    def total_amount(self) -> Rupiah:
        """The whole rupiah of totalAmount; raises InvalidInputError if there is none."""
        value = str(object_in(self.account.get("totalAmount")).get("value", ""))
        whole, _, _ = value.partition(".")
        if not whole.isdigit():
            raise InvalidInputError("totalAmount", f"the answer {self.code} names no amount")
        return Rupiah(int(whole))


def object_in(value: object) -> Mapping[str, object]:
    """Return a value that is a JSON object; an empty one for anything else."""
    # JSON's objects have text keys only.
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def parsed(content: bytes) -> Mapping[str, object]:
    """Return the document; empty if the answer is not JSON, as from a proxy in between."""
    try:
        return object_in(json.loads(content))
    except ValueError:
        return {}
