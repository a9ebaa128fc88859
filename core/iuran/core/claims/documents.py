"""The documents without which a claim is not complete, and what is never covered."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypedDict

from iuran.core.care.care_types import CareType
from iuran.core.claims.states import ClaimKind
from iuran.core.errors import InvalidInputError

REFERRAL_NEEDED = "REFERRAL_NEEDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRule:
    """A document that a kind of claim needs, always or under a condition."""

    kind: ClaimKind
    inpatient: bool
    document: str
    condition: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One of the 21 services that JKN never covers; `confidence` C confirmed, M from memory."""

    code: str
    confidence: str
    english: str
    indonesian: str


class _DocumentRow(TypedDict):
    kind: str
    inpatient: bool
    document: str
    condition: str
    legal_basis: str


class _DocumentsFile(TypedDict):
    documents: list[_DocumentRow]


class _ExclusionRow(TypedDict):
    code: str
    confidence: str
    english: str
    indonesian: str


class _ExclusionsFile(TypedDict):
    exclusions: list[_ExclusionRow]


@cache
def document_rules() -> tuple[DocumentRule, ...]:
    """Return which documents each kind of claim needs."""
    document: _DocumentsFile = json.loads(_text("claim_documents.json"))
    return tuple(
        DocumentRule(
            kind=ClaimKind(row["kind"]),
            inpatient=row["inpatient"],
            document=row["document"],
            condition=row["condition"],
            legal_basis=row["legal_basis"],
        )
        for row in document["documents"]
    )


@cache
def exclusions() -> dict[str, Exclusion]:
    """Return the services that JKN does not cover (Perpres 59/2024 art. 52), by their code."""
    document: _ExclusionsFile = json.loads(_text("exclusions.json"))
    return {row["code"]: Exclusion(**row) for row in document["exclusions"]}


def documents_needed(kind: ClaimKind, care_type: CareType, *, is_emergency: bool) -> frozenset[str]:
    """Return the documents that a claim needs; a referral only for advanced, planned care."""
    referral_needed = care_type.is_advanced and not is_emergency
    return frozenset(
        rule.document
        for rule in document_rules()
        if rule.kind is kind
        and rule.inpatient == care_type.is_inpatient
        and (rule.condition != REFERRAL_NEEDED or referral_needed)
    )


def check_exclusion(code: str | None) -> str | None:
    """Return a known exclusion's code, or None; raises InvalidInputError for another."""
    if code is not None and code not in exclusions():
        raise InvalidInputError("exclusion", "name one of the exclusions of Perpres 59/2024")
    return code


def _text(name: str) -> str:
    return files("iuran.core.regulation").joinpath(name).read_text(encoding="utf-8")
