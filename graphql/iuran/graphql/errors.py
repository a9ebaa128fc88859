"""Refusals of the edge: a stable code, a status, and a message that says what to do."""

from collections.abc import Sequence
from typing import ClassVar

from graphql import GraphQLError

from iuran.core.errors import DomainError


class RequestRefusedError(DomainError):
    """The request is not executed at all; its answer has no `data`."""

    code: ClassVar[str] = "BAD_REQUEST"
    status: ClassVar[int] = 400


class UnauthenticatedError(RequestRefusedError):
    """Nobody is known to ask."""

    code: ClassVar[str] = "UNAUTHENTICATED"
    status: ClassVar[int] = 401


class ScopeMissingError(RequestRefusedError):
    """The token allows to read only."""

    code: ClassVar[str] = "SCOPE_MISSING"
    status: ClassVar[int] = 403


class DocumentNotTrustedError(RequestRefusedError):
    """Only persisted documents may be sent here."""

    code: ClassVar[str] = "DOCUMENT_NOT_TRUSTED"
    status: ClassVar[int] = 403


class SubscriptionByPostError(RequestRefusedError):
    """A subscription was sent where there is one answer to one request."""

    code: ClassVar[str] = "SUBSCRIPTION_NEEDS_STREAM"
    status: ClassVar[int] = 400


class IntrospectionRefusedError(RequestRefusedError):
    """The viewer may not read the schema here."""

    code: ClassVar[str] = "INTROSPECTION_REFUSED"
    status: ClassVar[int] = 403


class MethodRefusedError(RequestRefusedError):
    """The HTTP method does not fit the operation."""

    code: ClassVar[str] = "METHOD_NOT_ALLOWED"
    status: ClassVar[int] = 405

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotAcceptableError(RequestRefusedError):
    """No media type that we write is accepted."""

    code: ClassVar[str] = "NOT_ACCEPTABLE"
    status: ClassVar[int] = 406


class BodyTooLargeError(RequestRefusedError):
    """The body is longer than the limit."""

    code: ClassVar[str] = "BODY_TOO_LARGE"
    status: ClassVar[int] = 413


class MediaTypeRefusedError(RequestRefusedError):
    """The body is of a kind that we do not read."""

    code: ClassVar[str] = "UNSUPPORTED_MEDIA_TYPE"
    status: ClassVar[int] = 415


class BodyTooSlowError(RequestRefusedError):
    """The body did not arrive in time."""

    code: ClassVar[str] = "BODY_TOO_SLOW"
    status: ClassVar[int] = 408


class RateLimitedError(RequestRefusedError):
    """Who asks has spent what he may ask for in this time."""

    code: ClassVar[str] = "RATE_LIMITED"
    status: ClassVar[int] = 429

    def __init__(self, message: str, *, wait_seconds: float) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class BusyError(RequestRefusedError):
    """No database connection became free in time, before anything was done."""

    code: ClassVar[str] = "OVERLOADED"
    status: ClassVar[int] = 503


class IdentityUnavailableError(RequestRefusedError):
    """The keys of who issues tokens have never been reached."""

    code: ClassVar[str] = "IDENTITY_UNAVAILABLE"
    status: ClassVar[int] = 503


class TimedOutError(RequestRefusedError):
    """The operation took longer than it may."""

    code: ClassVar[str] = "TIMEOUT"
    status: ClassVar[int] = 503


class DocumentRefusedError(RequestRefusedError):
    """The GraphQL document is refused; with `application/json` the answer is still 200."""

    code: ClassVar[str] = "GRAPHQL_VALIDATION_FAILED"
    draft_status: ClassVar[int] = 422
    """Its status in the newer draft of GraphQL over HTTP."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = tuple(errors)

    @classmethod
    def because(cls, message: str) -> "DocumentRefusedError":
        """Refuse for one reason."""
        return cls([GraphQLError(message)])


class SyntaxRefusedError(DocumentRefusedError):
    """The document is not GraphQL."""

    code: ClassVar[str] = "GRAPHQL_PARSE_FAILED"
    draft_status: ClassVar[int] = 400


class PersistedDocumentUnknownError(DocumentRefusedError):
    """There is no document of that id. The code is what clients know that then send the text."""

    code: ClassVar[str] = "PERSISTED_QUERY_NOT_FOUND"


class PersistedDocumentsOffError(DocumentRefusedError):
    """There are no persisted documents here. The code is what clients know."""

    code: ClassVar[str] = "PERSISTED_QUERY_NOT_SUPPORTED"


class OperationUnknownError(DocumentRefusedError):
    """Which operation of the document is meant cannot be told."""

    code: ClassVar[str] = "OPERATION_NOT_FOUND"


class TooComplexError(DocumentRefusedError):
    """The operation asks for more than one request may."""

    code: ClassVar[str] = "TOO_COMPLEX"


class VariablesRefusedError(DocumentRefusedError):
    """The variables do not fit the operation."""

    code: ClassVar[str] = "BAD_USER_INPUT"


class OverloadedError(DomainError):
    """No database connection became free in time; trying again later helps."""

    code: ClassVar[str] = "OVERLOADED"


class PageArgumentsError(DomainError):
    """Neither `first` nor `last` says how much is wanted, or both do."""

    code: ClassVar[str] = "PAGE_ARGUMENTS_INVALID"


class PageSizeError(DomainError):
    """`first` or `last` lies outside of what a page may hold."""

    code: ClassVar[str] = "PAGE_SIZE_OUT_OF_RANGE"


class DaysError(DomainError):
    """The days that are asked for are none, too many, or not to be known."""

    code: ClassVar[str] = "BAD_USER_INPUT"


class IdInvalidError(DomainError):
    """An ID or a cursor is not one that this API gave out, or is one of another kind."""

    code: ClassVar[str] = "ID_INVALID"
