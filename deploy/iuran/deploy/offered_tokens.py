"""Tokens to try the demonstration with: one for each family, and one for every other role."""

from dataclasses import dataclass

from iuran.core.clock import Clock
from iuran.core.database.pool import Connection
from iuran.core.segments import Segment
from iuran.deploy.demo import families_of_demo
from iuran.deploy.demo_facilities import HOSPITAL_NAME
from iuran.deploy.demo_payers import EMPLOYER, employer_of_demo
from iuran.deploy.family_file import FamilyFile
from iuran.graphql.demo_issuer import DemoIssuer
from iuran.graphql.identity import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedToken:
    """A token, for whom it is, and what to expect."""

    role: str
    about: str
    token: str


async def offered_tokens(
    connection: Connection, clock: Clock, issuer: DemoIssuer
) -> list[OfferedToken]:
    """Return a token for each family of the demonstration, and one for every other role."""
    families = await families_of_demo(connection, at=clock.now())
    participants = [
        OfferedToken(
            role=Role.PARTICIPANT.name,
            about=_about(file),
            token=issuer.issue(Role.PARTICIPANT, family_id=file.family_id),
        )
        for file in families
    ]
    employer_id = await employer_of_demo(connection)
    about = {Role.FACILITY: HOSPITAL_NAME, Role.EMPLOYER: EMPLOYER.name if employer_id else ""}
    return participants + [
        OfferedToken(
            role=role.name,
            about=about.get(role, ""),
            token=issuer.issue(role, employer_id=employer_id),
        )
        for role in Role
        if role is not Role.PARTICIPANT
    ]


def _about(file: FamilyFile) -> str:
    payer = "" if file.segment == Segment.PBPU_SELF else f", {file.segment}"
    return f"{file.members[0].name}, {file.state.lower()}{payer}"
