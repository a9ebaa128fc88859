"""GraphiQL from our own package: no CDN, no inline script, nothing loaded from elsewhere."""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

_MEDIA_TYPES = {
    "index.html": "text/html",
    "start.js": "text/javascript",
    "first-query.js": "text/javascript",
    "screens.json": "application/json",
    "start.css": "text/css",
    "graphiql.min.js": "text/javascript",
    "graphiql.min.css": "text/css",
    "react.production.min.js": "text/javascript",
    "react-dom.production.min.js": "text/javascript",
    "reference.js": "text/javascript",
    "reference.css": "text/css",
    "LICENSES.txt": "text/plain",
}

HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "public, max-age=3600",
    "vary": "accept-encoding",
}


def graphiql_routes() -> list[BaseRoute]:
    """Return the page and its files. They are public; what is asked through them needs a token."""
    return [
        Route("/graphiql", _page, methods=["GET"]),
        Route("/graphiql/static/{name}", _file, methods=["GET"]),
    ]


async def _page(request: Request) -> Response:
    return _answer(request, "index.html")


async def _file(request: Request) -> Response:
    return _answer(request, request.path_params["name"])


def _answer(request: Request, name: str) -> Response:
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None:
        return Response("no such file", status_code=404, media_type="text/plain")
    headers = dict(HEADERS)
    content = _content(name)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        content = _compressed(name)
    return Response(content, media_type=media_type, headers=headers)


@cache
def _content(name: str) -> bytes:
    return files("iuran.graphql").joinpath("static", name).read_bytes()


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(_content(name), mtime=0)
