"""Write-offs ("pemutihan"): arrears that a law takes off the bill. They stay visible in the books.

None is in force: the rules are data with dates, and every order names one. An order is proposed by
one person, approved by another, and reaches one family or all of them.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, LiteralString

import asyncpg

from iuran.core.approvals import NOBODYS, ApprovalKind, Subject, waits, waits_no_more
from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection, Pool
from iuran.core.errors import DomainError, InvalidInputError
from iuran.core.family_list import family_range
from iuran.core.money import Rupiah
from iuran.core.second_person import NothingToApproveError, SecondPersonError

FAMILIES_A_BATCH = 1_000

SELECT_RULE: LiteralString = """
    SELECT legal_basis,
           in_force AND effective_from <= $2 AND (effective_to IS NULL OR effective_to >= $2)
               AS applies
    FROM write_off_rule
    WHERE rule = $1
"""

INSERT_ORDER: LiteralString = """
    INSERT INTO write_off_order (rule, only_family, reason, proposed_by, proposed_at)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING order_id
"""

SELECT_ORDER: LiteralString = """
    SELECT rule, only_family, proposed_by FROM write_off_order WHERE order_id = $1
"""

INSERT_APPROVAL: LiteralString = """
    INSERT INTO write_off_approval (order_id, proposed_by, approved_by, approved_at)
    VALUES ($1, $2, $3, $4)
"""

WRITE_OFF_ARREARS: LiteralString = """
    SELECT memberships, bills, amount FROM write_off_arrears($1, $2, $3, $4)
"""

SELECT_ORDERS: LiteralString = """
    SELECT o.order_id, o.rule, o.only_family, o.reason, o.proposed_by, a.approved_by,
           coalesce(sum(w.amount), 0)::bigint AS amount, count(w.family_id) AS bills
    FROM write_off_order AS o
    LEFT JOIN write_off_approval AS a ON a.order_id = o.order_id
    LEFT JOIN write_off AS w ON w.order_id = o.order_id
    GROUP BY o.order_id, o.rule, o.only_family, o.reason, o.proposed_by, a.approved_by
    ORDER BY o.order_id DESC
    LIMIT $1
"""


class WriteOffNotInForceError(DomainError):
    """No law in force lets us write these arrears off."""

    code: ClassVar[str] = "WRITE_OFF_NOT_IN_FORCE"

    def __init__(self, rule: str, legal_basis: str) -> None:
        super().__init__(
            f"{rule} is not in force ({legal_basis}); arrears stay payable, also in steps (REHAB)"
        )
        self.rule = rule


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffOrder:
    """An order under a rule, for one family or, without it, for every family under the rule."""

    rule: str
    reason: str
    family_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWriteOffOrder:
    """An order, who stands for it, and what it has written off, in rupiah."""

    order_id: int
    rule: str
    only_family: int | None
    reason: str
    proposed_by: str
    approved_by: str | None
    bills: int
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffProgress:
    """How far an order is carried out; amounts in rupiah."""

    families_total: int
    families_done: int
    memberships: int
    bills: int
    amount: Rupiah


async def propose_write_off(
    connection: Connection, order: WriteOffOrder, *, by: str, at: datetime
) -> int:
    """Record an order; return its number. It has no effect before `approve_write_off`.

    Raises WriteOffNotInForceError while the rule is a draft or out of its dates, InvalidInputError.
    """
    for field, text in (("reason", order.reason), ("by", by)):
        if not text.strip():
            raise InvalidInputError(field, "say who proposes the write-off, and why")
    await _demand_rule(connection, order.rule, at)
    order_id = int(
        await connection.fetchval(INSERT_ORDER, order.rule, order.family_id, order.reason, by, at)
    )
    subject = _subject_of(order_id, order.family_id)
    await waits(connection, subject, reason=order.reason, by=by, at=at)
    return order_id


async def approve_write_off(
    connection: Connection, order_id: int, *, by: str, at: datetime
) -> None:
    """Approve an order; `carry_out_write_off` then does it.

    Raises SecondPersonError for whoever proposed it (held by the database), NothingToApproveError
    when it is unknown or approved before, WriteOffNotInForceError.
    """
    order = await connection.fetchrow(SELECT_ORDER, order_id)
    if order is None:
        raise NothingToApproveError("write-off")
    await _demand_rule(connection, order["rule"], at)
    try:
        async with connection.transaction():  # a savepoint
            await connection.execute(INSERT_APPROVAL, order_id, order["proposed_by"], by, at)
    except asyncpg.CheckViolationError as error:
        if error.constraint_name != "write_off_needs_two_persons":
            raise
        raise SecondPersonError(by) from error
    except asyncpg.UniqueViolationError as error:
        raise NothingToApproveError("write-off") from error
    await waits_no_more(connection, _subject_of(order_id, order["only_family"]))


def _subject_of(order_id: int, family_id: int | None) -> Subject:
    return Subject(
        kind=ApprovalKind.WRITE_OFF, number=str(order_id), family_id=family_id or NOBODYS
    )


async def carry_out_for_its_family(connection: Connection, order_id: int, *, at: datetime) -> None:
    """Write off what an approved order for one family reaches; one for all is done in batches."""
    order = await connection.fetchrow(SELECT_ORDER, order_id)
    if order is not None and order["only_family"] is not None:
        family_id = order["only_family"]
        await connection.execute(WRITE_OFF_ARREARS, order_id, family_id, family_id, at)


async def carry_out_write_off(
    pool: Pool, order_id: int, *, at: datetime
) -> AsyncIterator[WriteOffProgress]:
    """Write off what an approved order reaches, by batches that commit; yield how far it is.

    Safe to run twice and to go on with after it was killed: a bill is written off once. An order
    that is not approved, or whose rule is no longer in force, does nothing.
    """
    async with pool.acquire() as connection:
        order = await connection.fetchrow(SELECT_ORDER, order_id)
        found = await family_range(connection)
    if order is None or found is None:
        return
    first, last = found if order["only_family"] is None else (order["only_family"],) * 2
    done = WriteOffProgress(
        families_total=last - first + 1, families_done=0, memberships=0, bills=0, amount=Rupiah(0)
    )
    for family_from in range(first, last + 1, FAMILIES_A_BATCH):
        family_to = min(family_from + FAMILIES_A_BATCH - 1, last)
        async with pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(WRITE_OFF_ARREARS, order_id, family_from, family_to, at)
        assert row is not None  # noqa: S101 - a function with OUT parameters gives one row
        done = WriteOffProgress(
            families_total=done.families_total,
            families_done=family_to - first + 1,
            memberships=done.memberships + row["memberships"],
            bills=done.bills + row["bills"],
            amount=Rupiah(done.amount + row["amount"]),
        )
        yield done


async def write_off_orders(
    connection: Connection, *, limit: int = 50
) -> tuple[KnownWriteOffOrder, ...]:
    """Return the orders, the newest first."""
    return tuple(
        KnownWriteOffOrder(**dict(row.items()))
        for row in await connection.fetch(SELECT_ORDERS, limit)
    )


async def _demand_rule(connection: Connection, rule: str, at: datetime) -> None:
    row = await connection.fetchrow(SELECT_RULE, rule, wib_date(at))
    if row is None:
        raise WriteOffNotInForceError(rule, "no such rule is on file")
    if not row["applies"]:
        raise WriteOffNotInForceError(rule, row["legal_basis"])
