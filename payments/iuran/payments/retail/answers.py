"""What an aggregator is answered: who it is, what it says, and what came of that."""

import json
from collections.abc import Mapping
from datetime import UTC

from iuran.payments.retail import doku
from iuran.payments.retail.booking import Booked, book, keep_unreadable
from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.dialects import prove, read
from iuran.payments.retail.directory import KnownAggregators
from iuran.payments.retail.inquiry import InquiryAnswer, answer_inquiry
from iuran.payments.retail.refusals import (
    AddressNotAllowedError,
    NotAuthenticError,
    NoticeRefusedError,
    NotServedError,
    QuotaUsedUpError,
    UnreadableNoticeError,
)
from iuran.payments.retail.visits import RetailAnswer, Visit
from iuran.payments.snap.message import SnapMessage


async def answer_visit(services: RetailServices, visit: Visit) -> RetailAnswer:
    """Answer a message that has been read; raises NoticeRefusedError for what is not taken."""
    channel = await _proven(services, visit)
    visit.is_proven = True
    await _admit(services, visit, channel)
    if visit.is_inquiry:
        inquired = await answer_inquiry(services, channel, visit.message, at=visit.legal_at)
        return _signed(services, channel, visit.message, inquired)
    booked = await _taken(services, visit, channel)
    visit.reference = booked.reference
    return said(200, booked.result, "thank you")


async def _proven(services: RetailServices, visit: Visit) -> RetailChannel:
    """Return whose message it is: by the aggregators at hand, else once more by fresh ones."""
    known = await services.directory.recalled()
    try:
        return _sender(services, visit, known)
    except (NotServedError, NotAuthenticError):
        fresh = await services.directory.refreshed(known)
        if fresh is None:
            raise
    return _sender(services, visit, fresh)


def _sender(services: RetailServices, visit: Visit, known: KnownAggregators) -> RetailChannel:
    """Return the aggregator of a path; raises NotServedError, NotAuthenticError."""
    found = known.get(visit.channel_code.upper())
    if found is None or found.channel.dialect is not visit.dialect:
        raise NotServedError
    channel = visit.channel = found.at(services.real_clock.now())
    if not channel.enabled:
        raise NotServedError
    prove(channel, visit.message)
    return channel


async def _admit(services: RetailServices, visit: Visit, channel: RetailChannel) -> None:
    """Check the allow-list and the quota of who has proved himself: strangers use up neither."""
    if not channel.quirks.admits_address(visit.remote_address):
        raise AddressNotAllowedError
    if not await services.quotas.take(channel):
        raise QuotaUsedUpError


async def _taken(services: RetailServices, visit: Visit, channel: RetailChannel) -> Booked:
    try:
        notice = await read(services, channel, visit.message.body)
    except UnreadableNoticeError:
        await keep_unreadable(services, channel, visit.message, at=visit.legal_at)
        raise
    visit.reference = notice.identity
    return await book(services, channel, visit.message, notice, at=visit.legal_at)


def _signed(
    services: RetailServices,
    channel: RetailChannel,
    message: SnapMessage,
    inquired: InquiryAnswer,
) -> RetailAnswer:
    body = json.dumps(inquired.document, ensure_ascii=False, separators=(",", ":")).encode()
    now = services.real_clock.now().astimezone(UTC)
    parts = doku.SignedParts(
        client_id=channel.account,
        request_id=message.header("request-id"),
        timestamp=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        target=message.target,
        body=body,
        timestamp_name="Response-Timestamp",
    )
    headers = {
        "Client-Id": parts.client_id,
        "Request-Id": parts.request_id,
        "Response-Timestamp": parts.timestamp,
        "Signature": doku.sign(parts, channel.api_secret),
    }
    code = inquired.status.upper()
    return RetailAnswer(status=inquired.http_status, code=code, body=body, headers=headers)


def said(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> RetailAnswer:
    """Return an answer in our own words."""
    body = json.dumps({"code": code, "message": message}).encode()
    return RetailAnswer(status=status, code=code, body=body, headers=headers or {})


def refused(refusal: NoticeRefusedError) -> RetailAnswer:
    """Return the answer to a message that is not taken."""
    return said(refusal.http_status, refusal.code, str(refusal))
