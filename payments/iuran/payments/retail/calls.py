"""Calls to an aggregator's own API: bounded, with its secret, and never inside a transaction."""

import httpx

from iuran.payments.retail.channels import RetailChannel
from iuran.payments.retail.refusals import NotConfirmedError
from iuran.payments.snap.codes import SnapRefusedError
from iuran.payments.snap.document import JsonObject, parse_object

ANSWER_BYTES_MAX = 64 * 1024


def request_to(
    http: httpx.AsyncClient,
    channel: RetailChannel,
    method: str,
    path: str,
    *,
    headers: dict[str, str],
    body: bytes | None = None,
) -> httpx.Request:
    """Return a request to a path under the aggregator's base URL."""
    return http.build_request(
        method,
        channel.base_url.rstrip("/") + path,
        content=body,
        headers={"Accept": "application/json", "Content-Type": "application/json", **headers},
    )


def basic_credentials(secret: str) -> str:
    """Return the Authorization of an API that takes a secret as user without a password."""
    request = httpx.Request("GET", "https://nowhere.invalid")
    return next(httpx.BasicAuth(secret, "").auth_flow(request)).headers["Authorization"]


async def call(http: httpx.AsyncClient, request: httpx.Request) -> JsonObject:
    """Return the document of a successful answer.

    Raises NotConfirmedError for what cannot be reached, is refused, or is no JSON object.
    """
    status, body = await _exchange(http, request)
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
        raise NotConfirmedError(f"the aggregator answered HTTP {status}")
    try:
        return parse_object(body)
    except SnapRefusedError as error:
        raise NotConfirmedError("the aggregator's answer is no JSON object") from error


async def _exchange(http: httpx.AsyncClient, request: httpx.Request) -> tuple[int, bytes]:
    try:
        response = await http.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise NotConfirmedError("the aggregator's answer is too large")
        finally:
            await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotConfirmedError(
            f"the aggregator cannot be reached ({type(error).__name__}); send it again"
        ) from error
    return response.status_code, bytes(body)
