"""The world in which a mutation succeeds, and how its row in the table says so."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString

from iuran.core.clock import StandingClock
from iuran.core.database.pool import Pool
from iuran.core.identifiers import Sex
from iuran.graphql.global_ids import id_of
from iuran.graphql.identity import Role
from tests.builders import a_channel, a_family, a_nik, an_active_family, pays_what_it_owes
from tests.graphql.conftest import Answer, Frontend, Insured
from tests.graphql.wishes import wished
from tests.moments import wib


@dataclass(frozen=True, slots=True, kw_only=True)
class Happy:
    """A wish that is granted: `effect` asks the database for one value, which becomes `became`."""

    given: dict[str, Any]
    another: dict[str, Any]
    """Other values of the input: another wish, for which the same key does not stand."""
    effect: LiteralString
    became: object
    role: Role = Role.BRANCH_OFFICER
    token: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a row prepares its wish with. `insured` has two members; today is 5 January 2026."""

    pool: Pool
    frontend: Frontend
    clock: StandingClock
    insured: Insured

    @property
    def own(self) -> dict[str, Any]:
        """The token of the insured participant, and his role."""
        return {"role": Role.PARTICIPANT, "token": {"family_id": self.insured.family_id}}

    async def did(
        self,
        mutation: str,
        given: dict[str, Any],
        selected: str = "replayed",
        *,
        role: Role = Role.BRANCH_OFFICER,
        **token: Any,  # noqa: ANN401 - claims of each role's own type
    ) -> Answer:
        """Have a mutation done before, by `ani` unless told."""
        result = await wished(
            self.frontend, mutation, given, selected, role=role, **{"subject": "ani", **token}
        )
        assert result["__typename"].endswith("Payload"), (mutation, result)
        return result


Row = Callable[[World], Awaitable[Happy]]
ROWS: dict[str, Row] = {}
"""By the name of a mutation, what prepares its happy path."""


def row(function: Row) -> Row:
    """Enter a row under the mutation that has the function's name."""
    first, *others = function.__name__.split("_")
    ROWS[first + "".join(map(str.capitalize, others))] = function
    return function


def another_person(**values: object) -> dict[str, Any]:
    """A token of somebody else, who may approve what `ani` proposed."""
    return {"subject": "budi", **values}


def a_person(born: date = date(1990, 5, 17), relation: str = "SPOUSE") -> dict[str, Any]:
    return {
        "nik": a_nik(born, Sex.FEMALE),
        "name": "MAWAR CONTOH",
        "birthDate": born.isoformat(),
        "sex": "FEMALE",
        "relation": relation,
    }


async def a_membership_since_2024(world: World, *, paid_again: bool) -> str:
    """The ID of the insurance of a family that paid first in December 2024.

    It paid all of 2025 at its end, or nothing of it.
    """
    async with world.pool.acquire() as connection:
        channel = await a_channel(connection, "BNI")
    registered, (account, *_) = await an_active_family(
        world.pool, channel, a_family(), first_payment_at=wib(2024, 12, 20)
    )
    if paid_again:
        await pays_what_it_owes(world.pool, channel, account, at=wib(2025, 12, 28))
    return id_of("Membership", registered.family_id, registered.membership_id)
