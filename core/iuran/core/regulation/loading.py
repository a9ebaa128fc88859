"""The regulation files as rows of PostgreSQL, so that set-based SQL uses the same rules."""

from typing import ClassVar, LiteralString

from iuran.core.database.pool import Connection
from iuran.core.errors import DomainError
from iuran.core.months import CoverageMonth
from iuran.core.regulation.rates import (
    ContributionRate,
    FineRate,
    contribution_rates,
    fine_rates,
    parameters,
    segment_rules,
)
from iuran.core.regulation.references import load_references
from iuran.core.regulation.state import state_rates
from iuran.core.regulation.wages import PpuRate, ppu_rates, wage_floors

UPSERT_SEGMENT: LiteralString = """
    INSERT INTO segment (segment, name_indonesian, payer, rate_group) VALUES ($1, $2, $3, $4)
    ON CONFLICT (segment) DO UPDATE
    SET name_indonesian = excluded.name_indonesian, payer = excluded.payer,
        rate_group = excluded.rate_group
"""

UPSERT_CONTRIBUTION_RATE: LiteralString = """
    INSERT INTO contribution_rate (rate_group, care_class, first_month, last_month, amount_total,
                                   participant_share, central_share, regional_share, legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (rate_group, care_class, first_month) DO UPDATE
    SET last_month = excluded.last_month, amount_total = excluded.amount_total,
        participant_share = excluded.participant_share, central_share = excluded.central_share,
        regional_share = excluded.regional_share, legal_basis = excluded.legal_basis
"""

UPSERT_FINE_RATE: LiteralString = """
    INSERT INTO fine_rate (effective_from, effective_to, per_mille, months_max, amount_max,
                           legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (effective_from) DO UPDATE
    SET effective_to = excluded.effective_to, per_mille = excluded.per_mille,
        months_max = excluded.months_max, amount_max = excluded.amount_max,
        legal_basis = excluded.legal_basis
"""

UPSERT_PARAMETER: LiteralString = """
    INSERT INTO regulation_parameter (name, effective_from, effective_to, value, unit, legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name, effective_from) DO UPDATE
    SET effective_to = excluded.effective_to, value = excluded.value, unit = excluded.unit,
        legal_basis = excluded.legal_basis
"""

UPSERT_PPU_RATE: LiteralString = """
    INSERT INTO ppu_rate (ppu_group, first_month, last_month, employer_per_mille, worker_per_mille,
                          wage_cap, has_floor, legal_basis)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (ppu_group, first_month) DO UPDATE
    SET last_month = excluded.last_month, employer_per_mille = excluded.employer_per_mille,
        worker_per_mille = excluded.worker_per_mille, wage_cap = excluded.wage_cap,
        has_floor = excluded.has_floor, legal_basis = excluded.legal_basis
"""

UPSERT_WAGE_FLOOR: LiteralString = """
    INSERT INTO wage_floor (region, first_month, last_month, amount, legal_basis)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (region, first_month) DO UPDATE
    SET last_month = excluded.last_month, amount = excluded.amount,
        legal_basis = excluded.legal_basis
"""

DELETE_CONTRIBUTION_RATES: LiteralString = """
    DELETE FROM contribution_rate AS r
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::smallint[], $3::integer[])
            AS kept (rate_group, care_class, first_month)
        WHERE (kept.rate_group, kept.care_class, kept.first_month)
            = (r.rate_group, r.care_class, r.first_month))
    RETURNING rate_group, care_class, first_month
"""

SELECT_IS_BILLED_BY: LiteralString = """
    SELECT EXISTS (
        SELECT FROM bill_line
        WHERE rate_group = $1 AND care_class = $2 AND rate_first_month = $3)
"""

DELETE_FINE_RATES: LiteralString = """
    DELETE FROM fine_rate WHERE effective_from <> ALL ($1::date[])
"""

DELETE_PARAMETERS: LiteralString = """
    DELETE FROM regulation_parameter AS p
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::date[]) AS kept (name, effective_from)
        WHERE (kept.name, kept.effective_from) = (p.name, p.effective_from))
"""

DELETE_PPU_RATES: LiteralString = """
    DELETE FROM ppu_rate AS r
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::integer[]) AS kept (ppu_group, first_month)
        WHERE (kept.ppu_group, kept.first_month) = (r.ppu_group, r.first_month))
"""

DELETE_WAGE_FLOORS: LiteralString = """
    DELETE FROM wage_floor AS f
    WHERE NOT EXISTS (
        SELECT FROM unnest($1::text[], $2::integer[]) AS kept (region, first_month)
        WHERE (kept.region, kept.first_month) = (f.region, f.first_month))
"""


class RateInUseError(DomainError):
    """A rate left the files, but bills were issued by it."""

    code: ClassVar[str] = "RATE_IN_USE"

    def __init__(self, rate_group: str, care_class: int, first_month: CoverageMonth) -> None:
        super().__init__(
            f"bills were issued by the {rate_group} rate of class {care_class} from {first_month}; "
            "keep its row in the regulation files and end it with `effective_to`"
        )


async def load_regulation(connection: Connection) -> None:
    """Write the regulation files into their tables, in the caller's transaction.

    A row that left the files leaves its table: it would overlap with what replaced it. Raises
    RateInUseError for a rate by which bills were issued.
    """
    await _delete_what_left(connection)
    await connection.executemany(
        UPSERT_SEGMENT,
        [(s.segment, s.name_indonesian, s.payer, s.rate_group) for s in segment_rules()],
    )
    await connection.executemany(
        UPSERT_CONTRIBUTION_RATE, [_contribution_row(rate) for rate in _rates_by_person()]
    )
    await connection.executemany(UPSERT_PPU_RATE, [_ppu_row(rate) for rate in ppu_rates()])
    await connection.executemany(
        UPSERT_WAGE_FLOOR,
        [
            (f.region, f.first_month.ordinal, _ordinal(f.last_month), f.amount, f.legal_basis)
            for f in wage_floors()
        ],
    )
    await connection.executemany(UPSERT_FINE_RATE, [_fine_row(rate) for rate in fine_rates()])
    await connection.executemany(
        UPSERT_PARAMETER,
        [
            (row.name, row.effective_from, row.effective_to, row.value, row.unit, row.legal_basis)
            for row in parameters()
        ],
    )
    await load_references(connection)


async def _delete_what_left(connection: Connection) -> None:
    rates = _rates_by_person()
    gone = await connection.fetch(
        DELETE_CONTRIBUTION_RATES,
        [rate.rate_group for rate in rates],
        [int(rate.care_class) for rate in rates],
        [rate.first_month.ordinal for rate in rates],
    )
    for group, care_class, month in gone:
        if await connection.fetchval(SELECT_IS_BILLED_BY, group, care_class, month):
            raise RateInUseError(group, care_class, CoverageMonth.of_ordinal(month))
    await connection.execute(
        DELETE_PPU_RATES,
        [rate.group.value for rate in ppu_rates()],
        [rate.first_month.ordinal for rate in ppu_rates()],
    )
    await connection.execute(
        DELETE_WAGE_FLOORS,
        [floor.region for floor in wage_floors()],
        [floor.first_month.ordinal for floor in wage_floors()],
    )
    await connection.execute(DELETE_FINE_RATES, [rate.effective_from for rate in fine_rates()])
    await connection.execute(
        DELETE_PARAMETERS,
        [row.name for row in parameters()],
        [row.effective_from for row in parameters()],
    )


def _rates_by_person() -> tuple[ContributionRate, ...]:
    return (*contribution_rates(), *state_rates())


def _contribution_row(rate: ContributionRate) -> tuple[object, ...]:
    return (
        rate.rate_group,
        int(rate.care_class),
        rate.first_month.ordinal,
        _ordinal(rate.last_month),
        rate.amount_total,
        rate.participant_share,
        rate.central_share,
        rate.regional_share,
        rate.legal_basis,
    )


def _fine_row(rate: FineRate) -> tuple[object, ...]:
    return (
        rate.effective_from,
        rate.effective_to,
        rate.per_mille,
        rate.months_max,
        rate.amount_max,
        rate.legal_basis,
    )


def _ppu_row(rate: PpuRate) -> tuple[object, ...]:
    return (
        rate.group.value,
        rate.first_month.ordinal,
        _ordinal(rate.last_month),
        rate.employer_per_mille,
        rate.worker_per_mille,
        rate.wage_cap,
        rate.has_floor,
        rate.legal_basis,
    )


def _ordinal(month: CoverageMonth | None) -> int | None:
    return None if month is None else month.ordinal
