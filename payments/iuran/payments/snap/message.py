"""A bank's HTTP request as it was received: nothing re-encoded, everything bounded."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from starlette.requests import Request

from iuran.core.identifiers import mask
from iuran.payments.channels import Channel
from iuran.payments.snap.codes import Case, Service, SnapRefusedError

BODY_BYTES_MAX = 64 * 1024
BODY_TIMEOUT_SECONDS = 10
TARGET_LENGTH_MAX = 1_024
HEADER_LENGTH_MAX = 4_096
_LONG_NUMBER = re.compile(r"[0-9]{9,}", re.ASCII)

KEPT_HEADERS = (
    "content-type",
    "x-timestamp",
    "x-signature",
    "x-client-key",
    "x-partner-id",
    "x-external-id",
    "channel-id",
    "authorization",
)
"""What is stored with a message, and no more: what it takes to verify its signature once again.

The access token is part of the signed text, so it is kept too, but encrypted (`Vault.sealed`).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapMessage:
    """Method, target with its query, headers by lower-case name, and the raw body."""

    method: str = ""
    target: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header without the blanks around it; empty if it was not sent."""
        return self.headers.get(name.lower(), "").strip()

    def kept_headers(self, names: Sequence[str] = KEPT_HEADERS) -> dict[str, str]:
        """Return the headers that are stored with the message."""
        found = {name: self.headers[name] for name in names if name in self.headers}
        return {name: value for name, value in found.items() if value.isprintable()}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request on its way to its answer, with what has been learned of it for the log."""

    service: Service
    mount: str = ""
    remote_address: str = ""
    notified_channel: str = ""
    """The channel whose own path was called: senders of that dialect do not name themselves."""
    message: SnapMessage = field(default_factory=SnapMessage)
    channel: Channel | None = None
    legal_at: datetime | None = None
    """The legal time at which it is judged."""
    is_proven: bool = False
    """Whether the signature was right: then the sender is who he says."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of the message that are stored, secrets sealed."""
    external_id: str = ""
    reference: str = ""
    customer_number: str = ""

    @property
    def channel_code(self) -> str:
        """The channel that the message names, whether or not its signature is right; or `-`."""
        return "-" if self.channel is None else self.channel.code

    def log_fields(self) -> dict[str, object]:
        """Return what a log line says of this request; banks make ids of account numbers."""
        return {
            "service": int(self.service),
            "channel": self.channel_code,
            "external_id": _without(self.customer_number, self.external_id),
            "reference": _without(self.customer_number, self.reference),
            "account": mask(self.customer_number),
        }


def _without(customer_number: str, text: str) -> str:
    """Mask every long number in a text that holds the customer number, or any if it is unknown."""
    number = customer_number.lstrip("0")
    return _LONG_NUMBER.sub(lambda found: mask(found[0]) if number in found[0] else found[0], text)


def head_of(request: Request) -> SnapMessage:
    """Return a message whose body has not been read."""
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    target = raw_path + (b"?" + query if query else b"")
    return SnapMessage(
        method=request.method,
        target=target.decode("latin-1"),
        headers={name.lower(): value for name, value in reversed(request.headers.items())},
        body=b"",
    )


async def read_message(request: Request, head: SnapMessage) -> SnapMessage:
    """Return the whole message; raises SnapRefusedError (400xx00) if a part is too large."""
    if len(head.target) > TARGET_LENGTH_MAX:
        raise SnapRefusedError(Case.BAD_REQUEST, "The path is too long")
    if any(len(value) > HEADER_LENGTH_MAX for value in head.headers.values()):
        raise SnapRefusedError(Case.BAD_REQUEST, "A header is too long")
    return replace(head, body=await _read_body(request))


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_BYTES_MAX:
                    raise SnapRefusedError(
                        Case.BAD_REQUEST, f"The body is larger than {BODY_BYTES_MAX} bytes"
                    )
    except TimeoutError as error:
        raise SnapRefusedError(Case.BAD_REQUEST, "The body did not arrive in time") from error
    return bytes(body)
