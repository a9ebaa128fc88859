"""The HTTP edge of SNAP BI: routes, limits, and one answer, one metric and one line per request."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from iuran.core.identifiers import mask_numbers_in
from iuran.payments.lanes import SettlementBusyError
from iuran.payments.metrics import SNAP_ANSWER_SECONDS, SNAP_ANSWERS
from iuran.payments.quirks import OpenEnd
from iuran.payments.snap.access_token import answer_token
from iuran.payments.snap.answers import STANDARD, Answer, refusal
from iuran.payments.snap.attempts import OutcomeUnknownError
from iuran.payments.snap.codes import Case, Service, SnapRefusedError
from iuran.payments.snap.context import SnapServices
from iuran.payments.snap.document import write
from iuran.payments.snap.inquiry import answer_inquiry
from iuran.payments.snap.message import Exchange, head_of, read_message
from iuran.payments.snap.mounts import DEFAULT_MOUNTS
from iuran.payments.snap.notification import answer_flat_notification, answer_notification
from iuran.payments.snap.payment import answer_payment
from iuran.payments.snap.status import answer_status
from iuran.payments.snap.timestamps import write_instant
from iuran.payments.snap.vault import MessageRecord

__all__ = ["SnapServices", "snap_routes"]

Handler = Callable[[SnapServices, Exchange], Awaitable[Answer]]

PATHS: Mapping[str, Service] = {
    "/access-token/b2b": Service.TOKEN,
    "/transfer-va/inquiry": Service.INQUIRY,
    "/transfer-va/payment": Service.PAYMENT,
    "/transfer-va/status": Service.STATUS,
    "/transfer-va/inquiry-status": Service.STATUS,  # as Paydia names it
    "/transfer-va/notify-payment-intrabank": Service.NOTIFICATION,
}

NOTIFIED_PATH = "/notifications/"
"""Followed by a channel's code: where an aggregator sends flat notifications (service 25)."""

_log: FilteringBoundLogger = structlog.get_logger()


def snap_routes(services: SnapServices, mounts: Sequence[str] = DEFAULT_MOUNTS) -> list[BaseRoute]:
    """Return the routes of every service under each mount, for example `/snap/v1.0`.

    Banks sign the path that they call, so serve it unchanged: behind a proxy that strips a prefix,
    signatures do not verify. The same services are found under whatever mount a channel has for
    itself (`Quirks.mounts`).
    """
    everybodys = frozenset(mount.rstrip("/") for mount in mounts)
    templates = [*PATHS.items(), (NOTIFIED_PATH + "{channel}", Service.PAYMENT)]

    def routes(mount: str, paths: list[tuple[str, Service]]) -> list[BaseRoute]:
        return [
            Route(mount + path, SnapEndpoint(services=services, service=service, mounts=everybodys))
            for path, service in paths
        ]

    served = [*templates, ("/{unknown:path}", Service.UNKNOWN)]
    return [
        *(route for mount in mounts for route in routes(mount.rstrip("/"), served)),
        *routes("/{mount:path}", templates),
    ]


async def _answer_unknown(_services: SnapServices, _exchange: Exchange) -> Answer:
    raise SnapRefusedError(Case.TRANSACTION_NOT_FOUND)


HANDLERS: Mapping[Service, Handler] = {
    Service.TOKEN: answer_token,
    Service.INQUIRY: answer_inquiry,
    Service.PAYMENT: answer_payment,
    Service.STATUS: answer_status,
    Service.NOTIFICATION: answer_notification,
    Service.UNKNOWN: _answer_unknown,
}


LAST_RESORT: Mapping[Service, bytes] = {
    service: write(
        refusal(service, b"", SnapRefusedError(Case.GENERAL_ERROR)).document(service),
    )
    for service in Service
}
"""What is sent when making any other answer has crashed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapEndpoint:
    """One service under one mount, as an ASGI application."""

    services: SnapServices
    service: Service
    mounts: frozenset[str] = frozenset(DEFAULT_MOUNTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever happens, the answer is SNAP's JSON."""
        started, received_at = time.perf_counter(), self.services.real_clock.now()
        exchange = exchange_of(self.service, scope["path"], _address_of(scope))
        try:
            answer = await self._answer(Request(scope, receive), exchange)
            response = self._response(answer)
        except ClientDisconnect:
            _log.info("snap.client_left", service=int(self.service))
            return
        except Exception as error:  # noqa: BLE001 - the edge: a bank always gets an answer
            _report_crash(exchange, error)
            answer = Answer(case=Case.GENERAL_ERROR)
            response = Response(
                LAST_RESORT[self.service],
                status_code=answer.case.http_status,
                media_type="application/json",
            )
        if answer.fails:
            self.services.unanswered.remember(exchange)
        seconds = time.perf_counter() - started
        _report(exchange, answer, seconds)
        await response(scope, receive, send)
        self._keep(exchange, answer, bytes(response.body), received_at, seconds)

    def _keep(
        self,
        exchange: Exchange,
        answer: Answer,
        content: bytes,
        received_at: datetime,
        seconds: float,
    ) -> None:
        """Give the exchange to the vault; the bank has its answer, so nothing may fail here."""
        try:
            self.services.vault.keep(
                MessageRecord(
                    kept_at=received_at,
                    legal_at=exchange.legal_at or self.services.clock.now(),
                    channel_id=None if exchange.channel is None else exchange.channel.channel_id,
                    is_proven=exchange.is_proven,
                    service=int(exchange.service),
                    message=exchange.message,
                    headers=exchange.headers,
                    remote_address=exchange.remote_address,
                    external_id=exchange.external_id,
                    reference=exchange.reference,
                    response_code=answer.case.response_code(exchange.service),
                    answer=content if exchange.service is not Service.TOKEN else redacted(answer),
                    microseconds=round(seconds * 1_000_000),
                )
            )
        except Exception as error:  # noqa: BLE001 - the edge: told in the log and in the metrics
            _report_crash(exchange, error)

    def _response(self, answer: Answer) -> Response:
        return Response(
            write(answer.document(self.service)),
            status_code=answer.case.http_status,
            media_type="application/json",
            headers={
                "X-TIMESTAMP": write_instant(self.services.real_clock.now()),
                **answer.headers,
            },
        )

    async def _answer(self, request: Request, exchange: Exchange) -> Answer:
        try:
            exchange.message = head_of(request)
            if request.method != "POST" and self.service is not Service.UNKNOWN:
                return Answer(case=Case.METHOD_NOT_SUPPORTED, headers={"Allow": "POST"})
            exchange.message = await read_message(request, exchange.message)
            exchange.headers = self.services.vault.sealed(exchange.message)
            exchange.legal_at = self.services.clock.now()
            async with asyncio.timeout(self.services.answer_timeout_seconds):
                await self._check_mount(exchange)
                return await handler_of(exchange)(self.services, exchange)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: a bank always gets an answer
            return refused(exchange, error)

    async def _check_mount(self, exchange: Exchange) -> None:
        """Raise SnapRefusedError (404xx01) under a path that nobody has."""
        if self.service is Service.UNKNOWN or exchange.mount in self.mounts:
            return
        known = await self.services.directory.channels()
        if exchange.mount not in known.mounts:
            known = await self.services.directory.refreshed(known) or known
        if exchange.mount not in known.mounts:
            raise SnapRefusedError(Case.TRANSACTION_NOT_FOUND)


def refused(exchange: Exchange, error: Exception) -> Answer:
    """Return the answer to a message that was refused, or over which we crashed."""
    if isinstance(error, SnapRefusedError):
        known = error
    else:
        _report_crash(exchange, error)
        known = SnapRefusedError(_case_of(error))
    quirks = STANDARD if exchange.channel is None else exchange.channel.quirks
    told = _open_end(known, exchange)
    return refusal(exchange.service, exchange.message.body, told, quirks=quirks)


def handler_of(exchange: Exchange) -> Handler:
    """Return what answers a request; a channel's own path has the flat dialect."""
    if exchange.notified_channel:
        return answer_flat_notification
    return HANDLERS[exchange.service]


def exchange_of(service: Service, path: str, remote_address: str) -> Exchange:
    """Return an exchange that knows under which mount, or for which channel, it was called."""
    mount, found, channel = path.rpartition(NOTIFIED_PATH)
    if service is not Service.PAYMENT or not found or "/" in channel:
        channel = ""
        ends = [end for end in PATHS if path.endswith(end)]
        mount = path.removesuffix(ends[0]) if ends else ""
    return Exchange(
        service=service, mount=mount, remote_address=remote_address, notified_channel=channel
    )


def _address_of(scope: Scope) -> str:
    client = scope.get("client")
    return "" if client is None else str(client[0])


def redacted(answer: Answer) -> bytes:
    """Return the answer of service 73 without the token, which nobody but the bank may read."""
    hidden = {"accessToken": ""} if "accessToken" in answer.body else {}
    kept = replace(answer, body={**answer.body, **hidden})
    return write(kept.document(Service.TOKEN))


def _open_end(error: SnapRefusedError, exchange: Exchange) -> SnapRefusedError:
    """Return what a channel hears of a payment whose end is not known: 504, or what it wants."""
    channel = exchange.channel
    if channel is None or exchange.service is not Service.PAYMENT:
        return error
    wants_progress = channel.quirks.open_end is OpenEnd.IN_PROGRESS
    if error.case is not Case.TIMED_OUT or not wants_progress:
        return error
    return SnapRefusedError(Case.IN_PROGRESS)


def _case_of(error: Exception) -> Case:
    late = (TimeoutError, asyncpg.QueryCanceledError, OutcomeUnknownError, SettlementBusyError)
    return Case.TIMED_OUT if isinstance(error, late) else Case.GENERAL_ERROR


def _report(exchange: Exchange, answer: Answer, seconds: float) -> None:
    """Count and log an answer; it is the right one even if that crashes."""
    try:
        _count(exchange, answer, seconds)
    except Exception as error:  # noqa: BLE001 - the edge: a bank always gets an answer
        _report_crash(exchange, error)


def _count(exchange: Exchange, answer: Answer, seconds: float) -> None:
    code = answer.case.response_code(exchange.service)
    labels = (f"{exchange.service:02d}", exchange.channel_code, code)
    SNAP_ANSWERS.labels(*labels).inc()
    SNAP_ANSWER_SECONDS.labels(*labels).observe(seconds)
    _log.info(
        "snap.answered",
        **exchange.log_fields(),
        code=code,
        message=answer.case.response_message(answer.named),
        milliseconds=round(seconds * 1000, 1),
    )


def _report_crash(exchange: Exchange, error: BaseException) -> None:
    """Tell what crashed; telling is all that may fail here, and it does not cost the answer."""
    with suppress(Exception):
        _log.error(
            "snap.failed",
            **exchange.log_fields(),
            error=type(error).__name__,
            traceback=mask_numbers_in("".join(traceback.format_exception(error))),
        )
