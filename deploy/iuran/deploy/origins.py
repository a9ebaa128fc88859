"""Pages of other origins that may read what GraphQL answers them (CORS).

A token travels in a header and never in a cookie, so that a page can only ask with a token that it
holds itself: the origins decide whose scripts may read the answer, and nothing about who asks.
"""

from collections.abc import Sequence
from http import HTTPMethod

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from iuran.deploy.whole_answers import LINE

PATHS = frozenset({"/graphql", "/graphql/stream"})
ASKED_BY = (HTTPMethod.GET.value, HTTPMethod.POST.value)
SENT = ("accept", "accept-language", "authorization", "content-type", "last-event-id")
SHOWN = ("retry-after", "x-request-id")
REMEMBERED_SECONDS = 3_600


def open_to(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let pages of these origins read GraphQL's answers; without any, `app` is what it was."""
    if not origins:
        return app
    opened = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=ASKED_BY,
        allow_headers=SENT,
        expose_headers=SHOWN,
        max_age=REMEMBERED_SECONDS,
    )

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in PATHS:
            scope.pop(LINE, None)  # an answer at once would go past what adds our headers
            await opened(scope, receive, send)
        else:
            await app(scope, receive, send)

    return answer
