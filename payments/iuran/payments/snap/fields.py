"""Reading the fields of a message: tolerant of dialects, strict about meaning.

A number may stand where the standard has a string, and the other way round. Every function raises
SnapRefusedError with the field's name: 400xx02 if a mandatory one is missing or empty, 400xx01 if
it is malformed.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from iuran.core.money import Rupiah
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.timestamps import parse_instant

CURRENCY = "IDR"
REQUEST_ID_LENGTH_MAX = 128
_AMOUNT = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,2}))?", re.ASCII)  # BCA: 13.2 digits


def missing(field: str) -> SnapRefusedError:
    """Return the refusal of a mandatory field that is absent or empty."""
    return SnapRefusedError(Case.INVALID_MANDATORY_FIELD, field)


def malformed(field: str) -> SnapRefusedError:
    """Return the refusal of a field that does not have its form."""
    return SnapRefusedError(Case.INVALID_FIELD, field)


def mandatory_text(document: JsonObject, field: str, *, length_max: int) -> str:
    """Return a mandatory text as it was sent, padding included."""
    value = document.get(field)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise missing(field)
    if not isinstance(value, str) or len(value) > length_max or not value.isprintable():
        raise malformed(field)
    return value


def mandatory_request_id(document: JsonObject, field: str) -> str:
    """Return what identifies an inquiry or a payment, without the blanks around it."""
    return mandatory_text(document, field, length_max=REQUEST_ID_LENGTH_MAX).strip()


def optional_request_id(document: JsonObject, field: str) -> str:
    """Return what identifies a payment, or nothing where null or nothing was sent."""
    value = document.get(field)
    if value is None or (isinstance(value, str) and not value.strip()):
        return ""
    return mandatory_request_id(document, field)


def optional_instant(document: JsonObject, field: str) -> datetime | None:
    """Return an instant, or None where null or nothing was sent."""
    value = document.get(field)
    if value is None or value == "":
        return None
    instant = parse_instant(value) if isinstance(value, str) else None
    if instant is None:
        raise malformed(field)
    return instant


def mandatory_rupiah(document: JsonObject, field: str) -> Rupiah:
    """Return the amount of `{"value":"150000.00","currency":"IDR"}`, exactly.

    Cents other than zero and other currencies are malformed: nobody owes such an amount.
    """
    amount = document.get(field)
    if amount is None or amount == "":
        raise missing(field)
    if not isinstance(amount, JsonObject):
        raise malformed(field)
    value, currency = amount.get("value"), amount.get("currency")
    if value is None or value == "":
        raise missing(f"{field}.value")
    if currency is None or currency == "":
        raise missing(f"{field}.currency")
    rupiah = rupiah_of(value, field=f"{field}.value")
    if currency != CURRENCY:
        raise malformed(f"{field}.currency")
    return rupiah


def rupiah_of(value: object, *, field: str) -> Rupiah:
    """Return whole rupiah written as `150000.00`, `150000.0` or `150000`, with or without quotes.

    Raises SnapRefusedError (400xx01).
    """
    match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[2] or 0) != 0:
        raise malformed(field)
    return Rupiah(int(match[1]))


def amount_object(amount: Rupiah) -> Mapping[str, str]:
    """Return an amount as the wire has it."""
    return {"value": f"{amount}.00", "currency": CURRENCY}
