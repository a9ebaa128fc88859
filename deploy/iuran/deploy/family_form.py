"""A family as a JSON file states it."""

import json
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from iuran.core.errors import InvalidInputError
from iuran.core.families import MEMBERS_MAX, NewFamily, NewParticipant, Relation
from iuran.core.identifiers import Sex
from iuran.core.segments import CareClass

FILE_BYTES_MAX = 100_000


class _Form(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_by_name=True
    )


class ParticipantForm(_Form):
    """One person of the family card."""

    nik: str
    name: str
    birth_date: date
    sex: Sex
    relation: Relation
    email: str | None = None
    phone: str | None = None


class FamilyForm(_Form):
    """A whole family card; class 1, 2 or 3."""

    family_card_number: str
    care_class: CareClass
    participants: list[ParticipantForm] = Field(min_length=1, max_length=MEMBERS_MAX)
    language: str = "id"
    time_zone: str | None = None

    def to_domain(self) -> NewFamily:
        """Return what can be registered."""
        return NewFamily(
            kk_number=self.family_card_number,
            care_class=self.care_class,
            participants=[
                NewParticipant(
                    nik=person.nik,
                    name=person.name,
                    birth_date=person.birth_date,
                    sex=person.sex,
                    relation=person.relation,
                    email=person.email,
                    phone=person.phone,
                )
                for person in self.participants
            ],
            language=self.language,
            time_zone=self.time_zone,
        )


def read_family(file: Path) -> NewFamily:
    """Read a family from a JSON file; raises InvalidInputError that names each wrong field."""
    try:
        text = file.read_bytes()
    except OSError as error:
        raise InvalidInputError("file", f"cannot read {file}: {error.strerror}") from error
    if len(text) > FILE_BYTES_MAX:
        raise InvalidInputError("file", f"a family takes at most {FILE_BYTES_MAX} bytes")
    try:
        return FamilyForm.model_validate_json(text).to_domain()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        told = "; ".join(
            ": ".join(filter(None, (".".join(map(str, problem["loc"])), problem["msg"])))
            for problem in problems[:10]
        )
        raise InvalidInputError("file", told) from error


def example_family() -> str:
    """Return a file to begin with; its numbers are invented (region 99 does not exist)."""
    person = {
        "nik": "9901014507900001",
        "name": "MELATI CONTOH",
        "birthDate": "1990-07-05",
        "sex": "F",
        "relation": "HEAD",
        "email": "melati@example.org",
    }
    family = {"familyCardNumber": "9901010507260001", "careClass": 3, "participants": [person]}
    return json.dumps(family, indent=2)
