"""Reference data beside the rates: days off, bounds of capitation, write-off rules."""

from typing import LiteralString

from iuran.core.database.pool import Connection
from iuran.core.regulation.capitation import capitation_ranges
from iuran.core.regulation.write_offs import write_off_rules
from iuran.core.working_days import holidays

UPSERT_PUBLIC_HOLIDAYS: LiteralString = """
    INSERT INTO public_holiday (day, kind, name)
    SELECT day, kind, name FROM unnest($1::date[], $2::text[], $3::text[]) AS h (day, kind, name)
    ON CONFLICT (day) DO UPDATE SET kind = excluded.kind, name = excluded.name
"""

UPSERT_CAPITATION_RANGE: LiteralString = """
    INSERT INTO capitation_range (kind, first_month, last_month, amount_min, amount_max,
                                  legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (kind, first_month) DO UPDATE
    SET last_month = excluded.last_month, amount_min = excluded.amount_min,
        amount_max = excluded.amount_max, legal_basis = excluded.legal_basis
"""

DELETE_CAPITATION_RANGES: LiteralString = """
    DELETE FROM capitation_range AS r
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::integer[]) AS kept (kind, first_month)
        WHERE (kept.kind, kept.first_month) = (r.kind, r.first_month))
"""

DELETE_PUBLIC_HOLIDAYS: LiteralString = """
    DELETE FROM public_holiday WHERE day <> ALL ($1::date[])
"""

UPSERT_WRITE_OFF_RULE: LiteralString = """
    INSERT INTO write_off_rule (rule, in_force, effective_from, effective_to, segments,
                                care_classes, last_month, fines, legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (rule) DO UPDATE
    SET in_force = excluded.in_force, effective_from = excluded.effective_from,
        effective_to = excluded.effective_to, segments = excluded.segments,
        care_classes = excluded.care_classes, last_month = excluded.last_month,
        fines = excluded.fines, legal_basis = excluded.legal_basis
"""

END_WRITE_OFF_RULES: LiteralString = """
    UPDATE write_off_rule SET in_force = false WHERE rule <> ALL ($1::text[]) AND in_force
"""


async def load_references(connection: Connection) -> None:
    """Write them into their tables; what left its source leaves.

    A write-off rule, by which there may be orders, is then only no longer in force.
    """
    await _load_holidays(connection)
    await _load_capitation(connection)
    await _load_write_offs(connection)


async def _load_holidays(connection: Connection) -> None:
    known = holidays().values()
    await connection.execute(DELETE_PUBLIC_HOLIDAYS, list(holidays()))
    await connection.execute(
        UPSERT_PUBLIC_HOLIDAYS,
        [holiday.day for holiday in known],
        [holiday.kind for holiday in known],
        [holiday.name for holiday in known],
    )


async def _load_write_offs(connection: Connection) -> None:
    rules = write_off_rules()
    await connection.execute(END_WRITE_OFF_RULES, [rule.rule for rule in rules])
    await connection.executemany(
        UPSERT_WRITE_OFF_RULE,
        [
            (
                rule.rule,
                rule.in_force,
                rule.effective_from,
                rule.effective_to,
                [segment.value for segment in rule.segments],
                [int(care_class) for care_class in rule.care_classes],
                None if rule.last_month is None else rule.last_month.ordinal,
                rule.fines,
                rule.legal_basis,
            )
            for rule in rules
        ],
    )


async def _load_capitation(connection: Connection) -> None:
    ranges = capitation_ranges()
    await connection.execute(
        DELETE_CAPITATION_RANGES,
        [row.kind for row in ranges],
        [row.first_month.ordinal for row in ranges],
    )
    await connection.executemany(
        UPSERT_CAPITATION_RANGE,
        [
            (
                row.kind,
                row.first_month.ordinal,
                None if row.last_month is None else row.last_month.ordinal,
                row.amount_min,
                row.amount_max,
                row.legal_basis,
            )
            for row in ranges
        ],
    )
