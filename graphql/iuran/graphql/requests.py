"""What a client sent: read from HTTP within limits, into the parameters of an operation."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn, cast

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope

from iuran.graphql.errors import (
    BodyTooLargeError,
    MediaTypeRefusedError,
    MethodRefusedError,
    RequestRefusedError,
)
from iuran.graphql.languages import Language, language_of
from iuran.graphql.limits import Limits

_BLANKS = " \t\n\r"
_DOCUMENT_ID = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class OperationRequest(NamedTuple):
    """The parameters of GraphQL over HTTP: a text, or the id of a persisted document, or both."""

    query: str | None
    operation_name: str | None
    variables: Mapping[str, object]
    is_get: bool
    document_id: str | None = None
    language: Language = Language.ENGLISH


class Incoming:
    """A request as ASGI brings it; of headers that are sent twice, the first counts."""

    __slots__ = ("_headers", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))

    def header(self, name: bytes) -> str | None:
        """Return a header by its name in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")


async def read_request(incoming: Incoming, limits: Limits) -> OperationRequest:
    """Read a GET or POST; raises RequestRefusedError with what to do for anything else.

    The caller bounds the time that the body may take.
    """
    language = language_of(incoming.header(b"accept-language"))
    if incoming.scope["method"] == "POST":
        _check_content(incoming)
        given = parsed_json(await _body(incoming, limits), limits)
        return parameters_of(given, is_get=False, language=language)
    if incoming.scope["method"] == "GET":
        return parameters_of(_query_string(incoming, limits), is_get=True, language=language)
    raise MethodRefusedError("send operations by POST, or queries by GET", allow="GET, POST")


def _query_string(incoming: Incoming, limits: Limits) -> dict[str, object]:
    request = Request(incoming.scope)
    if len(incoming.scope["query_string"]) > limits.body_bytes:
        raise BodyTooLargeError(f"the query string is longer than {limits.body_bytes} bytes")
    given: dict[str, object] = dict(request.query_params)
    if len(request.query_params.multi_items()) > len(given):
        raise RequestRefusedError("a parameter stands twice in the query string")
    for name in ("variables", "extensions"):
        text = given.get(name)
        if isinstance(text, str):
            given[name] = parsed_json(text.encode(errors="replace"), limits) if text else None
    return given


def _check_content(incoming: Incoming) -> None:
    _check_media_type(incoming.header(b"content-type") or "")
    if (incoming.header(b"content-encoding") or "identity").lower() != "identity":
        raise MediaTypeRefusedError("send the body without content-encoding")


def _check_media_type(content_type: str) -> None:
    if content_type == "application/json":
        return
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if media_type != "application/json":
        raise MediaTypeRefusedError("send the body as `content-type: application/json`")
    for name, _, value in (one.partition("=") for one in parameters):
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            raise MediaTypeRefusedError("send the body in UTF-8")


async def _body(incoming: Incoming, limits: Limits) -> bytes:
    body = bytearray()
    is_more = True
    while is_more:
        message = await incoming.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
        if len(body) > limits.body_bytes:
            raise BodyTooLargeError(f"the body is longer than {limits.body_bytes} bytes")
    return bytes(body)


def parsed_json(text: bytes, limits: Limits) -> object:
    """Read JSON of a bounded nesting; raises RequestRefusedError, which says what is wrong."""
    try:
        parsed: object = _decoded(text.decode())
    except (ValueError, RecursionError) as error:
        raise RequestRefusedError(
            "the body (or `variables`, `extensions`) is no JSON that can be read: write UTF-8, no "
            "NaN, no name twice in an object, numbers and nesting of reasonable size"
        ) from error
    # Nothing is nested deeper than there are brackets; U+0000 and halves of surrogates are escaped.
    if text.count(b"{") + text.count(b"[") >= limits.json_depth or b"\\u" in text:
        _check_nesting(parsed, limits.json_depth)
    return parsed


def _decoded(text: str) -> object:
    """Do what `JSONDecoder.decode` does, which looks for blanks with a regular expression."""
    text = text.strip(_BLANKS)
    parsed, end = _JSON.raw_decode(text)
    if end != len(text):
        raise ValueError("something stands behind the JSON")
    return parsed


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return members


_JSON = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse_constant)


def _check_nesting(parsed: object, depth_max: int) -> None:
    """Walk level by level, so that depth is bounded by the limit and not by the stack."""
    level: list[object] = [parsed]
    for _ in range(depth_max):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise RequestRefusedError(f"the JSON is nested more than {depth_max} deep")


def _inside(value: object) -> list[object]:
    if isinstance(value, str):
        _check_text(value)
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)  # json.loads makes no others
        return [*members, *members.values()]
    return cast("list[object]", value) if isinstance(value, list) else []


def _check_text(text: str) -> None:
    if "\0" in text:
        raise RequestRefusedError("a string has the character U+0000, which no text can have")
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise RequestRefusedError("a string has half of a surrogate pair; write UTF-8")


def parameters_of(
    given: object, *, is_get: bool, language: Language = Language.ENGLISH
) -> OperationRequest:
    """Read the parameters of an operation from JSON; raises RequestRefusedError."""
    if isinstance(given, list):
        raise RequestRefusedError("batches are not supported; send one operation a request")
    if not isinstance(given, dict):
        raise RequestRefusedError('send a JSON object such as {"query": "{ viewer { role } }"}')
    members = cast("dict[str, object]", given)  # json.loads makes no others
    query, name = members.get("query"), members.get("operationName")
    variables, extensions = members.get("variables"), members.get("extensions")
    if query is not None and not isinstance(query, str):
        raise RequestRefusedError("`query` must be a string that holds the document")
    if name is not None and not isinstance(name, str):
        raise RequestRefusedError("`operationName` must be a string or null")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefusedError("`variables` must be an object or null")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestRefusedError("`extensions` must be an object or null")
    document_id = _document_id(members, cast("dict[str, object]", extensions or {}))  # the same
    if query is None and document_id is None:
        raise RequestRefusedError("send the document as `query`, or its id as `documentId`")
    return OperationRequest(
        query=query,
        document_id=document_id,
        operation_name=name or None,
        variables=cast("dict[str, object]", variables or {}),  # the same
        is_get=is_get,
        language=language,
    )


def _document_id(members: Mapping[str, object], extensions: Mapping[str, object]) -> str | None:
    """Read `documentId`, or the hash where Apollo's clients write it."""
    given = members.get("documentId")
    persisted = extensions.get("persistedQuery")
    if given is None and isinstance(persisted, dict):
        hashed = cast("dict[str, object]", persisted).get("sha256Hash")  # the same
        given = f"sha256:{hashed}" if isinstance(hashed, str) else hashed
    if given is None:
        return None
    if not isinstance(given, str) or _DOCUMENT_ID.fullmatch(given) is None:
        raise RequestRefusedError("`documentId` must be `sha256:` and 64 lower-case hex digits")
    return given
