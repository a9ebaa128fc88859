"""Offices of BPJS Kesehatan and the care centre, as data."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypedDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A branch or district office that people can go to."""

    code: str
    name: str
    kind: str
    district: str
    province: str
    address: str
    hours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CareCentre:
    """Whom to call, and the ways in which a complaint can come in."""

    phone: str
    former_phone: str
    channels: tuple[str, ...]


class _OfficeRow(TypedDict):
    code: str
    name: str
    kind: str
    district: str
    province: str
    address: str
    hours: str


class _CareCentreRow(TypedDict):
    phone: str
    former_phone: str
    channels: list[str]


class _OfficesFile(TypedDict):
    care_centre: _CareCentreRow
    offices: list[_OfficeRow]


@cache
def care_centre() -> CareCentre:
    """Return the care centre."""
    row = _document()["care_centre"]
    return CareCentre(
        phone=row["phone"], former_phone=row["former_phone"], channels=tuple(row["channels"])
    )


@cache
def offices() -> tuple[Office, ...]:
    """Return all offices, by their code."""
    return tuple(sorted((Office(**row) for row in _document()["offices"]), key=_code_of))


def offices_in(place: str) -> tuple[Office, ...]:
    """Return the offices of a district or province, whatever its case."""
    wanted = place.casefold()
    return tuple(
        office
        for office in offices()
        if wanted in {office.district.casefold(), office.province.casefold()}
    )


def _code_of(office: Office) -> str:
    return office.code


def _document() -> _OfficesFile:
    text = files("iuran.core.information").joinpath("offices.json").read_text(encoding="utf-8")
    document: _OfficesFile = json.loads(text)
    return document
