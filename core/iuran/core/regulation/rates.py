"""The regulation files as values: rates and fines by date, each with its legal basis."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import NotRequired, TypedDict

from iuran.core.errors import DomainError
from iuran.core.money import Rupiah
from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import optional_month, read_document
from iuran.core.segments import CareClass

PBPU_BP = "PBPU_BP"
PARAMETER_FILES = ("parameters.json", "care_parameters.json")


class NoRuleError(DomainError):
    """No effective-dated row covers the date that was asked for."""

    code = "NO_RULE"

    def __init__(self, what: str, when: object) -> None:
        super().__init__(f"no {what} is in force for {when}; add a row to the regulation files")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionRate:
    """What one participant costs a month, and who pays it; both months inclusive."""

    rate_group: str
    care_class: CareClass
    first_month: CoverageMonth
    last_month: CoverageMonth | None
    amount_total: Rupiah
    participant_share: Rupiah
    central_share: Rupiah
    regional_share: Rupiah
    legal_basis: str

    def covers(self, month: CoverageMonth) -> bool:
        """Whether the rate belongs to a coverage month."""
        return self.first_month <= month and (self.last_month is None or month <= self.last_month)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineRate:
    """The inpatient service fine per month in arrears; both dates inclusive."""

    effective_from: date
    effective_to: date | None
    per_mille: int
    months_max: int
    amount_max: Rupiah
    legal_basis: str

    def covers(self, day: date) -> bool:
        """Whether the rate is in force on a WIB date."""
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A day count or cap; both dates inclusive."""

    name: str
    effective_from: date
    effective_to: date | None
    value: int
    unit: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """Who pays for a segment, and which rates it uses."""

    segment: str
    name_indonesian: str
    payer: str
    rate_group: str


class _Split(TypedDict):
    central: int
    regional: int


class _RateRow(TypedDict):
    care_class: str
    effective_from: str
    effective_to: str | None
    amount_total: int
    participant_share: int
    government_share: int
    legal_basis: str
    government_share_split: NotRequired[_Split]


class _FineRow(TypedDict):
    effective_from: str
    effective_to: str | None
    pct: str
    max_months: int
    cap: int
    legal_basis: str


class _ParameterRow(TypedDict):
    name: str
    effective_from: str
    effective_to: str | None
    value: int
    unit: str
    legal_basis: str


class _SegmentRow(TypedDict):
    segment: str
    name_indonesian: str
    payer: str
    rate_group: str


class _RatesFile(TypedDict):
    pbpu_bp: list[_RateRow]
    inpatient_fine: list[_FineRow]


class _ParametersFile(TypedDict):
    parameters: list[_ParameterRow]


class _SegmentsFile(TypedDict):
    segments: list[_SegmentRow]


@cache
def contribution_rates() -> tuple[ContributionRate, ...]:
    """Return the rates of the self-paid segments, 2014 to now."""
    document: _RatesFile = json.loads(read_document("rates.json"))
    return tuple(_contribution_rate(row) for row in document["pbpu_bp"])


@cache
def fine_rates() -> tuple[FineRate, ...]:
    """Return the rates of the inpatient service fine."""
    document: _RatesFile = json.loads(read_document("rates.json"))
    return tuple(
        FineRate(
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=_optional_date(row["effective_to"]),
            per_mille=int(Decimal(row["pct"]) * 10),
            months_max=row["max_months"],
            amount_max=Rupiah(row["cap"]),
            legal_basis=row["legal_basis"],
        )
        for row in document["inpatient_fine"]
    )


@cache
def parameters() -> tuple[Parameter, ...]:
    """Return the day counts and caps."""
    documents: list[_ParametersFile] = [json.loads(read_document(name)) for name in PARAMETER_FILES]
    return tuple(
        Parameter(
            name=row["name"],
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=_optional_date(row["effective_to"]),
            value=row["value"],
            unit=row["unit"],
            legal_basis=row["legal_basis"],
        )
        for document in documents
        for row in document["parameters"]
    )


@cache
def segment_rules() -> tuple[SegmentRule, ...]:
    """Return all segments of JKN."""
    document: _SegmentsFile = json.loads(read_document("segments.json"))
    return tuple(SegmentRule(**row) for row in document["segments"])


def contribution_rate(care_class: CareClass, month: CoverageMonth) -> ContributionRate:
    """Return the self-paid rate of a coverage month; the payment date does not matter."""
    for rate in contribution_rates():
        if rate.care_class is care_class and rate.covers(month):
            return rate
    raise NoRuleError("contribution rate", month)


def fine_rate(day: date) -> FineRate:
    """Return the fine rate of a WIB date: the date of admission [D]."""
    for rate in fine_rates():
        if rate.covers(day):
            return rate
    raise NoRuleError("fine rate", day)


def parameter(name: str, day: date) -> int:
    """Return a day count or cap in force on a WIB date."""
    return parameter_row(name, day).value


def parameter_row(name: str, day: date) -> Parameter:
    """Return a parameter in force on a WIB date with its unit and legal basis."""
    for row in parameters():
        if (
            row.name == name
            and row.effective_from <= day
            and (row.effective_to is None or day <= row.effective_to)
        ):
            return row
    raise NoRuleError(f"parameter {name}", day)


def _contribution_rate(row: _RateRow) -> ContributionRate:
    split = row.get("government_share_split")
    central = row["government_share"] if split is None else split["central"]
    return ContributionRate(
        rate_group=PBPU_BP,
        care_class=CareClass[row["care_class"]],
        first_month=CoverageMonth.of(date.fromisoformat(row["effective_from"])),
        last_month=optional_month(row["effective_to"]),
        amount_total=Rupiah(row["amount_total"]),
        participant_share=Rupiah(row["participant_share"]),
        central_share=Rupiah(central),
        regional_share=Rupiah(row["government_share"] - central),
        legal_basis=row["legal_basis"],
    )


def _optional_date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
