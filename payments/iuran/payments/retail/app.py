"""The HTTP edge for aggregators: routes, limits, and one answer, metric and line per message."""

import asyncio
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from iuran.core.identifiers import mask_numbers_in
from iuran.payments.lanes import SettlementBusyError
from iuran.payments.retail.answers import answer_visit, refused, said
from iuran.payments.retail.channels import Dialect
from iuran.payments.retail.context import RetailServices
from iuran.payments.retail.messages import KEPT_HEADERS, TOKEN_HEADER
from iuran.payments.retail.metrics import RETAIL_ANSWER_SECONDS, RETAIL_ANSWERS
from iuran.payments.retail.refusals import NoticeRefusedError, TryAgainError
from iuran.payments.retail.visits import RetailAnswer, Visit
from iuran.payments.snap.attempts import OutcomeUnknownError
from iuran.payments.snap.codes import Case, SnapRefusedError
from iuran.payments.snap.message import head_of, read_message

__all__ = ["DEFAULT_MOUNT", "RetailServices", "retail_routes"]

DEFAULT_MOUNT = "/retail"
LATE = (TimeoutError, OutcomeUnknownError, SettlementBusyError)

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
class RetailEndpoint:
    """One dialect, as an ASGI application."""

    services: RetailServices
    dialect: Dialect
    is_inquiry: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, whatever happens: no answer would be no repetition."""
        started = time.perf_counter()
        request = Request(scope, receive)
        visit = self._visit(request)
        try:
            answer = await self._answer(request, visit)
        except ClientDisconnect:
            _log.info("retail.client_left", dialect=self.dialect)
            return
        seconds = time.perf_counter() - started
        _report(visit, answer, seconds)
        response = Response(
            answer.body,
            status_code=answer.status,
            media_type="application/json",
            headers=dict(answer.headers),
        )
        await response(scope, receive, send)
        self._keep(visit, answer, seconds)

    def _visit(self, request: Request) -> Visit:
        return Visit(
            dialect=self.dialect,
            is_inquiry=self.is_inquiry,
            channel_code=request.path_params["channel"],
            remote_address="" if request.client is None else request.client.host,
            received_at=self.services.real_clock.now(),
            legal_at=self.services.clock.now(),
        )

    async def _answer(self, request: Request, visit: Visit) -> RetailAnswer:
        try:
            visit.message = head_of(request)
            if request.method != "POST":
                return said(405, "METHOD_NOT_ALLOWED", "send a POST", {"Allow": "POST"})
            visit.message = await read_message(request, visit.message)
            visit.headers = self.services.vault.sealed(
                visit.message, (*KEPT_HEADERS, TOKEN_HEADER), token_name=TOKEN_HEADER
            )
            async with asyncio.timeout(self.services.answer_timeout_seconds):
                return await answer_visit(self.services, visit)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: an aggregator always gets an answer
            return answer_to(visit, error)

    def _keep(self, visit: Visit, answer: RetailAnswer, seconds: float) -> None:
        """Give the exchange to the vault; the answer is out, so nothing may fail here."""
        try:
            self.services.vault.keep(visit.record(answer, seconds=seconds))
        except Exception as error:  # noqa: BLE001 - the edge: told in the log and in the metrics
            _report_crash(visit, error)


def answer_to(visit: Visit, error: Exception) -> RetailAnswer:
    """Return the answer to a message that was refused, or over which we crashed."""
    if isinstance(error, NoticeRefusedError):
        return refused(error)
    if isinstance(error, SnapRefusedError) and error.case is not Case.TIMED_OUT:
        return refused(NoticeRefusedError(str(error)))
    if not isinstance(error, (SnapRefusedError, *LATE)):
        _report_crash(visit, error)
    return refused(TryAgainError())


def _report(visit: Visit, answer: RetailAnswer, seconds: float) -> None:
    RETAIL_ANSWERS.labels(visit.known_code, visit.dialect, answer.code).inc()
    RETAIL_ANSWER_SECONDS.labels(visit.dialect).observe(seconds)
    _log.info(
        "retail.answered",
        channel=visit.known_code,
        dialect=visit.dialect,
        code=answer.code,
        http_status=answer.status,
        reference=mask_numbers_in(visit.reference),
        milliseconds=round(seconds * 1000, 1),
    )


def _report_crash(visit: Visit, error: BaseException) -> None:
    """Tell what crashed; telling is all that may fail here, and it does not cost the answer."""
    with suppress(Exception):
        _log.error(
            "retail.failed",
            channel=visit.known_code,
            error=type(error).__name__,
            traceback=mask_numbers_in("".join(traceback.format_exception(error))),
        )
