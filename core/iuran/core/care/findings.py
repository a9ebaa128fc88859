"""Findings: what a rule said about a case, so that every answer can explain itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule applied to one case: which, with which outcome, and why, in both languages."""

    rule: str
    is_met: bool
    legal_basis: str
    english: str
    indonesian: str
