"""Refusals that only subscriptions know."""

from typing import ClassVar

from iuran.core.errors import DomainError
from iuran.graphql.errors import DocumentRefusedError, RequestRefusedError
from iuran.graphql.identity import Role


class NotASubscriptionError(DocumentRefusedError):
    """A query or a mutation was sent where only subscriptions are carried."""

    code: ClassVar[str] = "NOT_A_SUBSCRIPTION"


class TooManySubscriptionsError(RequestRefusedError):
    """There are as many subscriptions, or connections with them, as there may be."""

    code: ClassVar[str] = "TOO_MANY_SUBSCRIPTIONS"
    status: ClassVar[int] = 429


class LiveFullError(RequestRefusedError):
    """This server carries as many subscriptions as it can."""

    code: ClassVar[str] = "OVERLOADED"
    status: ClassVar[int] = 503


class FamilyUnknownError(DomainError):
    """The family does not exist, or is not the viewer's to see."""

    code: ClassVar[str] = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("there is no such family that you may see; check `familyId`")


class FamilyNeededError(DomainError):
    """Whoever sees many families must say which one is meant."""

    code: ClassVar[str] = "FAMILY_NEEDED"

    def __init__(self) -> None:
        super().__init__("say with `familyId` which family you want to be told of")


class RoleCannotSubscribeError(DomainError):
    """Nothing of what is told belongs to the viewer's role."""

    code: ClassVar[str] = "NOT_ALLOWED"

    def __init__(self, role: Role) -> None:
        super().__init__(
            f"the role {role} is told of nothing: participants are told of their own family, "
            "officers of one that they name"
        )
        self.role = role
