"""All amounts and dates that a played story has come to, as the public functions tell them."""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import cast

from iuran.core.bills import bills_of, lines_of
from iuran.core.clock import wib_date
from iuran.core.employers.bills import contributions_of, employer_bills_of
from iuran.core.explanations import explain_status, explain_stay_fine
from iuran.core.fines import windows_of
from iuran.core.money import Rupiah
from tests.journeys.scenarios.facts import Admitted
from tests.journeys.scenarios.stage import Stage

_AMOUNT = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_RUPIAH = re.compile(r"Rp(\d{1,3}(?:\.\d{3})+)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def figures_in(text: str) -> set[str]:
    """The amounts and dates that a sentence names."""
    return {*_AMOUNT.findall(text), *_DATE.findall(text)}


async def figures_of(stage: Stage) -> set[str]:
    """What bills, lines, windows, fines, payments and explanations of a story name."""
    found: list[object] = [stage.asked, stage.outcomes, stage.fines, stage.plan, stage.newborn]
    found += [await _of_bills(stage), await _of_employer(stage), await _explained(stage)]
    return set(_written(found))


async def _of_bills(stage: Stage) -> Sequence[object]:
    if stage.household is None:
        return []
    async with stage.pool.acquire() as connection:
        family_id, today = stage.home.family_id, wib_date(stage.now)
        bills = await bills_of(connection, family_id, today=today, limit=1000)
        lines = [await lines_of(connection, family_id, bill) for bill in bills]
        subsidies = [bill.central_subsidy + bill.regional_subsidy for bill in bills]
        return [bills, lines, subsidies, await windows_of(connection, family_id)]


async def _of_employer(stage: Stage) -> Sequence[object]:
    if stage.workplace is None:
        return []
    employer_id = stage.workplace.employer.employer_id
    async with stage.pool.acquire() as connection:
        bills = await employer_bills_of(connection, employer_id, today=wib_date(stage.now))
        lines = [await contributions_of(connection, employer_id, b.coverage_month) for b in bills]
        return [bills, lines]


async def _explained(stage: Stage) -> Sequence[object]:
    """What the house says by itself when it is asked why."""
    stays = stage.branch.all_of(Admitted)
    fines = [
        explain_stay_fine(fine, admitted_on=stay.on, estimated_tariff=Rupiah(stay.estimate or 0))
        for fine, stay in zip(stage.fines, stays, strict=True)
    ]
    async with stage.pool.acquire() as connection:
        status = await explain_status(connection, *stage.patient, at=stage.now)
    return [fines, status]


def _written(fact: object) -> Iterator[str]:
    match fact:
        case str():
            yield from figures_in(fact)
            yield from (found.replace(".", ",") for found in _RUPIAH.findall(fact))
        case datetime():
            yield wib_date(fact).isoformat()
        case date():
            yield fact.isoformat()
        case int():
            yield f"{fact:,}"
        case _:
            for part in _parts(fact):
                yield from _written(part)


def _parts(fact: object) -> Iterable[object]:
    if dataclasses.is_dataclass(fact):
        return [getattr(fact, field.name) for field in dataclasses.fields(fact)]
    if isinstance(fact, Mapping):
        return list(cast("Mapping[object, object]", fact).values())  # isinstance tells no types
    return list(cast("Sequence[object]", fact)) if isinstance(fact, Sequence) else []
