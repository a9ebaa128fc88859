"""The figures of finance: billed, collected, arrears by age, reactivations, fines, claims paid.

Amounts in rupiah; days are WIB dates, first and last inclusive. The sums read every row of their
days: they are for reports, not for the way of a payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.money import Rupiah
from iuran.core.monitoring.public import Days
from iuran.core.months import CoverageMonth

SELECT_BILLED: LiteralString = """
    SELECT coverage_month, count(*) AS bills, sum(amount) AS amount,
           sum(central_subsidy) AS central_subsidy, sum(regional_subsidy) AS regional_subsidy,
           sum(settled_amount) AS paid
    FROM bill
    WHERE coverage_month BETWEEN $1 AND $2
    GROUP BY coverage_month
    ORDER BY coverage_month
    LIMIT 1200
"""

SELECT_COLLECTED: LiteralString = """
    SELECT channel_id, count(*) AS payments, sum(amount) AS amount
    FROM payment
    WHERE value_date BETWEEN $1 AND $2
    GROUP BY channel_id
    ORDER BY channel_id
    LIMIT 1000
"""

SELECT_ARREARS: LiteralString = """
    WITH owed AS (
        SELECT family_id, membership_id, count(*) AS months,
               sum(amount - settled_amount) AS amount
        FROM bill
        WHERE state = 'OPEN' AND coverage_month < $1
        GROUP BY family_id, membership_id
    )
    SELECT b.label, count(o.family_id) AS memberships, coalesce(sum(o.amount), 0) AS amount
    FROM unnest($2::text[], $3::integer[], $4::integer[]) WITH ORDINALITY
        AS b (label, months_from, months_to, place)
    LEFT JOIN owed AS o ON o.months >= b.months_from
                       AND (b.months_to IS NULL OR o.months <= b.months_to)
    GROUP BY b.label, b.place
    ORDER BY b.place
    LIMIT 20
"""

SELECT_REACTIVATIONS: LiteralString = """
    SELECT count(*) AS reactivations, coalesce(sum(arrears_months), 0) AS months
    FROM fine_window
    WHERE first_day BETWEEN $1 AND $2
"""

SELECT_FINES: LiteralString = """
    SELECT f.debtor, count(*) FILTER (WHERE f.amount > 0 AND f.relieved_at IS NULL) AS fines,
           count(*) AS stays,
           coalesce(sum(f.amount) FILTER (WHERE f.relieved_at IS NULL), 0) AS amount,
           coalesce(sum(f.amount) FILTER (WHERE f.paid_at IS NOT NULL), 0) AS paid
    FROM stay_fine AS f
    JOIN eligibility_letter AS l
      ON l.family_id = f.family_id AND l.letter_number = f.letter_number
    WHERE l.care_type = 'RITL' AND l.starts_on BETWEEN $1 AND $2
    GROUP BY f.debtor
    ORDER BY f.debtor
    LIMIT 10
"""

SELECT_CLAIMS_PAID: LiteralString = """
    SELECT count(*) AS claims, coalesce(sum(amount), 0) AS amount,
           coalesce(sum(late_compensation), 0) AS late_compensation
    FROM claim_payment
    WHERE value_date BETWEEN $1 AND $2
"""

SELECT_CARE_DISAGREEMENTS: LiteralString = """
    SELECT 'fines paid' AS what, facts.amount AS facts, ledger.amount AS ledger
    FROM (SELECT coalesce(sum(amount), 0) AS amount FROM fine_payment) AS facts,
         (SELECT coalesce(sum(amount), 0) AS amount FROM ledger_entry
          WHERE letter_number IS NOT NULL AND debit_account = 'CHANNEL_CLEARING') AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'fines marked paid', facts.amount, marked.amount
    FROM (SELECT coalesce(sum(amount), 0) AS amount FROM fine_payment) AS facts,
         (SELECT coalesce(sum(amount), 0) AS amount FROM stay_fine
          WHERE paid_at IS NOT NULL) AS marked
    WHERE facts.amount <> marked.amount
    UNION ALL
    SELECT 'claims paid', facts.amount, ledger.amount
    FROM (SELECT coalesce(sum(amount + late_compensation), 0) AS amount FROM claim_payment)
           AS facts,
         (SELECT coalesce(sum(amount), 0) AS amount FROM ledger_entry
          WHERE claim_id IS NOT NULL) AS ledger
    WHERE facts.amount <> ledger.amount
    UNION ALL
    SELECT 'claim states', count(*), 0
    FROM claim AS c
    JOIN LATERAL (
        SELECT e.state FROM claim_event AS e
        WHERE e.family_id = c.family_id AND e.claim_id = c.claim_id
        ORDER BY e.event_id DESC LIMIT 1
    ) AS told ON told.state <> c.state
    HAVING count(*) > 0
    LIMIT 10
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBand:
    """A span of months in arrears, both inclusive; None is without an end."""

    label: str
    months_from: int
    months_to: int | None


AGE_BANDS = (
    AgeBand(label="1", months_from=1, months_to=1),
    AgeBand(label="2-3", months_from=2, months_to=3),
    AgeBand(label="4-6", months_from=4, months_to=6),
    AgeBand(label="7-12", months_from=7, months_to=12),
    AgeBand(label="13-24", months_from=13, months_to=24),
    AgeBand(label=">24", months_from=25, months_to=None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """What was billed for a month, and what of it is paid by now."""

    coverage_month: CoverageMonth
    bills: int
    amount: Rupiah
    central_subsidy: Rupiah
    regional_subsidy: Rupiah
    paid: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a channel brought."""

    channel_id: int
    payments: int
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrears:
    """Memberships that owe closed months of this age.

    Months beyond the cap of 24 count while they are open; those that a reactivation left behind as
    not billable do not.
    """

    age: str
    memberships: int
    amount: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactivations:
    """Reactivations that opened a window, and the months in arrears that they paid."""

    reactivations: int
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FineFigure:
    """Advanced inpatient stays that began on these days, and their fines."""

    debtor: str
    stays: int
    fines: int
    amount: Rupiah
    paid: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsPaid:
    """Claims that were paid, and what was added for paying late."""

    claims: int
    amount: Rupiah
    late_compensation: Rupiah


@dataclass(frozen=True, slots=True, kw_only=True)
class CareDisagreement:
    """Two figures of care that must be equal and are not: somebody has to look."""

    what: str
    facts: int
    ledger: int


async def billed(
    connection: Connection, *, first: CoverageMonth, last: CoverageMonth
) -> Sequence[Billed]:
    """Return what families were billed, month by month."""
    return tuple(
        Billed(
            coverage_month=CoverageMonth.of_ordinal(row["coverage_month"]),
            bills=row["bills"],
            amount=Rupiah(int(row["amount"])),
            central_subsidy=Rupiah(int(row["central_subsidy"])),
            regional_subsidy=Rupiah(int(row["regional_subsidy"])),
            paid=Rupiah(int(row["paid"])),
        )
        for row in await connection.fetch(SELECT_BILLED, first.ordinal, last.ordinal)
    )


async def collected(connection: Connection, days: Days) -> Sequence[Collected]:
    """Return what came in on these days, by channel."""
    return tuple(
        Collected(
            channel_id=row["channel_id"],
            payments=row["payments"],
            amount=Rupiah(int(row["amount"])),
        )
        for row in await connection.fetch(SELECT_COLLECTED, days.first, days.last)
    )


async def arrears_by_age(connection: Connection, *, today: date) -> Sequence[Arrears]:
    """Return what is owed for closed months, by how many of them a membership owes."""
    rows = await connection.fetch(
        SELECT_ARREARS,
        CoverageMonth.of(today).ordinal,
        [band.label for band in AGE_BANDS],
        [band.months_from for band in AGE_BANDS],
        [band.months_to for band in AGE_BANDS],
    )
    return tuple(
        Arrears(age=row["label"], memberships=row["memberships"], amount=Rupiah(int(row["amount"])))
        for row in rows
    )


async def reactivations(connection: Connection, days: Days) -> Reactivations:
    """Return the reactivations of these days."""
    (row,) = await connection.fetch(SELECT_REACTIVATIONS, days.first, days.last)
    return Reactivations(reactivations=row["reactivations"], months=row["months"])


async def fine_figures(connection: Connection, days: Days) -> Sequence[FineFigure]:
    """Return the fines of advanced inpatient stays, by who owes them."""
    return tuple(
        FineFigure(
            debtor=row["debtor"],
            stays=row["stays"],
            fines=row["fines"],
            amount=Rupiah(int(row["amount"])),
            paid=Rupiah(int(row["paid"])),
        )
        for row in await connection.fetch(SELECT_FINES, days.first, days.last)
    )


async def claims_paid(connection: Connection, days: Days) -> ClaimsPaid:
    """Return the claims that were paid on these days."""
    (row,) = await connection.fetch(SELECT_CLAIMS_PAID, days.first, days.last)
    return ClaimsPaid(
        claims=row["claims"],
        amount=Rupiah(int(row["amount"])),
        late_compensation=Rupiah(int(row["late_compensation"])),
    )


async def care_disagreements(connection: Connection) -> Sequence[CareDisagreement]:
    """Compare fines and claims with the ledger and with their history; empty when all is well."""
    return tuple(
        CareDisagreement(what=row["what"], facts=int(row["facts"]), ledger=int(row["ledger"]))
        for row in await connection.fetch(SELECT_CARE_DISAGREEMENTS)
    )
