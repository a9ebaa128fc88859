"""One request of an aggregator on its way to its answer, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from iuran.payments.retail.channels import Dialect, RetailChannel
from iuran.payments.retail.messages import INQUIRY_SERVICE, NOTICE_SERVICE, external_id_of_body
from iuran.payments.snap.message import SnapMessage
from iuran.payments.snap.vault import MessageRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailAnswer:
    """What an aggregator is answered, and how it is counted."""

    status: int
    code: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True, kw_only=True)
class Visit:
    """What was called, by which path and from where, and what has been learned of it."""

    dialect: Dialect
    is_inquiry: bool
    channel_code: str
    remote_address: str
    received_at: datetime
    """Real time."""
    legal_at: datetime
    """The legal time at which it is judged."""
    message: SnapMessage = field(default_factory=SnapMessage)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of the message that are stored, secrets sealed."""
    channel: RetailChannel | None = None
    is_proven: bool = False
    """Whether the token or the signature was right."""
    reference: str = ""

    @property
    def known_code(self) -> str:
        """The channel, if there is one of that code; or `-`."""
        return "-" if self.channel is None else self.channel.code

    def record(self, answer: RetailAnswer, *, seconds: float) -> MessageRecord:
        """Return what the vault keeps."""
        return MessageRecord(
            kept_at=self.received_at,
            legal_at=self.legal_at,
            channel_id=None if self.channel is None else self.channel.channel_id,
            is_proven=self.is_proven,
            service=INQUIRY_SERVICE if self.is_inquiry else NOTICE_SERVICE,
            message=self.message,
            headers=self.headers,
            remote_address=self.remote_address,
            external_id=external_id_of_body(self.message.body),
            reference=self.reference,
            response_code=answer.code,
            answer=answer.body,
            microseconds=round(seconds * 1_000_000),
        )
