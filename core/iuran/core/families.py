"""Families and their participants: registering them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import LiteralString, NoReturn

import asyncpg

from iuran.core.clock import wib_date
from iuran.core.database.pool import Connection
from iuran.core.errors import AlreadyRegisteredError, InvalidInputError
from iuran.core.identifiers import NikWarning, Sex, check_kk_number, parse_nik
from iuran.core.months import CoverageMonth
from iuran.core.segments import CareClass, Segment
from iuran.core.time_zones import TIME_ZONES, time_zone_of_region

MEMBERS_MAX = 30
NAME_LENGTH_MAX = 255
LANGUAGES = ("id", "en")
EARLIEST_BIRTH = date(1900, 1, 1)
_PHONE = re.compile(r"\+?\d{7,15}", re.ASCII)
_PHONE_SIGNS = str.maketrans("", "", " -().")
"""What people write between the digits."""

INSERT_FAMILY: LiteralString = """
    INSERT INTO family (kk_number, language, time_zone, registered_at)
    VALUES ($1, $2, $3, $4)
    RETURNING family_id
"""

INSERT_FAMILY_CARD_NUMBER: LiteralString = """
    INSERT INTO family_card_number (kk_number, family_id) VALUES ($1, $2)
"""

INSERT_PARTICIPANT: LiteralString = """
    INSERT INTO participant (family_id, nik, card_number, name, birth_date, sex, relation, email,
                             phone, registered_at)
    VALUES ($1, $2, lpad(nextval('card_number_seq')::text, 13, '0'), $3, $4, $5, $6, $7, $8, $9)
    RETURNING participant_id, card_number
"""

INSERT_PARTICIPANT_NIK: LiteralString = """
    INSERT INTO participant_nik (nik, family_id, participant_id) VALUES ($1, $2, $3)
"""

INSERT_PARTICIPANT_CARD: LiteralString = """
    INSERT INTO participant_card (card_number, family_id, participant_id) VALUES ($1, $2, $3)
"""

SET_PAYER: LiteralString = """
    UPDATE family SET payer_participant_id = $2 WHERE family_id = $1
"""

INSERT_MEMBERSHIP: LiteralString = """
    INSERT INTO membership (family_id, segment, care_class, class_since, state)
    VALUES ($1, $2, $3, $4, 'PENDING')
    RETURNING membership_id
"""

INSERT_MEMBERSHIP_EVENT: LiteralString = """
    INSERT INTO membership_event (family_id, membership_id, state, effective_at, recorded_at, cause)
    VALUES ($1, $2, 'PENDING', $3, $3, 'REGISTRATION')
"""

INSERT_ENROLMENT: LiteralString = """
    INSERT INTO enrolment (family_id, membership_id, participant_id, first_month)
    VALUES ($1, $2, $3, $4)
"""


_TAKEN = {
    "family_card_number_pkey": "familyCardNumber",
    "participant_nik_pkey": "nik",
    "participant_card_pkey": "cardNumber",
}


class Relation(StrEnum):
    """What a participant is to the family; who pays is kept apart from it."""

    HEAD = "HEAD"
    SPOUSE = "SPOUSE"
    CHILD = "CHILD"
    PARENT = "PARENT"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewParticipant:
    """A person to be registered, as the form states him."""

    nik: str
    name: str
    birth_date: date
    sex: Sex
    relation: Relation
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFamily:
    """A whole family card to be registered: everybody on it, in one class."""

    kk_number: str
    care_class: CareClass
    participants: Sequence[NewParticipant]
    segment: Segment = Segment.PBPU_SELF
    language: str = "id"
    time_zone: str | None = None
    """Not stated: that of the family card's province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredParticipant:
    """A participant with the numbers that he was given."""

    participant_id: int
    card_number: str
    name: str
    warnings: tuple[NikWarning, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredFamily:
    """A family that waits for its first payment."""

    family_id: int
    membership_id: int
    participants: tuple[RegisteredParticipant, ...]


async def register(connection: Connection, family: NewFamily, *, at: datetime) -> RegisteredFamily:
    """Register a whole family in one self-paid membership, pending its first payment.

    Raises InvalidInputError for numbers and names of the wrong form, AlreadyRegisteredError when
    the family card or a NIK is known. A NIK that differs from the stated birth date or sex is only
    a warning, since real data have errors.
    """
    today = wib_date(at)
    warnings = [
        _check_one(place, participant, today=today)
        for place, participant in enumerate(family.participants)
    ]
    _check_family(family)
    try:
        return await _insert(connection, family, warnings, at)
    except asyncpg.UniqueViolationError as error:
        _raise_taken(error, family.participants)


async def register_participant(
    connection: Connection, family_id: int, participant: NewParticipant, *, at: datetime
) -> RegisteredParticipant:
    """Give one more person of a family card his numbers; whom he is insured with comes after.

    Raises InvalidInputError and AlreadyRegisteredError as `register` does.
    """
    warnings = _check(participant, today=wib_date(at))
    try:
        registered = await _insert_participant(connection, family_id, participant, warnings, at)
        await _take_niks(connection, family_id, [participant], [registered])
    except asyncpg.UniqueViolationError as error:
        _raise_taken(error)
    return registered


def check_name(name: str, *, field: str = "name") -> None:
    """Refuse what cannot be a person's name; raises InvalidInputError."""
    if not 1 <= len(name.strip()) <= NAME_LENGTH_MAX:
        raise InvalidInputError(field, f"write a name of 1 to {NAME_LENGTH_MAX} letters")


def check_email(address: str, *, field: str = "email") -> None:
    """Refuse what cannot be an e-mail address; raises InvalidInputError."""
    if address.count("@") != 1:
        raise InvalidInputError(field, "write one address such as name@example.org")


def check_phone(number: str, *, field: str = "phone") -> None:
    """Refuse what cannot be a telephone number; raises InvalidInputError."""
    if _PHONE.fullmatch(number.translate(_PHONE_SIGNS)) is None:
        raise InvalidInputError(field, "write a telephone number such as 081200001234")


def check_birth_date(born: date, *, today: date, field: str = "birthDate") -> None:
    """Refuse a day on which nobody of today was born; raises InvalidInputError."""
    if not EARLIEST_BIRTH <= born <= today:
        raise InvalidInputError(field, f"write a day from {EARLIEST_BIRTH} to today")


def _check_family(family: NewFamily) -> None:
    check_kk_number(family.kk_number)
    if not 1 <= len(family.participants) <= MEMBERS_MAX:
        raise InvalidInputError("participants", f"register 1 to {MEMBERS_MAX} people of the card")
    heads = [p for p in family.participants if p.relation is Relation.HEAD]
    if len(heads) != 1:
        raise InvalidInputError("participants", "name exactly one head of the family")
    if family.language not in LANGUAGES:
        raise InvalidInputError("language", f"choose one of {', '.join(LANGUAGES)}")
    if family.time_zone not in {None, *TIME_ZONES}:
        raise InvalidInputError("timeZone", f"choose one of {', '.join(TIME_ZONES)}")


def _check_one(place: int, participant: NewParticipant, *, today: date) -> tuple[NikWarning, ...]:
    try:
        return _check(participant, today=today)
    except InvalidInputError as error:
        path = ("participants", str(place), error.field)
        raise InvalidInputError(error.field, error.message, path=path) from error


def _check(participant: NewParticipant, *, today: date) -> tuple[NikWarning, ...]:
    check_name(participant.name)
    check_birth_date(participant.birth_date, today=today)
    if participant.email is not None:
        check_email(participant.email)
    if participant.phone is not None:
        check_phone(participant.phone)
    nik = parse_nik(participant.nik)
    return nik.warnings(birth_date=participant.birth_date, sex=participant.sex)


async def _insert(
    connection: Connection,
    family: NewFamily,
    warnings: Sequence[tuple[NikWarning, ...]],
    at: datetime,
) -> RegisteredFamily:
    family_id = int(
        await connection.fetchval(
            INSERT_FAMILY,
            family.kk_number,
            family.language,
            family.time_zone or time_zone_of_region(family.kk_number),
            at,
        )
    )
    await connection.execute(INSERT_FAMILY_CARD_NUMBER, family.kk_number, family_id)
    participants = [
        await _insert_participant(connection, family_id, participant, warned, at)
        for participant, warned in zip(family.participants, warnings, strict=True)
    ]
    await _take_niks(connection, family_id, family.participants, participants)
    head = next(
        registered
        for registered, given in zip(participants, family.participants, strict=True)
        if given.relation is Relation.HEAD
    )
    await connection.execute(SET_PAYER, family_id, head.participant_id)
    membership_id = await _insert_membership(connection, family_id, family, participants, at)
    return RegisteredFamily(
        family_id=family_id, membership_id=membership_id, participants=tuple(participants)
    )


async def _insert_participant(
    connection: Connection,
    family_id: int,
    participant: NewParticipant,
    warnings: tuple[NikWarning, ...],
    at: datetime,
) -> RegisteredParticipant:
    row = await connection.fetchrow(
        INSERT_PARTICIPANT,
        family_id,
        participant.nik,
        participant.name.strip(),
        participant.birth_date,
        participant.sex.value,
        participant.relation.value,
        participant.email,
        participant.phone,
        at,
    )
    assert row is not None  # noqa: S101 - INSERT ... RETURNING yields its row
    participant_id, card_number = int(row["participant_id"]), str(row["card_number"])
    await connection.execute(INSERT_PARTICIPANT_CARD, card_number, family_id, participant_id)
    return RegisteredParticipant(
        participant_id=participant_id,
        card_number=card_number,
        name=participant.name.strip(),
        warnings=warnings,
    )


async def _take_niks(
    connection: Connection,
    family_id: int,
    given: Sequence[NewParticipant],
    registered: Sequence[RegisteredParticipant],
) -> None:
    """Take the NIKs in their own order, so that two registrations cannot wait in a circle."""
    rows = [
        (new.nik, family_id, known.participant_id)
        for new, known in zip(given, registered, strict=True)
    ]
    await connection.executemany(INSERT_PARTICIPANT_NIK, sorted(rows))


async def _insert_membership(
    connection: Connection,
    family_id: int,
    family: NewFamily,
    participants: Sequence[RegisteredParticipant],
    at: datetime,
) -> int:
    today = wib_date(at)
    membership_id = int(
        await connection.fetchval(
            INSERT_MEMBERSHIP, family_id, family.segment.value, int(family.care_class), today
        )
    )
    await connection.execute(INSERT_MEMBERSHIP_EVENT, family_id, membership_id, at)
    first_month = CoverageMonth.of(today).ordinal
    await connection.executemany(
        INSERT_ENROLMENT,
        [(family_id, membership_id, p.participant_id, first_month) for p in participants],
    )
    return membership_id


def _raise_taken(
    error: asyncpg.UniqueViolationError, participants: Sequence[NewParticipant] = ()
) -> NoReturn:
    field_name = _TAKEN.get(error.constraint_name or "")
    if field_name is None:
        raise error
    told = error.detail or ""
    places = (place for place, one in enumerate(participants) if f"({one.nik})" in told)
    paths = (("participants", str(place), field_name) for place in places)
    raise AlreadyRegisteredError(field_name, path=next(paths, ())) from error
