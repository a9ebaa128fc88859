"""One of everything that a family may have, written as the domain would leave it."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from iuran.core.database.pool import Pool
from iuran.graphql.global_ids import id_of

FINE_WINDOW: LiteralString = """
    INSERT INTO fine_window (family_id, membership_id, first_day, last_day, arrears_months,
                             opened_at)
    VALUES ($1, $2, '2026-01-02', '2026-02-16', 3, '2026-01-02 09:00+07')
"""
REVISION: LiteralString = """
    INSERT INTO bill_revision (family_id, membership_id, coverage_month, version, cause,
                               amount_before, amount_after, revised_at)
    SELECT $1, $2, max(coverage_month), 2, 'MEMBER_ADDED', 35000, 70000, '2026-01-02 09:00+07'
    FROM bill WHERE family_id = $1 AND membership_id = $2
"""
CREDIT: LiteralString = """
    INSERT INTO credit_entry (family_id, membership_id, amount, cause, booked_at, value_date)
    VALUES ($1, $2, 5000, 'CORRECTION', '2026-01-02 09:00+07', '2026-01-02')
"""
REFUND: LiteralString = """
    INSERT INTO refund (family_id, membership_id, amount, reason, note, payee_name, payee_bank,
                        payee_account, requested_by, requested_at)
    VALUES ($1, $2, 5000, 'OVERPAYMENT', 'kelebihan bayar', 'SITI CONTOH', 'Bank Contoh',
            '990000012345', 'petugas-1', '2026-01-03 09:00+07')
    RETURNING refund_id
"""
REFUND_EVENT: LiteralString = """
    INSERT INTO refund_event (family_id, refund_id, was, state, reason, by_whom, at)
    SELECT family_id, refund_id, NULL, 'REQUESTED', 'kelebihan bayar', 'petugas-1', requested_at
    FROM refund WHERE family_id = $1 AND membership_id = $2
"""
PLAN: LiteralString = """
    INSERT INTO instalment_plan (family_id, membership_id, first_month, oldest_month, steps,
                                 arrears_months, planned_amount, step_amount, active_at_first,
                                 registered_by, registered_at, state, paid_steps, ended_at)
    VALUES ($1, $2, 24304, 24300, 2, 4, 280000, 140000, false, 'petugas-1',
            '2025-05-02 09:00+07', 'FINISHED', 2, '2025-06-02 09:00+07')
    RETURNING plan_id
"""
STEP: LiteralString = """
    INSERT INTO instalment_payment (family_id, plan_id, step, payment_id, amount, paid_at)
    SELECT p.family_id, n.plan_id, 1, p.payment_id, 140000, '2025-05-02 09:00+07'
    FROM payment AS p JOIN instalment_plan AS n ON n.family_id = p.family_id
    WHERE p.family_id = $1 AND n.membership_id = $2
    LIMIT 1
"""
ROWS: Sequence[LiteralString] = (
    FINE_WINDOW,
    REVISION,
    CREDIT,
    REFUND,
    REFUND_EVENT,
    PLAN,
    STEP,
)
KEYS: Mapping[str, LiteralString] = {
    "Payment": "SELECT family_id, payment_id FROM payment WHERE family_id = $1",
    "Refund": "SELECT family_id, refund_id FROM refund WHERE family_id = $1",
    "InstalmentPlan": "SELECT family_id, plan_id FROM instalment_plan WHERE family_id = $1",
    "Channel": "SELECT p.channel_id FROM payment AS p WHERE p.family_id = $1",
}


async def one_of_everything(pool: Pool, *, family_id: int, membership_id: int) -> dict[str, str]:
    """Insert the rows; return the IDs of those whose types have one."""
    async with pool.acquire() as connection:
        for statement in ROWS:
            await connection.execute(statement, family_id, membership_id)
        found = {name: await connection.fetchrow(sql, family_id) for name, sql in KEYS.items()}
    return {name: id_of(name, *(row or ())) for name, row in found.items()}
