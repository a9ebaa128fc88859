"""Orders and codes: what we asked an aggregator to collect, and whose money it will be."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.identifiers import CUSTOMER_NUMBER_DIGITS
from iuran.core.money import Rupiah

ORDER_ID_BYTES = 12

INSERT_ORDER: LiteralString = """
    INSERT INTO payment_order (channel_id, order_id, customer_number, amount, outlet, ordered_at)
    VALUES ($1, $2, $3, $4, $5, $6)
"""

INSERT_CODE: LiteralString = """
    INSERT INTO payment_code (channel_id, code, order_id, registered_at, expires_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (channel_id, code, order_id) DO NOTHING
"""

SELECT_NUMBER_OF_ORDER: LiteralString = """
    SELECT customer_number FROM payment_order WHERE channel_id = $1 AND order_id = $2
"""

SELECT_NUMBER_OF_CODE: LiteralString = """
    SELECT o.customer_number
    FROM payment_code AS c
    JOIN payment_order AS o ON o.channel_id = c.channel_id AND o.order_id = c.order_id
    WHERE c.channel_id = $1 AND c.code = $2
    ORDER BY c.registered_at DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """An amount in rupiah that an aggregator collects for a virtual account at its outlets."""

    channel_id: int
    order_id: str
    customer_number: str
    amount: Rupiah
    outlet: str


def new_order_id() -> str:
    """Return an order id that nobody can guess; 27 letters, which every aggregator takes."""
    return f"IUR{secrets.token_hex(ORDER_ID_BYTES)}"


async def register_order(connection: Connection, order: PaymentOrder, *, at: datetime) -> None:
    """Write an order down; to be committed before the aggregator hears of it."""
    await connection.execute(
        INSERT_ORDER,
        order.channel_id,
        order.order_id,
        order.customer_number,
        order.amount,
        order.outlet,
        at,
    )


async def register_code(
    connection: Connection,
    order: PaymentOrder,
    code: str,
    *,
    at: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Write down the code that an aggregator gave to an order."""
    await connection.execute(INSERT_CODE, order.channel_id, code, order.order_id, at, expires_at)


async def customer_number_for(
    connection: Connection, channel_id: int, *, order_id: str, payment_code: str
) -> str:
    """Return the virtual account of an order, or else of a code.

    If both are unknown it is what we were told, so that the money goes to suspense under it. An
    order id that is a customer number itself means that one: only we give order ids.
    """
    number: str | None = await connection.fetchval(SELECT_NUMBER_OF_ORDER, channel_id, order_id)
    if number is None and payment_code:
        number = await connection.fetchval(SELECT_NUMBER_OF_CODE, channel_id, payment_code)
    return number or order_id or payment_code


async def customer_number_of_code(
    connection: Connection, channel_id: int, code: str, *, prefix: str
) -> str | None:
    """Return whose a code is that a payer shows: a registered one, or our prefix and 11 digits."""
    number: str | None = await connection.fetchval(SELECT_NUMBER_OF_CODE, channel_id, code)
    if number is not None:
        return number
    rest = code.removeprefix(prefix)
    is_ours = rest != code and len(rest) == CUSTOMER_NUMBER_DIGITS and rest.isdecimal()
    return rest if is_ours and rest.isascii() else None
