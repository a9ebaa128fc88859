"""Why a message of an aggregator has no effect; the HTTP status makes it send again, or not."""

from typing import ClassVar

from iuran.core.errors import DomainError


class NoticeRefusedError(DomainError):
    """A message that is not taken; nothing of it was done."""

    http_status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST"


class NotServedError(NoticeRefusedError):
    """There is no such channel, it is switched off, or it speaks another dialect."""

    http_status: ClassVar[int] = 404
    code: ClassVar[str] = "CHANNEL_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("no such channel speaks this dialect; look at the URL that we gave you")


class NotAuthenticError(NoticeRefusedError):
    """The token or the signature is not the one that we share."""

    http_status: ClassVar[int] = 401
    code: ClassVar[str] = "NOT_AUTHENTIC"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is missing or wrong; compare the secret and send it again")


class AddressNotAllowedError(NoticeRefusedError):
    """It proved who it is, but it calls from an address that is not on the channel's list."""

    http_status: ClassVar[int] = 403
    code: ClassVar[str] = "ADDRESS_NOT_ALLOWED"

    def __init__(self) -> None:
        super().__init__("this address is not on the list that we agreed; tell us of a new one")


class QuotaUsedUpError(NoticeRefusedError):
    """More messages than the channel's quota; nothing of this one was done."""

    http_status: ClassVar[int] = 429
    code: ClassVar[str] = "TOO_MANY_REQUESTS"

    def __init__(self) -> None:
        super().__init__("too many messages at once; send the same message again in a moment")


class UnreadableNoticeError(NoticeRefusedError):
    """An authentic message that lacks a field or has one of another form; its bytes are kept."""

    http_status: ClassVar[int] = 422
    code: ClassVar[str] = "UNREADABLE"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}; its bytes are kept")
        self.field = field


class NotConfirmedError(NoticeRefusedError):
    """The aggregator itself does not confirm, now, what its message says."""

    http_status: ClassVar[int] = 502
    code: ClassVar[str] = "NOT_CONFIRMED"


class TryAgainError(NoticeRefusedError):
    """We could not book in time; the same message is to be sent again.

    Not 500: Midtrans repeats after a 500 only once, after others five times; and an answer in time
    because Xendit never repeats what timed out.
    """

    http_status: ClassVar[int] = 504
    code: ClassVar[str] = "TRY_AGAIN"

    def __init__(self) -> None:
        super().__init__("this could not be booked in time; send the same message again")
