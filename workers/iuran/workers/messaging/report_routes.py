"""Where providers report deliveries: signed, bounded, and answered only when it is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.core.clock import Clock, SystemClock
from iuran.core.database.pool import Pool
from iuran.core.errors import InvalidInputError
from iuran.workers.messaging.report_forms import of_gateway, of_signed, of_whatsapp
from iuran.workers.messaging.reports import DeliveryReport, record
from iuran.workers.messaging.signatures import is_of_gateway, is_of_meta, is_standard
from iuran.workers.metrics import DELIVERY_REPORTS

BODY_BYTES_MAX = 1_000_000
FIELDS_MAX = 100

_Reader = Callable[[], Sequence[DeliveryReport]]

_log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportServices:
    """What the routes need. A way without its secret is not there: 404.

    `signed_secrets` are those of the signed webhooks of any channel; `gateway_url` is the address
    under which the gateway reaches us, which its signature covers.
    """

    pool: Pool
    clock: Clock
    real_clock: Clock = field(default_factory=SystemClock)
    signed_secrets: tuple[str, ...] = field(default=(), repr=False)
    whatsapp_secret: str | None = field(default=None, repr=False)
    whatsapp_verify_token: str | None = field(default=None, repr=False)
    gateway_secret: str | None = field(default=None, repr=False)
    gateway_url: str | None = None


def report_routes(services: ReportServices) -> list[BaseRoute]:
    """Return the routes of the ways that are configured."""

    async def signed(request: Request) -> Response:
        return await _signed(services, request)

    async def whatsapp(request: Request) -> Response:
        return await _whatsapp(services, request)

    async def gateway(request: Request) -> Response:
        return await _gateway(services, request)

    routes: list[BaseRoute] = []
    if services.signed_secrets:
        routes.append(Route("/messages/reports", signed, methods=["POST"]))
    if services.whatsapp_secret is not None:
        routes.append(Route("/messages/reports/whatsapp", whatsapp, methods=["GET", "POST"]))
    if services.gateway_secret is not None and services.gateway_url is not None:
        routes.append(Route("/messages/reports/sms", gateway, methods=["POST"]))
    return routes


async def _signed(services: ReportServices, request: Request) -> Response:
    body = await _body(request)
    if body is None:
        return _too_large()
    real = services.real_clock.now()
    headers = request.headers
    if not any(is_standard(body, headers, secret=x, real=real) for x in services.signed_secrets):
        return _unsigned()
    return await _keep(services, "signed", lambda: of_signed(body))


async def _whatsapp(services: ReportServices, request: Request) -> Response:
    if request.method != "POST":
        return _verify(services, request.query_params)
    body = await _body(request)
    if body is None:
        return _too_large()
    given = request.headers.get("X-Hub-Signature-256", "")
    if not is_of_meta(body, given, secret=services.whatsapp_secret or ""):
        return _unsigned()
    return await _keep(services, "whatsapp", lambda: of_whatsapp(body))


def _verify(services: ReportServices, query: Mapping[str, str]) -> Response:
    """Answer Meta's question whether this address is ours."""
    token = services.whatsapp_verify_token
    given = query.get("hub.verify_token", "")
    if token is None or not compare_digest(given.encode(), token.encode()):
        return _unsigned()
    return PlainTextResponse(query.get("hub.challenge", "")[:FIELDS_MAX])


async def _gateway(services: ReportServices, request: Request) -> Response:
    body = await _body(request)
    if body is None:
        return _too_large()
    try:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError:
        return _refusal(HTTPStatus.BAD_REQUEST, "INVALID_INPUT", "send a form of up to 100 fields")
    url = f"{services.gateway_url}?{request.url.query}"
    given = request.headers.get("X-Twilio-Signature", "")
    if not is_of_gateway(url, form, given, secret=services.gateway_secret or ""):
        return _unsigned()
    key, real = request.query_params.get("key", ""), services.real_clock.now()
    return await _keep(services, "sms", lambda: of_gateway(key, form, real=real))


async def _keep(
    services: ReportServices, way: str, read: Callable[[], Sequence[DeliveryReport]]
) -> Response:
    try:
        reports = read()
    except InvalidInputError as error:
        return _refusal(HTTPStatus.BAD_REQUEST, error.code, str(error))
    async with services.pool.acquire() as connection, connection.transaction():
        recorded = await record(connection, reports, at=services.clock.now())
    DELIVERY_REPORTS.labels(way, "new").inc(recorded.noted)
    DELIVERY_REPORTS.labels(way, "known").inc(recorded.known - recorded.noted)
    _log.info("delivery_reports", way=way, told=len(reports), new=recorded.noted)
    return JSONResponse({"told": len(reports), "known": recorded.known, "new": recorded.noted})


async def _body(request: Request) -> bytes | None:
    """Return the body, or None if it is longer than BODY_BYTES_MAX."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            return None
    return bytes(body)


def _unsigned() -> Response:
    return _refusal(
        HTTPStatus.UNAUTHORIZED, "NOT_SIGNED", "the signature is missing, wrong or too old"
    )


def _too_large() -> Response:
    return _refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "TOO_LARGE", f"send at most {BODY_BYTES_MAX} bytes"
    )


def _refusal(status: HTTPStatus, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status_code=status)
