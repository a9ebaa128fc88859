"""Who may see what belongs to others than families: facilities, employers, the house itself."""

from iuran.graphql.compiler.declarations import Access, Fragment, of_family
from iuran.graphql.scope import Scope


def of_family_or_facility(family_id: Fragment, *, own: Fragment) -> Access:
    """Let those who may see a family see its rows, and a facility those that are its own."""
    family = of_family(family_id)

    def condition(shape: Scope) -> Fragment | None:
        return family.condition(shape) if shape.facility is None else own

    return Access(condition=condition)


def of_family_or_employer(family_id: Fragment, *, employer_id: Fragment) -> Access:
    """Let those who may see a family see its rows, and the employer who pays for it his own."""
    family = of_family(family_id)
    own: Fragment = employer_id + " = {viewer_employer}"

    def condition(shape: Scope) -> Fragment | None:
        return family.condition(shape) if shape.employer_id is None else own

    return Access(condition=condition)


def of_employer(employer_id: Fragment) -> Access:
    """Let an employer see its own rows, and officers everybody's."""
    own: Fragment = employer_id + " = {viewer_employer}"

    def condition(shape: Scope) -> Fragment | None:
        if shape.all_families:
            return None
        return "false" if shape.employer_id is None else own

    return Access(condition=condition)


def of_officers() -> Access:
    """Let officers see every row, and nobody else any."""
    return Access(condition=lambda shape: None if shape.all_families else "false")


def of_officers_or_facility(*, own: Fragment) -> Access:
    """Let officers see every row, and a facility its own."""

    def condition(shape: Scope) -> Fragment | None:
        if shape.all_families:
            return None
        return "false" if shape.facility is None else own

    return Access(condition=condition)


def of_finances() -> Access:
    """Let those who follow money or audit it see every row."""
    return Access(condition=lambda shape: None if shape.sees_finances else "false")


def of_figures() -> Access:
    """Let those who follow money, keep the system running or audit it see every figure."""
    return Access(
        condition=lambda shape: None if shape.sees_finances or shape.sees_clockwork else "false"
    )


def of_clockwork() -> Access:
    """Let those who keep the system running or audit it see every row."""
    return Access(condition=lambda shape: None if shape.sees_clockwork else "false")
