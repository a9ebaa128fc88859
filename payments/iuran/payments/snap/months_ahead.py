"""`additionalInfo.months`: a payer at a bank asks to pay whole months ahead, with the inquiry."""

from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.payments.prepayment import MonthsAheadError, ask_to_pay_ahead
from iuran.payments.snap.answers import additional_info_of
from iuran.payments.snap.document import JsonObject
from iuran.payments.snap.fields import malformed

FIELD = "additionalInfo.months"
DIGITS_MAX = 3

SELECT_MEMBERSHIP: LiteralString = """
    SELECT a.family_id, a.membership_id
    FROM virtual_account_number AS n
    JOIN virtual_account AS a ON a.family_id = n.family_id AND a.customer_number = n.customer_number
    WHERE n.customer_number = $1
"""


def months_asked(document: JsonObject) -> int | None:
    """Return how many months besides the bill are wished for, a number or text; None if unsaid.

    Raises SnapRefusedError (400xx01) for anything that is not a whole number.
    """
    info = additional_info_of(document)
    value = info.get("months") if isinstance(info, JsonObject) else None
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise malformed(FIELD)
    if len(value) > DIGITS_MAX:
        raise malformed(FIELD)
    return int(value)


async def wish_months_ahead(
    connection: Connection, customer_number: str, *, months: int, at: datetime
) -> None:
    """Remember the wish for this WIB day, before the bill is looked up.

    Raises SnapRefusedError (400xx01) for more months than can be paid. A number that is no family's
    is left to the inquiry: it says why; and an employer has no months ahead.
    """
    row = await connection.fetchrow(SELECT_MEMBERSHIP, customer_number)
    if row is None:
        return
    try:
        await ask_to_pay_ahead(
            connection, row["family_id"], row["membership_id"], months=months, at=at
        )
    except MonthsAheadError as error:
        raise malformed(FIELD) from error
