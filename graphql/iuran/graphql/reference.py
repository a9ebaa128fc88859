"""A page that explains every type, field and argument: written from the schema that is served."""

import gzip
import re
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    is_specified_scalar_type,
    specified_scalar_types,
)
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from iuran.graphql.graphiql import HEADERS
from iuran.graphql.sdl import sdl

_FIRST = ("Query", "Mutation", "Subscription")
_NAME = re.compile(r"\w+")
_QUOTED = re.compile(r"`([^`]+)`")
_KINDS: Mapping[type[GraphQLNamedType], str] = {
    GraphQLObjectType: "type",
    GraphQLInterfaceType: "interface",
    GraphQLEnumType: "enum",
    GraphQLUnionType: "union",
    GraphQLInputObjectType: "input",
    GraphQLScalarType: "scalar",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>iuran: schema reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="../graphiql/static/reference.css">
<script src="../graphiql/static/reference.js" defer></script>
</head>
<body>
<header><h1><a href="../">iuran</a> schema reference</h1>
<label for="search">Search</label>
<input id="search" type="search" placeholder="bill, kartu, arrears ..." autocomplete="off">
<span id="found" role="status"></span></header>
<main>{sections}</main>
</body>
</html>
"""


def reference_routes() -> list[BaseRoute]:
    """Return the page; like the committed schema it is public."""
    return [Route("/graphql/reference", _page, methods=["GET"])]


@cache
def reference() -> str:
    """Return the page as HTML: roots first, then every type by name."""
    types = [
        kind
        for name, kind in build_schema(sdl()).type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(kind)
    ]
    types.sort(key=lambda kind: (_place(kind.name), kind.name))
    return _PAGE.format(sections="\n".join(_section(kind) for kind in types))


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


async def _page(request: Request) -> Response:
    headers = dict(HEADERS)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(reference(), headers=headers)
    headers["content-encoding"] = "gzip"
    return HTMLResponse(_compressed(), headers=headers)


@cache
def _compressed() -> bytes:
    return gzip.compress(reference().encode(), mtime=0)


def _section(kind: GraphQLNamedType) -> str:
    name = escape(kind.name)
    return (
        f'<section id="{name}"><h2><a href="#{name}">{name}</a> <small>{_kind(kind)}</small></h2>'
        f"{_told(kind.description)}<dl>{''.join(_members(kind))}</dl></section>"
    )


def _kind(kind: GraphQLNamedType) -> str:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and kind.interfaces:
        return "type, implements " + " ".join(_linked(one.name) for one in kind.interfaces)
    if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of:
        return "input, exactly one of"
    return _KINDS[type(kind)]


def _members(kind: GraphQLNamedType) -> Iterable[str]:
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            return [_field(name, field) for name, field in kind.fields.items()]
        case GraphQLInputObjectType():
            return [_input(name, field) for name, field in kind.fields.items()]
        case GraphQLEnumType():
            return [_term(name, "", one.description) for name, one in kind.values.items()]
        case GraphQLUnionType():
            return [_term("", _linked(one.name), one.description) for one in kind.types]
        case _:
            return []


def _field(name: str, field: GraphQLField) -> str:
    inner = "".join(
        _term(argument, _linked(_type_of(one)), one.description)
        for argument, one in field.args.items()
    )
    told = _term(name, _linked(_type_of(field)), field.description, field.deprecation_reason)
    return told + (f"<dd><dl>{inner}</dl></dd>" if inner else "")


def _input(name: str, field: GraphQLInputField) -> str:
    return _term(name, _linked(_type_of(field)), field.description, field.deprecation_reason)


def _type_of(one: GraphQLField | GraphQLInputField | GraphQLArgument) -> str:
    return str(one.type)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - graphql-core leaves type arguments open


def _term(name: str, kind: str, told: str | None, deprecated: str | None = None) -> str:
    mark = f"<p><strong>Deprecated.</strong> {_words(deprecated)}</p>" if deprecated else ""
    return f"<dt><code>{escape(name)}</code> {kind}</dt><dd>{_told(told)}{mark}</dd>"


def _told(text: str | None) -> str:
    return f"<p>{_words(text)}</p>" if text else ""


def _words(text: str) -> str:
    """Write a description; what stands between backticks in it is code."""
    return _QUOTED.sub(r"<code>\1</code>", escape(text))


def _linked(kind: str) -> str:
    """Write a type such as `[Bill!]!` with a link to what it names, if that stands here."""
    return "<code>" + _NAME.sub(lambda name: _link(name[0]), kind) + "</code>"


def _link(name: str) -> str:
    return name if name in specified_scalar_types else f'<a href="#{name}">{name}</a>'
