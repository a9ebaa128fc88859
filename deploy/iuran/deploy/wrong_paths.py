"""Paths that lead nowhere: what is answered, and what was perhaps meant."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route

_READING = frozenset({"GET", "HEAD"})


class WrongPaths:
    """Answers 404; a page with a slash too many is one click away, a message is not sent on.

    Many clients repeat a redirected POST as a GET, or without its headers: so a sender is told.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = tuple(route for route in routes if isinstance(route, Route))

    async def __call__(self, request: Request, _error: Exception) -> Response:
        """Return the answer to a request that fits no route."""
        path = request.url.path
        meant = path.rstrip("/")
        if path == meant or not self._is_known(request, meant):
            return _not_found(f"there is nothing at {path}; / says what there is")
        if request.method in _READING:
            return RedirectResponse(request.url.replace(path=meant))
        return _not_found(f"there is nothing at {path}; leave out the slash at its end: {meant}")

    def _is_known(self, request: Request, path: str) -> bool:
        scope = dict(request.scope) | {"path": path, "root_path": ""}
        return any(route.matches(scope)[0] is not Match.NONE for route in self._routes)


def _not_found(message: str) -> Response:
    body = {"code": "NOT_FOUND", "message": message}
    return JSONResponse(body, status_code=HTTPStatus.NOT_FOUND)
