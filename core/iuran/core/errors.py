"""The one tree of expected refusals. Each says what to do, under a code that stays stable."""

from typing import ClassVar


class DomainError(Exception):
    """An expected refusal; the edges translate its `code` once, everything else is a crash."""

    code: ClassVar[str] = "REFUSED"


class InvalidInputError(DomainError):
    """Something given to us does not have the form that it must have.

    `path` says where the field stands, where several have such a field:
    `("participants", "1", "nik")` is that of the second person. Empty, if that is plain.
    """

    code: ClassVar[str] = "INVALID_INPUT"

    def __init__(self, field: str, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
        self.path = path


class AlreadyRegisteredError(DomainError):
    """A number that must be unique is registered already."""

    code: ClassVar[str] = "ALREADY_REGISTERED"

    def __init__(self, field: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"{field} is registered already; look the family up instead")
        self.field = field
        self.path = path
