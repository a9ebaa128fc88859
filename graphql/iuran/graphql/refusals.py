"""Refusals that only mutations know."""

from typing import ClassVar

from iuran.core.errors import DomainError
from iuran.graphql.identity import Role


class NotFoundError(DomainError):
    """What the input names does not exist, or is not the viewer's to change."""

    code: ClassVar[str] = "NOT_FOUND"

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what} that you may change; check its ID or number")
        self.what = what


class NotAllowedError(DomainError):
    """The viewer's role may not do this to anything."""

    code: ClassVar[str] = "NOT_ALLOWED"

    def __init__(self, role: Role) -> None:
        super().__init__(
            f"the role {role} may not do this; the description of each mutation says who may"
        )
        self.role = role


class NoDeadJobError(DomainError):
    """Only what was given up can begin anew; the rest comes by itself."""

    code: ClassVar[str] = "JOB_NOT_DEAD"

    def __init__(self) -> None:
        super().__init__("no such job was given up; `deadJobs` lists those that were")
