"""Which translator reads which aggregator, and what has to be proved before a word is believed."""

from collections.abc import Awaitable, Callable, Mapping

from iuran.payments.retail import doku, midtrans, xendit
from iuran.payments.retail.channels import Dialect, RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.notices import Notice
from iuran.payments.retail.refusals import NoticeRefusedError, UnreadableNoticeError
from iuran.payments.snap.codes import SnapRefusedError
from iuran.payments.snap.document import JsonObject, parse_object
from iuran.payments.snap.message import SnapMessage

Proof = Callable[[RetailChannel, SnapMessage], None]
Reader = Callable[[RetailServices, RetailChannel, JsonObject], Awaitable[Notice]]


def _midtrans_proof(channel: RetailChannel, message: SnapMessage) -> None:
    """Midtrans signs inside the body, so that it is parsed before it is believed."""
    try:
        document = parse_object(message.body)
    except SnapRefusedError as error:
        raise NoticeRefusedError(str(error)) from error
    midtrans.prove(channel, document)


PROOFS: Mapping[Dialect, Proof] = {
    Dialect.XENDIT: xendit.prove,
    Dialect.MIDTRANS: _midtrans_proof,
    Dialect.DOKU: doku.prove,
}

READERS: Mapping[Dialect, Reader] = {
    Dialect.XENDIT: xendit.read,
    Dialect.MIDTRANS: midtrans.read,
    Dialect.DOKU: doku.read,
}


def prove(channel: RetailChannel, message: SnapMessage) -> None:
    """Raise NotAuthenticError unless the message is the aggregator's."""
    PROOFS[channel.dialect](channel, message)


async def read(services: RetailServices, channel: RetailChannel, body: bytes) -> Notice:
    """Translate a body that was proved; raises UnreadableNoticeError or NotConfirmedError."""
    return await READERS[channel.dialect](services, channel, document_of(body))


def document_of(body: bytes) -> JsonObject:
    """Parse a body that was proved; raises UnreadableNoticeError."""
    try:
        return parse_object(body)
    except SnapRefusedError as error:
        raise UnreadableNoticeError("body", str(error)) from error
