"""The double-entry ledger: balances, and the proof that they agree with the facts."""

from dataclasses import dataclass
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah

SELECT_BALANCES: LiteralString = """
    SELECT a.account, a.kind, a.meaning, coalesce(sum(moved.amount), 0) AS balance
    FROM ledger_account AS a
    LEFT JOIN ledger_movement AS moved ON moved.account = a.account
    GROUP BY a.account, a.kind, a.meaning
    ORDER BY a.account
    LIMIT 100
"""

SELECT_DISAGREEMENTS: LiteralString = """
    SELECT 'receivable' AS what, facts.amount AS facts, ledger.amount AS ledger
    FROM (SELECT coalesce(sum(amount - settled_amount), 0) AS amount FROM bill
          WHERE state <> 'WRITTEN_OFF') AS facts,
         (SELECT coalesce(sum(amount) FILTER (WHERE debit_account = 'CONTRIBUTION_RECEIVABLE'), 0)
               - coalesce(sum(amount) FILTER (WHERE credit_account = 'CONTRIBUTION_RECEIVABLE'), 0)
                 AS amount
          FROM ledger_entry) AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'collected', facts.amount, ledger.amount
    FROM (SELECT (SELECT coalesce(sum(amount), 0) FROM payment)
               + (SELECT coalesce(sum(i.amount), 0) FROM suspense_item AS i
                  WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                                    WHERE p.channel_id = i.channel_id
                                      AND p.reference = i.reference AND p.result <> 'RETURNED'))
                 AS amount) AS facts,
         (SELECT coalesce(sum(amount) FILTER (WHERE debit_account = 'CHANNEL_CLEARING'), 0)
               - coalesce(sum(amount) FILTER (WHERE credit_account = 'CHANNEL_CLEARING'), 0)
                 AS amount
          FROM ledger_entry
          WHERE payment_id IS NOT NULL) AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'allocated', facts.amount, paid.amount
    FROM (SELECT (SELECT coalesce(sum(amount), 0) FROM payment_allocation)
               - (SELECT coalesce(sum(amount), 0) FROM credit_entry
                  WHERE coverage_month IS NOT NULL) AS amount) AS facts,
         (SELECT coalesce(sum(settled_amount), 0) AS amount FROM bill) AS paid
    WHERE facts.amount <> paid.amount
    UNION ALL
    SELECT 'credit', facts.amount, ledger.amount
    FROM (SELECT coalesce(sum(credit), 0) AS amount FROM membership) AS facts,
         (SELECT coalesce(sum(amount) FILTER (WHERE credit_account = 'CREDIT_BALANCE'), 0)
               - coalesce(sum(amount) FILTER (WHERE debit_account = 'CREDIT_BALANCE'), 0) AS amount
          FROM ledger_entry) AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'credit of a membership', count(*), 0
    FROM membership AS m
    LEFT JOIN (
        SELECT family_id, membership_id, sum(amount) AS amount
        FROM credit_entry GROUP BY family_id, membership_id
    ) AS told USING (family_id, membership_id)
    WHERE m.credit <> coalesce(told.amount, 0)
    HAVING count(*) > 0
    UNION ALL
    SELECT 'instalments held', facts.amount, ledger.amount
    FROM (SELECT coalesce(sum(held_amount), 0) AS amount FROM instalment_plan) AS facts,
         (SELECT coalesce(sum(amount) FILTER (WHERE credit_account = 'INSTALMENTS_HELD'), 0)
               - coalesce(sum(amount) FILTER (WHERE debit_account = 'INSTALMENTS_HELD'), 0)
                 AS amount
          FROM ledger_entry) AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'bill lines', count(*), 0
    FROM bill AS b
    LEFT JOIN (
        SELECT family_id, membership_id, billed_month AS coverage_month, sum(amount) AS amount
        FROM bill_line GROUP BY family_id, membership_id, billed_month
    ) AS lines USING (family_id, membership_id, coverage_month)
    WHERE b.amount IS DISTINCT FROM lines.amount
    HAVING count(*) > 0
    UNION ALL
    SELECT 'membership', count(*), 0
    FROM membership AS m
    JOIN LATERAL (
        SELECT e.state, e.paid_through FROM membership_event AS e
        WHERE e.family_id = m.family_id AND e.membership_id = m.membership_id
        ORDER BY e.event_id DESC LIMIT 1
    ) AS told ON told.state <> m.state OR told.paid_through IS DISTINCT FROM m.paid_through
    HAVING count(*) > 0
    LIMIT 10
"""

SELECT_PAYER_DISAGREEMENTS: LiteralString = """
    WITH balance AS (
        SELECT account, sum(amount) AS amount FROM ledger_movement GROUP BY account
    ), pair (what, facts, ledger) AS (
        VALUES
        ('employer receivable',
         (SELECT coalesce(sum(amount), 0) FROM employer_bill WHERE state <> 'PAID'),
         (SELECT coalesce(sum(amount), 0) FROM balance WHERE account = 'EMPLOYER_RECEIVABLE')),
        ('employer lines',
         (SELECT coalesce(sum(amount), 0) FROM employer_bill),
         (SELECT coalesce(sum(employer_share + worker_share + additional_amount + other_amount), 0)
          FROM employee_contribution)),
        ('employer allocated',
         (SELECT coalesce(sum(amount), 0) FROM employer_payment_allocation)
           - (SELECT coalesce(sum(amount), 0) FROM employer_credit_entry WHERE cause = 'USED'),
         (SELECT coalesce(sum(amount), 0) FROM employer_bill WHERE state = 'PAID')),
        ('employer credit',
         (SELECT coalesce(sum(credit), 0) FROM employer),
         (SELECT -coalesce(sum(amount), 0) FROM balance WHERE account = 'EMPLOYER_CREDIT')),
        ('credit of employers',
         (SELECT coalesce(sum(credit), 0) FROM employer),
         (SELECT coalesce(sum(amount), 0) FROM employer_credit_entry)),
        ('suspense',
         (SELECT coalesce(sum(i.amount), 0) FROM suspense_item AS i
          WHERE NOT EXISTS (SELECT FROM suspense_placement AS p
                            WHERE p.channel_id = i.channel_id AND p.reference = i.reference)),
         (SELECT -coalesce(sum(amount), 0) FROM balance WHERE account = 'SUSPENSE')),
        ('refunds',
         (SELECT coalesce(sum(r.amount), 0) FROM refund AS r
          JOIN refund_approval AS a
            ON a.family_id = r.family_id AND a.refund_id = r.refund_id),
         (SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE refund_id IS NOT NULL)),
        ('refunds to payers',
         (SELECT coalesce(sum(r.amount), 0) FROM payer_refund AS r
          JOIN payer_refund_decision AS d ON d.refund_id = r.refund_id AND d.is_approved),
         (SELECT coalesce(sum(amount), 0) FROM employer_ledger_entry WHERE refund_id IS NOT NULL)
           + (SELECT coalesce(sum(amount), 0) FROM government_ledger_entry
              WHERE refund_id IS NOT NULL)),
        ('government credit',
         (SELECT coalesce(sum(government_credit(region)), 0) FROM government),
         (SELECT -coalesce(sum(amount), 0) FROM balance WHERE account = 'GOVERNMENT_CREDIT')),
        ('subsidy receivable',
         (SELECT coalesce(sum(central_subsidy + regional_subsidy), 0) FROM bill)
           - (SELECT coalesce(sum(amount), 0) FROM government_allocation
              WHERE programme = 'CLASS_III'),
         (SELECT coalesce(sum(amount), 0) FROM balance
          WHERE account IN ('CENTRAL_SUBSIDY_RECEIVABLE', 'REGIONAL_SUBSIDY_RECEIVABLE'))),
        ('written off',
         (SELECT coalesce(sum(amount - settled_amount), 0) FROM bill
          WHERE state = 'WRITTEN_OFF')
           + (SELECT coalesce(sum(amount), 0) FROM fine_relief WHERE ground = 'LAW'),
         (SELECT coalesce(sum(amount), 0) FROM balance WHERE account = 'WRITE_OFF_EXPENSE')),
        ('capitation',
         (SELECT coalesce(sum(amount + late_compensation), 0) FROM capitation_approval),
         (SELECT coalesce(sum(amount), 0) FROM facility_ledger_entry)),
        ('employer collected',
         (SELECT coalesce(sum(amount), 0) FROM employer_payment),
         (SELECT coalesce(sum(amount), 0) FROM employer_ledger_entry
          WHERE payment_id IS NOT NULL)),
        ('government receivable',
         (SELECT coalesce(sum(amount + withheld), 0) FROM government_bill_line
          WHERE programme <> 'CLASS_III')
           - (SELECT coalesce(sum(amount), 0) FROM government_allocation
              WHERE programme <> 'CLASS_III'),
         (SELECT coalesce(sum(amount), 0) FROM balance
          WHERE account IN ('CENTRAL_CONTRIBUTION_RECEIVABLE',
                            'REGIONAL_CONTRIBUTION_RECEIVABLE', 'PENSION_RECEIVABLE')))
    )
    SELECT what, facts, ledger FROM pair WHERE facts <> ledger
    LIMIT 20
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's balance in rupiah: debits less credits."""

    account: str
    kind: str
    meaning: str
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Two figures that must be equal and are not: somebody has to look."""

    what: str
    facts: int
    ledger: int


async def balances(connection: Connection) -> tuple[Balance, ...]:
    """Return every account's balance; together they are zero."""
    return tuple(
        Balance(
            account=row["account"],
            kind=row["kind"],
            meaning=row["meaning"],
            amount=Rupiah(int(row["balance"])),
        )
        for row in await connection.fetch(SELECT_BALANCES)
    )


async def disagreements(connection: Connection) -> tuple[Disagreement, ...]:
    """Compare current state with the facts it is made of; empty when all is well."""
    rows = [
        *await connection.fetch(SELECT_DISAGREEMENTS),
        *await connection.fetch(SELECT_PAYER_DISAGREEMENTS),
    ]
    return tuple(
        Disagreement(what=row["what"], facts=int(row["facts"]), ledger=int(row["ledger"]))
        for row in rows
    )
