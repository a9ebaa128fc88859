"""A message to one person, whoever carries it, and what can come of handing it over."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from iuran.core.errors import DomainError


class MessageRefusedError(DomainError):
    """This message will never arrive: the address or the text is refused for good."""

    code: ClassVar[str] = "MESSAGE_REFUSED"


class MessagePostponedError(DomainError):
    """This message was not taken now; it may be later."""

    code: ClassVar[str] = "MESSAGE_POSTPONED"


class CarrierDownError(DomainError):
    """The carrier cannot be used at the moment, or the session is of no use any more.

    From `session` it says nothing of any message. From `send` it may be the message's doing: some
    servers hang up on a recipient they do not like. The message was certainly not taken.
    """

    code: ClassVar[str] = "CARRIER_DOWN"


class OutcomeUnknownError(DomainError):
    """The carrier may have taken the message: the line broke before it said so."""

    code: ClassVar[str] = "OUTCOME_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one person. `message_key` is the same whenever the same message is sent.

    `text` is what the channel shows: a short one for SMS. `template` and `parameters` are for
    carriers that only fill texts which they approved before.
    """

    message_key: str
    recipient: str
    subject: str
    text: str
    language: str
    dated: datetime
    html: str = ""
    template: str = ""
    parameters: tuple[str, ...] = ()
    can_opt_out: bool = False


class CarrierSession(Protocol):
    """An open line, used for one message after the other."""

    async def send(self, letter: Letter) -> None:
        """Hand a message over.

        Raises MessageRefusedError, MessagePostponedError, OutcomeUnknownError or, when the session
        is of no use any more, CarrierDownError.
        """
        ...


class Carrier(Protocol):
    """Somebody who delivers messages.

    `lines` says how many sessions one job may use at once. Where `knows_keys` is true, handing a
    message over again under its key is the same as handing it over once.
    """

    @property
    def lines(self) -> int:
        """How many sessions one job may use at once."""
        ...

    @property
    def knows_keys(self) -> bool:
        """Whether a repeated key is recognised."""
        ...

    def session(self) -> AbstractAsyncContextManager[CarrierSession]:
        """Open a session; raises CarrierDownError when the carrier cannot be used."""
        ...
