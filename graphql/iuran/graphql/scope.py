"""What a viewer may see: the values of the one predicate that stands in every statement.

A statement takes them as its first parameters. A row of a family is visible if
`$1 OR family_id = $2`. To a facility (`$3`) a person and his insurance are visible by his card: the
number that was shown travels with each key, and must be that of the row. What is not visible does
not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TypedDict

from iuran.graphql.identity import Role, Viewer

VIEWERS_MAX = 2_000
"""Whose scopes are kept at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The rows that a viewer may see, and which numbers in them are masked for him."""

    all_families: bool = False
    family_id: int | None = None
    by_card: bool = False
    """Whether a card that is shown makes its holder and his insurance visible."""
    masks_people: bool = True
    """NIK, family card number, phone and e-mail address show their ends only."""
    masks_cards: bool = True
    """Card and virtual account numbers show their last four digits only."""
    sees_finances: bool = False
    """Whether what belongs to no family is visible: governments' bills, suspense, figures."""
    sees_clockwork: bool = False
    """Whether the work that happens without being asked is visible: jobs, reminders' rules."""
    facility: str | None = None
    """The facility whose own papers and claims are visible."""
    employer_id: int | None = None
    """The employer whose own bills and workers are visible."""

    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Work out once what every look into the caches of plans needs."""
        mine = tuple(getattr(self, one.name) for one in fields(self) if one.compare)
        object.__setattr__(self, "_hash", hash(mine))

    def __hash__(self) -> int:
        """Return what was worked out."""
        return self._hash

    @staticmethod
    def of(viewer: Viewer) -> "Scope":
        """Return what a role may see.

        Branch officers register people and see whole numbers. Finance officers follow money, so
        they see card and virtual account numbers, but no population numbers. Auditors and
        operators see everything masked. A facility sees its own papers and whom a card shows it,
        an employer its own bills and workers, a developer what is public.
        """
        return _scope_of(viewer)

    @property
    def shape(self) -> "Scope":
        """What of it decides how a statement is written: everything but whose it is."""
        return _shape_of(self)

    @property
    def families(self) -> tuple[bool, int | None]:
        """Parameters $1 and $2 of a statement over what a family owns."""
        return self.all_families, self.family_id

    @property
    def people(self) -> tuple[bool, int | None, bool]:
        """Parameters $1 to $3 of a statement over people and their insurance."""
        return self.all_families, self.family_id, self.by_card


@lru_cache(maxsize=VIEWERS_MAX)
def _scope_of(viewer: Viewer) -> Scope:
    known = Scope(
        family_id=viewer.family_id, facility=viewer.facility, employer_id=viewer.employer_id
    )
    return replace(known, **_REACH[viewer.role])


@lru_cache(maxsize=VIEWERS_MAX)
def _shape_of(scope: Scope) -> Scope:
    return replace(
        scope,
        family_id=None if scope.family_id is None else 0,
        facility=None if scope.facility is None else "",
        employer_id=None if scope.employer_id is None else 0,
    )


class _Reach(TypedDict, total=False):
    all_families: bool
    by_card: bool
    masks_people: bool
    masks_cards: bool
    sees_finances: bool
    sees_clockwork: bool


_REACH: Mapping[Role, _Reach] = {
    Role.PARTICIPANT: {"masks_people": False, "masks_cards": False},
    Role.BRANCH_OFFICER: {"all_families": True, "masks_people": False, "masks_cards": False},
    Role.FINANCE_OFFICER: {"all_families": True, "masks_cards": False, "sees_finances": True},
    Role.AUDITOR: {"all_families": True, "sees_finances": True, "sees_clockwork": True},
    Role.OPERATOR: {"all_families": True, "sees_clockwork": True},
    Role.FACILITY: {"by_card": True, "masks_cards": False},
    Role.EMPLOYER: {},
    Role.DEVELOPER: {},
}
