"""The HTTP edge for aggregators: routes, limits, and one answer, metric and line per message."""

import asyncio
import json
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from iuran.core.identifiers import mask_numbers_in
from iuran.payments.retail import doku
from iuran.payments.retail.booking import Booked, book, keep_unreadable
from iuran.payments.retail.channels import Dialect, RetailChannel, find_retail_channel
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.dialects import prove, read
from iuran.payments.retail.inquiry import InquiryAnswer, answer_inquiry
from iuran.payments.retail.metrics import RETAIL_ANSWER_SECONDS, RETAIL_ANSWERS
from iuran.payments.retail.refusals import (
    NoticeRefusedError,
    NotServedError,
    TryAgainError,
    UnreadableNoticeError,
)
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.message import SnapMessage, head_of, read_message

__all__ = ["DEFAULT_MOUNT", "RetailServices", "retail_routes"]

DEFAULT_MOUNT = "/retail"
CODE_LENGTH_MAX = 20
CONNECTION_TIMEOUT_SECONDS = 5.0

_log: FilteringBoundLogger = structlog.get_logger()


def retail_routes(services: RetailServices, mount: str = DEFAULT_MOUNT) -> list[BaseRoute]:
    """Return `/retail/{channel}/{dialect}` for each dialect, and DOKU's `…/doku/inquiry`.

    DOKU signs the path that it calls, so serve it unchanged.
    """
    place = mount.rstrip("/") + "/{channel}"
    routes: list[BaseRoute] = [
        Route(f"{place}/{dialect.lower()}", RetailEndpoint(services=services, dialect=dialect))
        for dialect in Dialect
    ]
    inquiry = RetailEndpoint(services=services, dialect=Dialect.DOKU, is_inquiry=True)
    return [*routes, Route(f"{place}/doku/inquiry", inquiry)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailAnswer:
    """What an aggregator is answered, and how it is counted."""

    status: int
    code: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True, kw_only=True)
class _Visit:
    """What has been learned of a request for its log line."""

    channel: str = "-"
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailEndpoint:
    """One dialect, as an ASGI application."""

    services: RetailServices
    dialect: Dialect
    is_inquiry: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens: no answer would be no repetition."""
        started = time.perf_counter()
        visit = _Visit()
        try:
            answer = await self._answer(Request(scope, receive), visit)
        except ClientDisconnect:
            _log.info("retail.client_left", dialect=self.dialect)
            return
        self._report(visit, answer, time.perf_counter() - started)
        response = Response(
            answer.body,
            status_code=answer.status,
            media_type="application/json",
            headers=dict(answer.headers),
        )
        await response(scope, receive, send)

    async def _answer(self, request: Request, visit: _Visit) -> RetailAnswer:
        try:
            if request.method != "POST":
                return _said(405, "METHOD_NOT_ALLOWED", "send a POST", {"Allow": "POST"})
            async with asyncio.timeout(self.services.answer_timeout_seconds):
                return await self._answer_post(request, visit)
        except ClientDisconnect:
            raise
        except NoticeRefusedError as refused:
            return _refused(refused)
        except SnapRefusedError as error:
            late = error.case is Case.TIMED_OUT
            return _refused(TryAgainError() if late else NoticeRefusedError(str(error)))
        except Exception as error:  # noqa: BLE001 - the edge: an aggregator always gets an answer
            _report_crash(visit, error)
            return _refused(TryAgainError())

    async def _answer_post(self, request: Request, visit: _Visit) -> RetailAnswer:
        message = await read_message(request, head_of(request))
        channel = await self._channel(request.path_params["channel"])
        visit.channel = channel.code
        prove(channel, message)
        if self.is_inquiry:
            inquired = await answer_inquiry(self.services, channel, message)
            return self._signed(channel, message, inquired)
        booked = await self._taken(channel, message)
        visit.reference = booked.reference
        return _said(200, booked.result, "thank you")

    async def _taken(self, channel: RetailChannel, message: SnapMessage) -> Booked:
        try:
            notice = await read(self.services, channel, message.body)
        except UnreadableNoticeError:
            await keep_unreadable(self.services, channel, message)
            raise
        return await book(self.services, channel, message, notice)

    async def _channel(self, code: str) -> RetailChannel:
        if len(code) > CODE_LENGTH_MAX or not code.isascii() or not code.isprintable():
            raise NotServedError
        async with self.services.pool.acquire(timeout=CONNECTION_TIMEOUT_SECONDS) as connection:
            channel = await find_retail_channel(
                connection, self.services.cipher, code.upper(), at=self.services.real_clock.now()
            )
        if channel is None or not channel.enabled or channel.dialect is not self.dialect:
            raise NotServedError
        return channel

    def _signed(
        self, channel: RetailChannel, message: SnapMessage, inquired: InquiryAnswer
    ) -> RetailAnswer:
        body = json.dumps(inquired.document, ensure_ascii=False, separators=(",", ":")).encode()
        now = self.services.real_clock.now().astimezone(UTC)
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

    def _report(self, visit: _Visit, answer: RetailAnswer, seconds: float) -> None:
        RETAIL_ANSWERS.labels(visit.channel, self.dialect, answer.code).inc()
        RETAIL_ANSWER_SECONDS.labels(self.dialect).observe(seconds)
        _log.info(
            "retail.answered",
            channel=visit.channel,
            dialect=self.dialect,
            code=answer.code,
            http_status=answer.status,
            reference=mask_numbers_in(visit.reference),
            milliseconds=round(seconds * 1000, 1),
        )


def _said(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> RetailAnswer:
    body = json.dumps({"code": code, "message": message}).encode()
    return RetailAnswer(status=status, code=code, body=body, headers=headers or {})


def _refused(refused: NoticeRefusedError) -> RetailAnswer:
    return _said(refused.http_status, refused.code, str(refused))


def _report_crash(visit: _Visit, error: BaseException) -> None:
    """Tell what crashed; telling is all that may fail here, and it does not cost the answer."""
    with suppress(Exception):
        _log.error(
            "retail.failed",
            channel=visit.channel,
            error=type(error).__name__,
            traceback=mask_numbers_in("".join(traceback.format_exception(error))),
        )
