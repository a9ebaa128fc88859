"""Messages of graphql-transport-ws that clients send, read within limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from iuran.graphql.errors import RequestRefusedError
from iuran.graphql.limits import Limits
from iuran.graphql.live.edge import BAD_MESSAGE, EndedError
from iuran.graphql.requests import OperationRequest, parameters_of, parsed_json

ID_LENGTH_MAX = 128
_TYPES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMessage:
    """A message: its type, the subscription that it is about, and what it carries."""

    type: str
    id: str = ""
    payload: Mapping[str, object] | None = None

    @property
    def authorization(self) -> str | None:
        """What `connection_init` says as an `Authorization` header would."""
        for name, value in (self.payload or {}).items():
            if name.lower() == "authorization" and isinstance(value, str):
                return value
        return None

    def operation(self) -> OperationRequest:
        """Read what `subscribe` asks for; raises RequestRefusedError, which says what is wrong."""
        return parameters_of(dict(self.payload or {}), is_get=False)


def message_of(text: str | None, limits: Limits) -> ClientMessage:
    """Read a message; raises EndedError for what is none: the protocol then closes the line."""
    if text is None:
        raise EndedError(BAD_MESSAGE, "send text messages, not binary ones")
    try:
        given = parsed_json(text.encode(errors="replace"), limits)
    except RequestRefusedError as error:
        raise EndedError(BAD_MESSAGE, "a message is no JSON that can be read") from error
    if not isinstance(given, dict):
        raise EndedError(BAD_MESSAGE, "a message is a JSON object with a `type`")
    return _message(cast("dict[str, object]", given))  # json.loads makes no others


def _message(given: Mapping[str, object]) -> ClientMessage:
    kind, id_, payload = given.get("type"), given.get("id"), given.get("payload")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise EndedError(BAD_MESSAGE, f"`type` is one of {', '.join(sorted(_TYPES))}")
    if not isinstance(payload, dict | None):
        raise EndedError(BAD_MESSAGE, "`payload` is a JSON object, or not there")
    if kind in {"subscribe", "complete"} and not _is_id(id_):
        raise EndedError(BAD_MESSAGE, f"`id` is a string of 1 to {ID_LENGTH_MAX} characters")
    if kind == "subscribe" and payload is None:
        raise EndedError(BAD_MESSAGE, "`subscribe` has a payload with the `query`")
    return ClientMessage(
        type=kind,
        id=id_ if isinstance(id_, str) else "",
        payload=cast("dict[str, object] | None", payload),  # the same
    )


def _is_id(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= ID_LENGTH_MAX
