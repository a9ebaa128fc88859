"""Under which law arrears may be written off; none is in force as long as the file says so."""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TypedDict

from iuran.core.months import CoverageMonth
from iuran.core.regulation.documents import optional_month, read_document
from iuran.core.segments import CareClass, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffRule:
    """Which arrears a law lets us write off, and when; WIB dates, both inclusive."""

    rule: str
    in_force: bool
    effective_from: date
    effective_to: date | None
    segments: tuple[Segment, ...]
    care_classes: tuple[CareClass, ...]
    last_month: CoverageMonth | None
    fines: bool
    """Whether fines of stays are written off as well."""
    legal_basis: str

    def applies_on(self, day: date) -> bool:
        """Whether arrears may be written off by it on a WIB date."""
        return (
            self.in_force
            and self.effective_from <= day
            and (self.effective_to is None or day <= self.effective_to)
        )


class _RuleRow(TypedDict):
    rule: str
    in_force: bool
    effective_from: str
    effective_to: str | None
    segments: list[str]
    care_classes: list[str]
    last_month: str | None
    fines: bool
    legal_basis: str


class _WriteOffFile(TypedDict):
    rules: list[_RuleRow]


@cache
def write_off_rules() -> tuple[WriteOffRule, ...]:
    """Return the legal bases on file, in force or not."""
    document: _WriteOffFile = json.loads(read_document("write_offs.json"))
    return tuple(
        WriteOffRule(
            rule=row["rule"],
            in_force=row["in_force"],
            effective_from=date.fromisoformat(row["effective_from"]),
            effective_to=(
                None if row["effective_to"] is None else date.fromisoformat(row["effective_to"])
            ),
            segments=tuple(Segment(name) for name in row["segments"]),
            care_classes=tuple(CareClass[name] for name in row["care_classes"]),
            last_month=optional_month(row["last_month"]),
            fines=row["fines"],
            legal_basis=row["legal_basis"],
        )
        for row in document["rules"]
    )
