"""What an aggregator's message says, whatever its dialect; and how its fields are read."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from iuran.core.money import Rupiah
from iuran.payments.retail.refusals import UnreadableNoticeError
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.timestamps import parse_instant

TEXT_LENGTH_MAX = 64
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.0{1,2})?", re.ASCII)


class NoticeStatus(StrEnum):
    """What became of the money."""

    PAID = "PAID"
    """Collected: nobody can refuse it any more."""
    NOT_PAID = "NOT_PAID"
    """Waiting, expired, refused: nothing to book."""
    GIVEN_BACK = "GIVEN_BACK"
    """Refunded or charged back: reconciliation corrects by a new posting, this message does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message in our words.

    `identity` is the aggregator's own key of the payment, the same in every repetition; `order_id`
    and `payment_code` say whose money it is; `paid_at` is the time that the aggregator vouches for.
    """

    status: NoticeStatus
    identity: str
    order_id: str
    payment_code: str
    amount: Rupiah
    paid_at: datetime | None


def text_of(document: JsonObject, field: str) -> str:
    """Return a text that must be there; raises UnreadableNoticeError."""
    value = optional_text(document, field)
    if not value:
        raise UnreadableNoticeError(field, "it is missing")
    return value


def optional_text(document: JsonObject, field: str) -> str:
    """Return a text or a number as it was written; empty where null or nothing stands."""
    value = document.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > TEXT_LENGTH_MAX or not value.isprintable():
        raise UnreadableNoticeError(field, f"write at most {TEXT_LENGTH_MAX} printable letters")
    return value.strip()


def object_of(document: JsonObject, field: str) -> JsonObject:
    """Return an object; an empty one where null or nothing stands."""
    value = document.get(field)
    if value is None:
        return JsonObject()
    if not isinstance(value, JsonObject):
        raise UnreadableNoticeError(field, "an object is expected")
    return value


def objects_of(document: JsonObject, field: str) -> list[JsonObject]:
    """Return the objects of a list; none where there is no list."""
    value = document.get(field)
    items = (
        cast("list[object]", value) if isinstance(value, list) else []
    )  # isinstance: not of what
    return [item for item in items if isinstance(item, JsonObject)]


def amount_of(document: JsonObject, field: str) -> Rupiah:
    """Return whole rupiah, written as a number or as text, exactly: `336000` or `336000.00`."""
    value = document.get(field)
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise UnreadableNoticeError(field, "write whole rupiah above 0")
    return Rupiah(int(match[1]))


def instant_of(document: JsonObject, field: str) -> datetime | None:
    """Return an instant, or None where there is none that can be read: it only dates the value."""
    value = document.get(field)
    return parse_instant(value) if isinstance(value, str) else None


def is_one_of(sent: str, expected: Sequence[str]) -> bool:
    """Compare with every candidate in constant time."""
    given = sent.encode()
    return any(hmac.compare_digest(given, one.encode()) for one in expected)
