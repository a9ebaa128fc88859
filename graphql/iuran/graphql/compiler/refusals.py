"""Why an operation is not compiled. The plain executor answers it then, with the same answer."""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from iuran.graphql.compiler.selections import Selected  # selections refuse with these


class FallbackError(Exception):
    """The plain executor has to answer."""

    reason: ClassVar[str] = "other"


class NotCompilableError(FallbackError):
    """The operation selects what has no declaration, or too much for one statement."""

    reason: ClassVar[str] = "selection"


class ArgumentsError(FallbackError):
    """An argument is refused; the plain executor says so at each place where it stands."""

    reason: ClassVar[str] = "arguments"


class SurpriseError(FallbackError):
    """A value that must be there is not; the plain executor knows how far the null goes."""

    reason: ClassVar[str] = "surprise"


class ReadFailedError(Exception):
    """The statement failed; its cause says why, and `fields` are the questions it was for."""

    def __init__(self, fields: "tuple[Selected, ...]") -> None:
        super().__init__("the statement failed")
        self.fields = fields
